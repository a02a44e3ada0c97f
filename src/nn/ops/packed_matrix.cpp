#include "ops/packed_matrix.hpp"

#include <algorithm>
#include <utility>

#include "mer/signal/network_kernels.hpp"

namespace mer {
namespace {

std::vector<std::int64_t> multiples(std::int64_t of, std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) numbers[static_cast<std::size_t>(i)] = i * of;
  return numbers;
}

}  // namespace

PackedMatrix::PackedMatrix(const torch::Tensor& matrix, std::vector<std::int64_t> offsets)
    : inner_(matrix.size(-2)), columns_(matrix.size(-1)), offsets_(std::move(offsets)) {
  if (offsets_.empty()) offsets_ = multiples(1, inner_);
  const torch::Tensor matrices = matrix.detach().reshape({-1, inner_, columns_});
  std::vector<torch::Tensor> panels;
  for (std::int64_t first = 0; first < columns_;) {
    const std::int64_t width = kernels::panel_columns(columns_ - first);
    const std::int64_t there = std::min(width, columns_ - first);
    panels.push_back(
        torch::constant_pad_nd(matrices.narrow(2, first, there), {0, width - there}).flatten(1));
    first += width;
  }
  panels_ = torch::cat(panels, 1).contiguous();
}

void PackedMatrix::multiply(std::int64_t num_rows, Rows<const float> rows, Rows<float> out,
                            Rows<const float> start, std::int64_t which) const {
  const float* matrix = panels_.data_ptr<float>() + which * panels_.size(1);
  kernels::multiply({num_rows, inner_, columns_, rows.data, rows.stride, offsets_.data(), matrix, 0,
                     start.data, start.stride, out.data, out.stride});
}

void PackedMatrix::add_transposed_product(std::int64_t num_rows, std::int64_t inner,
                                          std::int64_t columns, Rows<const float> left,
                                          Rows<const float> right, Rows<float> out) {
  const std::vector<std::int64_t> offsets = multiples(left.stride, num_rows);
  kernels::multiply({inner, num_rows, columns, left.data, 1, offsets.data(), right.data,
                     right.stride, out.data, out.stride, out.data, out.stride});
}

}  // namespace mer
