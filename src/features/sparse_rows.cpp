#include "mer/features/sparse_rows.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mer/signal/kernels.hpp"

namespace mer {

SparseRows::SparseRows(const Eigen::MatrixXd& dense, double threshold)
    : num_rows_(static_cast<int>(dense.rows())),
      num_bins_(static_cast<int>(dense.cols())),
      first_pieces_{0} {
  const auto counts = [&](int row, int bin) {
    return bin < num_bins_ && std::abs(dense(row, bin)) > threshold;
  };
  for (int row = 0; row < num_rows_; ++row) {
    int bin = 0;  // the first one that no piece has yet
    while (bin < num_bins_) {
      if (!counts(row, bin)) {
        ++bin;
        continue;
      }
      // The last piece of a row may begin before what it has to hold.
      const int start = std::max(0, std::min(bin, num_bins_ - kernels::kPiece));
      piece_bins_.push_back(start);
      for (int i = start; i < start + kernels::kPiece; ++i) {
        weights_.push_back(i >= bin && counts(row, i) ? static_cast<float>(dense(row, i)) : 0.0F);
      }
      bin = start + kernels::kPiece;
    }
    first_pieces_.push_back(static_cast<int>(piece_bins_.size()));
  }
}

void SparseRows::multiply(std::span<const float> in, std::span<float> out) const {
  if (static_cast<int>(in.size()) != num_bins_ || static_cast<int>(out.size()) != num_rows_) {
    throw std::invalid_argument("the filter bank has another number of bins or rows");
  }
  float padded[kernels::kPiece] = {};  // pieces are whole
  const float* values = in.data();
  if (num_bins_ < kernels::kPiece) {
    std::copy(in.begin(), in.end(), padded);
    values = padded;
  }
  kernels::sparse_rows(first_pieces_.data(), num_rows_, piece_bins_.data(), weights_.data(), values,
                       out.data());
}

}  // namespace mer
