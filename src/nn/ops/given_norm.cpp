#include "ops/given_norm.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

constexpr std::int64_t kChannelsAtOnce = 8;

template <class Real>
struct EightChannels {
  typedef Real Vector __attribute__((vector_size(kChannelsAtOnce * sizeof(Real))));
};

/// A number or a vector from anywhere: as a template's argument a vector's type can't say that it
/// is less aligned.
template <class Some, class Real>
MER_INLINE Some load(const Real* from) {
  Some some;
  std::memcpy(&some, from, sizeof some);
  return some;
}

// `Some` is a number, or a vector of neighboring channels, from `c` on. NaN wins over numbers and
// passes through, so that a diverged network is noticed.

template <class Some>
MER_INLINE Some larger(const Some& maximum, const Some& x) {
  return (x > maximum) | (x != x) ? x : maximum;
}

template <class Some, class Real>
MER_INLINE void norm_relu(const Some& maximum, std::int64_t c, const Real* scale, const Real* shift,
                          Real* out) {
  const Some value = maximum * load<Some>(scale + c) + load<Some>(shift + c);
  const Some y = value < Some{} ? Some{} : value;
  std::memcpy(out + c, &y, sizeof y);
}

/// A window of the steps [begin, end), of which the first is valid.
template <class Some, class Real>
MER_INLINE void pool_norm_channels(const RowsToPool& sizes, std::int64_t begin, std::int64_t end,
                                   std::int64_t c, const Real* rows, const Real* scale,
                                   const Real* shift, Real* out) {
  Some maximum = load<Some>(rows + begin * sizes.channels + c);
  for (std::int64_t band = 0; band < sizes.bands; ++band) {
    for (std::int64_t t = begin; t < end; ++t) {
      if (sizes.valid[t] == 0.0F) continue;
      maximum = larger(maximum, load<Some>(rows + (band * sizes.steps + t) * sizes.channels + c));
    }
  }
  norm_relu(maximum, c, scale, shift, out);
}

/// The window of nearly always: two bands and two valid steps.
template <class Some, class Real>
MER_INLINE void pool_norm_square(const RowsToPool& sizes, std::int64_t begin, std::int64_t c,
                                 const Real* rows, const Real* scale, const Real* shift,
                                 Real* out) {
  const Real* upper = rows + begin * sizes.channels + c;
  const Real* lower = upper + sizes.steps * sizes.channels;
  const Some first = larger(load<Some>(upper), load<Some>(upper + sizes.channels));
  const Some second = larger(load<Some>(lower), load<Some>(lower + sizes.channels));
  norm_relu(larger(first, second), c, scale, shift, out);
}

template <class Real>
MER_INLINE void pool_norm(const RowsToPool& sizes, const Real* rows, const Real* scale,
                          const Real* shift, Real* out) {
  using Vector = typename EightChannels<Real>::Vector;
  for (std::int64_t first = 0; first < sizes.steps; first += sizes.pool_time) {
    const std::int64_t last = std::min(first + sizes.pool_time, sizes.steps);
    // Padding at either side is cut off, so that a window begins with something valid.
    std::int64_t begin = first;
    while (begin < last && sizes.valid[begin] == 0.0F) ++begin;
    if (begin == last) {
      std::fill_n(out, sizes.channels, Real(0));
    } else {
      std::int64_t c = 0;
      if (sizes.bands == 2 && last - begin == 2 && sizes.valid[begin + 1] != 0.0F) {
        for (; c + kChannelsAtOnce <= sizes.channels; c += kChannelsAtOnce) {
          pool_norm_square<Vector>(sizes, begin, c, rows, scale, shift, out);
        }
      }
      for (; c + kChannelsAtOnce <= sizes.channels; c += kChannelsAtOnce) {
        pool_norm_channels<Vector>(sizes, begin, last, c, rows, scale, shift, out);
      }
      for (; c < sizes.channels; ++c) {
        pool_norm_channels<Real>(sizes, begin, last, c, rows, scale, shift, out);
      }
    }
    out += sizes.channels;
  }
}

template <class Real>
void pool_norm_maps(const torch::Tensor& maps, const torch::Tensor& valid, int pool_frequency,
                    int pool_time, const GivenNorm& norm, torch::Tensor& pooled) {
  const std::int64_t bands = maps.size(2);
  const std::int64_t steps = maps.size(3);
  const std::int64_t channels = maps.size(1);
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const Real* rows = maps.data_ptr<Real>() + b * bands * steps * channels;
      Real* out = pooled.data_ptr<Real>() + b * pooled.numel() / pooled.size(0);
      for (std::int64_t band = 0; band < bands; band += pool_frequency) {
        const std::int64_t window = std::min<std::int64_t>(pool_frequency, bands - band);
        pool_norm_row({valid.data_ptr<float>() + b * steps, steps, channels, window, pool_time},
                      rows + band * steps * channels, norm.scale.data_ptr<Real>(),
                      norm.shift.data_ptr<Real>(), out);
        out += pooled.size(3) * channels;
      }
    }
  });
}

}  // namespace

GivenNorm::GivenNorm(const torch::Tensor& weight, const torch::Tensor& bias,
                     const torch::Tensor& mean, const torch::Tensor& variance, double epsilon)
    : scale((weight * (variance + epsilon).rsqrt()).contiguous()),
      shift((bias - mean * scale).contiguous()) {}

MER_EIGHTS_FMA_CLONES
void pool_norm_row(const RowsToPool& sizes, const float* rows, const float* scale,
                   const float* shift, float* out) {
  pool_norm(sizes, rows, scale, shift, out);
}
void pool_norm_row(const RowsToPool& sizes, const double* rows, const double* scale,
                   const double* shift, double* out) {
  pool_norm(sizes, rows, scale, shift, out);
}

torch::Tensor max_pool_norm_relu(const torch::Tensor& maps_any, const torch::Tensor& valid_any,
                                 int pool_frequency, int pool_time, const GivenNorm& norm) {
  const torch::Tensor maps = maps_any.contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor valid = valid_any.to(torch::kFloat).contiguous();
  torch::Tensor pooled = torch::empty(
      {maps.size(0), maps.size(1), (maps.size(2) + pool_frequency - 1) / pool_frequency,
       (maps.size(3) + pool_time - 1) / pool_time},
      maps.options().memory_format(at::MemoryFormat::ChannelsLast));
  AT_DISPATCH_FLOATING_TYPES(maps.scalar_type(), "max_pool_norm_relu", [&] {
    pool_norm_maps<scalar_t>(maps, valid, pool_frequency, pool_time, norm, pooled);
  });
  return pooled;
}

}  // namespace mer
