#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "mer/signal/aligned_vector.hpp"

namespace mer {

/// A filter bank whose rows are non-zero on few ranges of bins, kept as pieces of eight bins.
class SparseRows {
 public:
  /// @param dense      [num_rows, num_bins]
  /// @param threshold  weights of at most this size are dropped
  SparseRows(const Eigen::MatrixXd& dense, double threshold);

  int num_rows() const { return num_rows_; }
  int num_bins() const { return num_bins_; }

  /// out[row] = Σ_bin weight[row, bin] · in[bin]
  /// @param in   [num_bins]
  /// @param out  [num_rows]
  void multiply(std::span<const float> in, std::span<float> out) const;

 private:
  int num_rows_;
  int num_bins_;
  std::vector<int> first_pieces_;  // [num_rows + 1]: where each row's pieces begin, and their end
  std::vector<int> piece_bins_;    // each piece's first bin
  AlignedVector<float> weights_;   // eight a piece
};

}  // namespace mer
