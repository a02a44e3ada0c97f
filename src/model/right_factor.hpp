#pragma once

#include <torch/torch.h>

#include <vector>

namespace mer {

/// A matrix that few rows are multiplied by, over and over: an LSTM's recurrent weights, once a
/// step. A library's product copies it into blocks each time and is called through LibTorch, which
/// costs more than the arithmetic; here it lies in blocks from the start. Training, of which it
/// would save one part in a hundred, keeps LibTorch's product and its roundings.
template <class Real>
class RightFactor {
 public:
  /// @param matrix  [inner, columns], any strides
  explicit RightFactor(const torch::Tensor& matrix);

  /// Rows in memory, `stride` numbers apart.
  template <class Number>
  struct Rows {
    Number* data;
    std::int64_t stride;
  };
  /// out = start + rows · matrix; each row by itself, its sum over the inner index in order.
  ///   rows [num_rows, inner], start and out [num_rows, columns]
  void multiply_add(std::int64_t num_rows, Rows<const Real> rows, Rows<const Real> start,
                    Rows<Real> out) const;

 private:
  std::int64_t inner_;
  std::int64_t columns_;
  std::vector<Real> panels_;  ///< [ceil(columns / lanes), inner, lanes], zeros beyond the columns
};

}  // namespace mer
