#include "ops/tagger_conv_pool.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "mer/core/vector_clones.hpp"
#include "ops/own_kernels.hpp"
#include "ops/right_factor.hpp"
#include "ops/winograd.hpp"

namespace mer {
namespace {

constexpr std::int64_t kSide = 3;
constexpr std::int64_t kTaps = kSide * kSide;

/// Some steps of one element's maps before the pooling, [steps, bands, channels].
struct Maps {
  const float* values;
  std::int64_t bands, channels;
};

/// A layer's bias and norm, [channels] each.
struct Norm {
  const float* bias;
  const float* scale;
  const float* shift;
};

/// One pooled step, [pooled bands, channels], of the window that begins at the maps' first step.
MER_FMA_CLONES
void relu_norm_pool_step(const Maps& maps, const TaggerPool& pool, const Norm& norm,
                         float* __restrict out) {
  const std::int64_t channels = maps.channels;
  for (std::int64_t p = 0; p < pool.pooled_bands(maps.bands); ++p, out += channels) {
    for (std::int64_t step = 0; step < pool.steps; ++step) {
      for (std::int64_t band = 0; band < pool.bands; ++band) {
        const std::int64_t place = step * maps.bands + p * pool.band_stride + band;
        const float* x = maps.values + place * channels;
        const bool is_first = step == 0 && band == 0;
        for (std::int64_t c = 0; c < channels; ++c) {
          const float sum = x[c] + norm.bias[c];
          const float y = norm.scale[c] * (sum < 0.0F ? 0.0F : sum) + norm.shift[c];
          const bool larger = is_first || y > out[c] || y != y;  // NaN wins over numbers
          out[c] = larger ? y : out[c];
        }
      }
    }
  }
}

/// The first layer, of one map: a product of [bands, 9 neighbors] by [9, channels] a step. Where
/// the pooling's windows are one band wide only those bands are computed that it looks at.
class OneMapConv {
 public:
  OneMapConv(const torch::Tensor& weight, std::int64_t bands, const TaggerPool& pool)
      : taps_(weight.flatten(1).t()),
        bands_(bands),
        stride_(pool.bands == 1 ? pool.band_stride : 1),
        neighbors_(static_cast<std::size_t>(num_bands() * kTaps)) {}

  std::int64_t num_bands() const { return (bands_ + stride_ - 1) / stride_; }

  /// @param map  [steps, bands]
  /// @param out  [num_bands, channels]
  void step(const float* map, std::int64_t steps, std::int64_t step, float* out) {
    for (std::int64_t i = 0; i < num_bands(); ++i) {
      for (std::int64_t tap = 0; tap < kTaps; ++tap) {
        const std::int64_t s = step + tap / kSide - kSide / 2;
        const std::int64_t b = i * stride_ + tap % kSide - kSide / 2;
        const bool inside = s >= 0 && s < steps && b >= 0 && b < bands_;
        neighbors_[static_cast<std::size_t>(i * kTaps + tap)] = inside ? map[s * bands_ + b] : 0.0F;
      }
    }
    taps_.multiply(num_bands(), {neighbors_.data(), kTaps}, {out, taps_.columns()});
  }

 private:
  RightFactor<float> taps_;
  std::int64_t bands_;
  std::int64_t stride_;
  std::vector<float> neighbors_;
};

struct Element {
  const float* maps;  ///< [steps, bands, in_channels]
  std::int64_t steps, bands;
  float* out;  ///< [pooled steps, pooled bands, channels]
};

void first_layer(const Element& element, OneMapConv& conv, const TaggerPool& pool,
                 std::int64_t channels, const Norm& norm) {
  const TaggerPool pool_there = {pool.steps, pool.bands, pool.step_stride,
                                 pool.bands == 1 ? 1 : pool.band_stride};
  const std::int64_t row = conv.num_bands() * channels;
  const std::int64_t pooled_row = pool.pooled_bands(element.bands) * channels;
  std::vector<float> window(static_cast<std::size_t>(pool.steps * row));
  for (std::int64_t p = 0; p < pool.pooled_steps(element.steps); ++p) {
    for (std::int64_t i = 0; i < pool.steps; ++i) {
      conv.step(element.maps, element.steps, p * pool.step_stride + i, window.data() + i * row);
    }
    relu_norm_pool_step({window.data(), conv.num_bands(), channels}, pool_there, norm,
                        element.out + p * pooled_row);
  }
}

void later_layer(const Element& element, const WinogradConv& conv, const TaggerPool& pool,
                 const Norm& norm, std::vector<float>& maps, WinogradConv::Scratch& scratch) {
  const std::int64_t row = element.bands * conv.channels();
  const std::int64_t pooled_row = pool.pooled_bands(element.bands) * conv.channels();
  maps.resize(static_cast<std::size_t>(element.steps * row));
  conv.convolve(element.maps, element.steps, element.bands, maps.data(), scratch);
  for (std::int64_t p = 0; p < pool.pooled_steps(element.steps); ++p) {
    relu_norm_pool_step({maps.data() + p * pool.step_stride * row, element.bands, conv.channels()},
                        pool, norm, element.out + p * pooled_row);
  }
}

}  // namespace

bool has_conv_relu_norm_max_pool(const torch::Tensor& maps, const torch::Tensor& weight) {
  const bool one_map = has_own_kernels(maps) && maps.scalar_type() == torch::kFloat &&
                       weight.size(1) == 1 && weight.size(2) == kSide && weight.size(3) == kSide;
  return one_map || WinogradConv::fits(maps, weight);
}

torch::Tensor conv_relu_norm_max_pool(const torch::Tensor& maps_any, const TaggerConvValues& values,
                                      const TaggerPool& pool) {
  const torch::Tensor maps = maps_any.contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor bias = values.bias.contiguous();
  const torch::Tensor scale = values.scale.contiguous();
  const torch::Tensor shift = values.shift.contiguous();
  const Norm norm = {bias.data_ptr<float>(), scale.data_ptr<float>(), shift.data_ptr<float>()};
  const std::int64_t channels = values.weight.size(0);
  const std::int64_t steps = maps.size(2);
  const std::int64_t bands = maps.size(3);
  torch::Tensor out =
      torch::empty({maps.size(0), channels, pool.pooled_steps(steps), pool.pooled_bands(bands)},
                   maps.options().memory_format(at::MemoryFormat::ChannelsLast));
  const auto* from = maps.data_ptr<float>();
  auto* to = out.data_ptr<float>();
  const auto element = [&](std::int64_t b) {
    return Element{from + b * maps.stride(0), steps, bands, to + b * out.stride(0)};
  };
  if (maps.size(1) == 1) {
    at::parallel_for(0, maps.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      OneMapConv conv(values.weight, bands, pool);
      for (std::int64_t b = begin; b < end; ++b) {
        first_layer(element(b), conv, pool, channels, norm);
      }
    });
    return out;
  }
  const WinogradConv conv(values.weight);
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> unpooled;
    WinogradConv::Scratch scratch;
    for (std::int64_t b = begin; b < end; ++b) {
      later_layer(element(b), conv, pool, norm, unpooled, scratch);
    }
  });
  return out;
}

}  // namespace mer
