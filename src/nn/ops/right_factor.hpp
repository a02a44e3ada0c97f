#pragma once

#include <torch/torch.h>

#include <vector>

namespace mer {

/// Matrices that rows are multiplied by, over and over: an LSTM's recurrent weights, once a step; a
/// convolution's filters, once a strip of the map. A library's product copies such a matrix into
/// blocks each time and is called through LibTorch, which costs more than the arithmetic where the
/// rows are few; here it lies in blocks from the start.
template <class Real>
class RightFactor {
 public:
  /// @param matrix  [inner, columns] or several of them, [count, inner, columns], any strides
  explicit RightFactor(const torch::Tensor& matrix);

  std::int64_t columns() const { return columns_; }
  /// Linear combinations of the matrices: factor i of the result is Σ_k weights[i][k] · matrix k.
  /// @param weights  [new count, count]
  RightFactor combined(const torch::Tensor& weights) const;

  /// Rows in memory, `stride` numbers apart.
  template <class Number>
  struct Rows {
    Number* data;
    std::int64_t stride;
  };
  /// out = rows · matrix, and start + rows · matrix; each row by itself, its sum over the inner
  /// index in order.
  ///   rows [num_rows, inner], start and out [num_rows, columns]
  void multiply(std::int64_t num_rows, Rows<const Real> rows, Rows<Real> out,
                std::int64_t which = 0) const;
  void multiply_add(std::int64_t num_rows, Rows<const Real> rows, Rows<const Real> start,
                    Rows<Real> out) const;

  /// The gradient of such matrices: out += leftᵀ · right, each number a sum over the rows in order.
  ///   left [num_rows, inner], right [num_rows, columns], out [inner, columns]
  /// @param columns  a multiple of eight
  static void add_transposed_product(std::int64_t num_rows, std::int64_t inner,
                                     std::int64_t columns, Rows<const Real> left,
                                     Rows<const Real> right, Rows<Real> out);

 private:
  void multiply_panels_of(std::int64_t which, std::int64_t num_rows, Rows<const Real> rows,
                          Rows<const Real> start, Rows<Real> out) const;

  std::int64_t inner_ = 0;
  std::int64_t columns_ = 0;
  std::int64_t vectors_ = 0;  ///< of columns that a panel has
  torch::Tensor panels_;  ///< [count, panels, inner, vectors · lanes], zeros beyond the columns
};

}  // namespace mer
