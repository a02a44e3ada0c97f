#include "right_factor.hpp"

#include <algorithm>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

constexpr std::int64_t kLanes = 16;  ///< columns at once
constexpr std::int64_t kRows = 4;    ///< rows at once

template <class Real>
struct Lanes {
  typedef Real Vector __attribute__((vector_size(kLanes * sizeof(Real)), aligned(sizeof(Real))));
};

template <class Real>
struct Job {
  std::int64_t inner, columns, num_rows;
  const Real* panels;
  const Real* rows;
  std::int64_t row_stride;
  const Real* start;
  std::int64_t start_stride;
  Real* out;
  std::int64_t out_stride;
};

/// `Rows` rows from `row` on times the panel of the columns from `column` on.
template <std::int64_t Rows, class Real>
MER_INLINE void multiply_tile(const Job<Real>& job, std::int64_t row, std::int64_t column) {
  using Vector = typename Lanes<Real>::Vector;
  const Real* panel = job.panels + column * job.inner;
  const Real* x = job.rows + row * job.row_stride;
  Vector sums[Rows] = {};
  for (std::int64_t k = 0; k < job.inner; ++k) {
    const auto factor = *reinterpret_cast<const Vector*>(panel + k * kLanes);
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < Rows; ++r) sums[r] += x[r * job.row_stride + k] * factor;
  }
  const std::int64_t width = std::min(kLanes, job.columns - column);
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < Rows; ++r) {
    const Real* from = job.start + (row + r) * job.start_stride + column;
    Real* to = job.out + (row + r) * job.out_stride + column;
    if (width == kLanes) {
      *reinterpret_cast<Vector*>(to) = *reinterpret_cast<const Vector*>(from) + sums[r];
    } else {
      for (std::int64_t c = 0; c < width; ++c) to[c] = from[c] + sums[r][c];
    }
  }
}

template <class Real>
MER_INLINE void multiply_panels(const Job<Real>& job) {
  for (std::int64_t column = 0; column < job.columns; column += kLanes) {
    std::int64_t row = 0;
    for (; row + kRows <= job.num_rows; row += kRows) multiply_tile<kRows>(job, row, column);
    for (; row < job.num_rows; ++row) multiply_tile<1>(job, row, column);
  }
}

MER_FMA_CLONES
void multiply(const Job<float>& job) { multiply_panels(job); }
void multiply(const Job<double>& job) { multiply_panels(job); }

}  // namespace

template <class Real>
RightFactor<Real>::RightFactor(const torch::Tensor& matrix)
    : inner_(matrix.size(0)), columns_(matrix.size(1)) {
  const std::int64_t num_panels = (columns_ + kLanes - 1) / kLanes;
  panels_.assign(static_cast<std::size_t>(num_panels * inner_ * kLanes), Real(0));
  const auto values = matrix.template accessor<Real, 2>();
  for (std::int64_t k = 0; k < inner_; ++k) {
    for (std::int64_t c = 0; c < columns_; ++c) {
      const std::int64_t place = (c / kLanes * inner_ + k) * kLanes + c % kLanes;
      panels_[static_cast<std::size_t>(place)] = values[k][c];
    }
  }
}

template <class Real>
void RightFactor<Real>::multiply_add(std::int64_t num_rows, Rows<const Real> rows,
                                     Rows<const Real> start, Rows<Real> out) const {
  multiply(Job<Real>{inner_, columns_, num_rows, panels_.data(), rows.data, rows.stride, start.data,
                     start.stride, out.data, out.stride});
}

template class RightFactor<float>;
template class RightFactor<double>;

}  // namespace mer
