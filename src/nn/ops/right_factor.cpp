#include "ops/right_factor.hpp"

#include <algorithm>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kMaxVectors = 4;
constexpr std::int64_t kRows =
    3;  ///< at once: with four rows of four vectors the sums leave the registers

template <class Real>
struct Lanes {
  typedef Real Vector __attribute__((vector_size(kLanes * sizeof(Real)), aligned(sizeof(Real))));
};

/// out[r][c] = start[r][c] + Σ_k left[r · left_row + k · left_step] · right(k, c)
template <class Real>
struct Job {
  std::int64_t num_rows, inner, columns;
  std::int64_t vectors;  ///< of columns at once
  const Real* left;
  std::int64_t left_row, left_step;
  const Real* right;  ///< the numbers of one k and one panel of columns stand side by side
  std::int64_t right_step, right_panel;
  const Real* start;  ///< may be null
  std::int64_t start_row;
  Real* out;
  std::int64_t out_row;
};

/// Of `vectors` vectors of columns, how many a panel should have.
std::int64_t panel_vectors(std::int64_t vectors) {
  if (vectors <= kMaxVectors) return vectors;
  return vectors % 4 == 0 ? 4 : 3;
}

/// What is left of a row beyond its last whole vector.
template <class Real>
MER_INLINE void write_rest(const typename Lanes<Real>::Vector& sum, const Real* from,
                           std::int64_t count, Real* to) {
  Real values[kLanes];
  *reinterpret_cast<typename Lanes<Real>::Vector*>(values) = sum;
  for (std::int64_t c = 0; c < count; ++c) {
    to[c] = from != nullptr ? from[c] + values[c] : values[c];
  }
}

/// `Rows` rows from `row` on in the columns of one panel.
template <std::int64_t Rows, std::int64_t Vectors, class Real>
MER_INLINE void multiply_tile(const Job<Real>& job, std::int64_t row, std::int64_t panel) {
  using Vector = typename Lanes<Real>::Vector;
  const Real* left = job.left + row * job.left_row;
  const Real* right = job.right + panel * job.right_panel;
  Vector sums[Rows][Vectors];
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (std::int64_t v = 0; v < Vectors; ++v) sums[r][v] = Vector{};
  }
  for (std::int64_t k = 0; k < job.inner; ++k) {
#pragma GCC unroll 4
    for (std::int64_t v = 0; v < Vectors; ++v) {
      const auto factor = *reinterpret_cast<const Vector*>(right + k * job.right_step + v * kLanes);
#pragma GCC unroll 4
      for (std::int64_t r = 0; r < Rows; ++r) {
        sums[r][v] += left[r * job.left_row + k * job.left_step] * factor;
      }
    }
  }
#pragma GCC unroll 4
  for (std::int64_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (std::int64_t v = 0; v < Vectors; ++v) {
      const std::int64_t column = (panel * Vectors + v) * kLanes;
      Real* to = job.out + (row + r) * job.out_row + column;
      const Real* from =
          job.start == nullptr ? nullptr : job.start + (row + r) * job.start_row + column;
      const Vector sum = sums[r][v];
      if (column + kLanes > job.columns) {
        write_rest<Real>(sum, from, job.columns - column, to);
      } else if (from == nullptr) {
        *reinterpret_cast<Vector*>(to) = sum;
      } else {
        *reinterpret_cast<Vector*>(to) = *reinterpret_cast<const Vector*>(from) + sum;
      }
    }
  }
}

template <std::int64_t Vectors, class Real>
MER_INLINE void multiply_panels(const Job<Real>& job) {
  const std::int64_t num_panels = (job.columns + Vectors * kLanes - 1) / (Vectors * kLanes);
  for (std::int64_t panel = 0; panel < num_panels; ++panel) {
    std::int64_t row = 0;
    for (; row + kRows <= job.num_rows; row += kRows) {
      multiply_tile<kRows, Vectors>(job, row, panel);
    }
    if (job.num_rows - row == 2) {
      multiply_tile<2, Vectors>(job, row, panel);
    } else if (row < job.num_rows) {
      multiply_tile<1, Vectors>(job, row, panel);
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
  multiply_panels_of(which, num_rows, rows, {nullptr, 0}, out);
}

template <class Real>
void RightFactor<Real>::multiply_add(std::int64_t num_rows, Rows<const Real> rows,
                                     Rows<const Real> start, Rows<Real> out) const {
  multiply_panels_of(0, num_rows, rows, start, out);
}

template <class Real>
void RightFactor<Real>::multiply_panels_of(std::int64_t which, std::int64_t num_rows,
                                           Rows<const Real> rows, Rows<const Real> start,
                                           Rows<Real> out) const {
  const std::int64_t width = vectors_ * kLanes;
  run(Job<Real>{num_rows, inner_, columns_, vectors_, rows.data, rows.stride, 1,
                panels_.template data_ptr<Real>() + which * panels_.stride(0), width,
                inner_ * width, start.data, start.stride, out.data, out.stride});
}

template <class Real>
void RightFactor<Real>::add_transposed_product(std::int64_t num_rows, std::int64_t inner,
                                               std::int64_t columns, Rows<const Real> left,
                                               Rows<const Real> right, Rows<Real> out) {
  // A panel must not read beyond the columns: their number decides what it may be.
  std::int64_t vectors = kMaxVectors;
  while (columns / kLanes % vectors != 0) --vectors;
  run(Job<Real>{inner, num_rows, columns, vectors, left.data, 1, left.stride, right.data,
                right.stride, vectors * kLanes, out.data, out.stride, out.data, out.stride});
}

template class RightFactor<float>;
template class RightFactor<double>;

}  // namespace mer
