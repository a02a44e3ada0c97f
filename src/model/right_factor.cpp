#include "right_factor.hpp"

#include <algorithm>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kMaxVectors = 4;
constexpr std::int64_t kRows = 3;  ///< at once: with four rows of four vectors the sums leave the registers

template <class Real>
struct Lanes {
  typedef Real Vector __attribute__((vector_size(kLanes * sizeof(Real)), aligned(sizeof(Real))));
};

template <class Real>
struct Job {
  std::int64_t inner, columns, num_rows;
  std::int64_t vectors;
  const Real* panels;
  const Real* rows;
  std::int64_t row_stride;
  const Real* start;  ///< may be null
  std::int64_t start_stride;
  Real* out;
  std::int64_t out_stride;
};

/// Of `vectors` vectors of columns, how many a panel should have.
std::int64_t panel_vectors(std::int64_t vectors) {
  if (vectors <= kMaxVectors) return vectors;
  return vectors % 4 == 0 ? 4 : 3;
}

/// `Rows` rows from `row` on times the panel of the columns from `column` on.
template <std::int64_t Rows, std::int64_t Vectors, class Real>
MER_INLINE void multiply_tile(const Job<Real>& job, std::int64_t row, std::int64_t column) {
  using Vector = typename Lanes<Real>::Vector;
  const Real* panel = job.panels + column * job.inner;
  const Real* x = job.rows + row * job.row_stride;
  Vector sums[Rows][Vectors] = {};
  for (std::int64_t k = 0; k < job.inner; ++k) {
#pragma GCC unroll 4
    for (std::int64_t v = 0; v < Vectors; ++v) {
      const auto factor = *reinterpret_cast<const Vector*>(panel + (k * Vectors + v) * kLanes);
#pragma GCC unroll 4
      for (std::int64_t r = 0; r < Rows; ++r) sums[r][v] += x[r * job.row_stride + k] * factor;
    }
  }
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < Rows; ++r) {
    Real* to = job.out + (row + r) * job.out_stride + column;
    const Real* from =
        job.start == nullptr ? nullptr : job.start + (row + r) * job.start_stride + column;
#pragma GCC unroll 4
    for (std::int64_t v = 0; v < Vectors; ++v) {
      const std::int64_t first = v * kLanes;
      if (column + first + kLanes <= job.columns) {
        if (from != nullptr) sums[r][v] = *reinterpret_cast<const Vector*>(from + first) + sums[r][v];
        *reinterpret_cast<Vector*>(to + first) = sums[r][v];
        continue;
      }
      for (std::int64_t c = 0; column + first + c < job.columns; ++c) {
        to[first + c] = (from != nullptr ? from[first + c] : Real(0)) + sums[r][v][c];
      }
    }
  }
}

template <std::int64_t Vectors, class Real>
MER_INLINE void multiply_panels(const Job<Real>& job) {
  for (std::int64_t column = 0; column < job.columns; column += Vectors * kLanes) {
    std::int64_t row = 0;
    for (; row + kRows <= job.num_rows; row += kRows) {
      multiply_tile<kRows, Vectors>(job, row, column);
    }
    if (job.num_rows - row == 2) {
      multiply_tile<2, Vectors>(job, row, column);
    } else if (row < job.num_rows) {
      multiply_tile<1, Vectors>(job, row, column);
    }
  }
}

template <class Real>
MER_INLINE void multiply_all(const Job<Real>& job) {
  switch (job.vectors) {
    case 1:
      return multiply_panels<1>(job);
    case 2:
      return multiply_panels<2>(job);
    case 3:
      return multiply_panels<3>(job);
    default:
      return multiply_panels<kMaxVectors>(job);
  }
}

MER_EIGHTS_FMA_CLONES
void run(const Job<float>& job) { multiply_all(job); }
void run(const Job<double>& job) { multiply_all(job); }

}  // namespace

template <class Real>
RightFactor<Real>::RightFactor(const torch::Tensor& matrix) {
  const torch::Tensor matrices = matrix.dim() == 2 ? matrix.unsqueeze(0) : matrix;
  inner_ = matrices.size(1);
  columns_ = matrices.size(2);
  vectors_ = panel_vectors((columns_ + kLanes - 1) / kLanes);
  const std::int64_t width = vectors_ * kLanes;
  const std::int64_t num_panels = (columns_ + width - 1) / width;
  panels_ = torch::constant_pad_nd(matrices.detach(), {0, num_panels * width - columns_})
                .view({matrices.size(0), inner_, num_panels, width})
                .transpose(1, 2)
                .contiguous();
}

template <class Real>
RightFactor<Real> RightFactor<Real>::combined(const torch::Tensor& weights) const {
  RightFactor result(*this);
  std::vector<std::int64_t> sizes = panels_.sizes().vec();
  sizes[0] = weights.size(0);
  result.panels_ = weights.to(panels_.scalar_type()).mm(panels_.flatten(1)).view(sizes);
  return result;
}

template <class Real>
void RightFactor<Real>::multiply(std::int64_t num_rows, Rows<const Real> rows, Rows<Real> out,
                                 std::int64_t which) const {
  const Real* panels = panels_.template data_ptr<Real>() + which * panels_.stride(0);
  run(Job<Real>{inner_, columns_, num_rows, vectors_, panels, rows.data, rows.stride, nullptr, 0,
                out.data, out.stride});
}

template <class Real>
void RightFactor<Real>::multiply_add(std::int64_t num_rows, Rows<const Real> rows,
                                     Rows<const Real> start, Rows<Real> out) const {
  run(Job<Real>{inner_, columns_, num_rows, vectors_, panels_.template data_ptr<Real>(), rows.data,
                rows.stride, start.data, start.stride, out.data, out.stride});
}

template class RightFactor<float>;
template class RightFactor<double>;

}  // namespace mer
