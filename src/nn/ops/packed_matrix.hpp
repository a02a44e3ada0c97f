#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace mer {

/// Matrices that rows are multiplied by, over and over: an LSTM's recurrent weights, once a step; a
/// convolution's filters, once a strip of the map. A library's product copies such a matrix into
/// blocks each time and is called through LibTorch, which costs more than the arithmetic where the
/// rows are few; here it lies in blocks from the start.
class PackedMatrix {
 public:
  /// @param matrix   [inner, columns] or several of them, [count, inner, columns] float
  /// @param offsets  where the inner numbers of a row stand in memory; empty = side by side
  explicit PackedMatrix(const torch::Tensor& matrix, std::vector<std::int64_t> offsets = {});

  std::int64_t columns() const { return columns_; }

  /// Rows in memory, `stride` numbers apart; they may overlap, as the places of a filter do.
  template <class Number>
  struct Rows {
    Number* data;
    std::int64_t stride;
  };
  /// out = start + rows · matrix; each row by itself, its sum over the inner index in order.
  ///   rows [num_rows, inner], start and out [num_rows, columns]
  /// @param start  data may be null: zeros
  void multiply(std::int64_t num_rows, Rows<const float> rows, Rows<float> out,
                Rows<const float> start = {nullptr, 0}, std::int64_t which = 0) const;

  /// The gradient of such a matrix: out += leftᵀ · right, each number a sum over the rows in order.
  ///   left [num_rows, inner], right [num_rows, columns], out [inner, columns]
  /// @param columns  a multiple of eight
  static void add_transposed_product(std::int64_t num_rows, std::int64_t inner,
                                     std::int64_t columns, Rows<const float> left,
                                     Rows<const float> right, Rows<float> out);

 private:
  std::int64_t inner_, columns_;
  std::vector<std::int64_t> offsets_;
  torch::Tensor panels_;  ///< [count, numbers of a matrix]
};

}  // namespace mer
