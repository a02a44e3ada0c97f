#include "conv_pool.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "mer/core/vector_clones.hpp"
#include "own_kernels.hpp"

namespace mer {
namespace {

constexpr std::int64_t kVectorLanes = 8;
constexpr std::int64_t kVectors = 3;  ///< of channels at once
constexpr std::int64_t kChannels = kVectors * kVectorLanes;
constexpr std::int64_t kSteps = 3;  ///< steps at once: with four the sums leave the registers
constexpr std::int64_t kOneDnnChannels = 16;

typedef float Channels
    __attribute__((vector_size(kVectorLanes * sizeof(float)), aligned(sizeof(float))));

struct SquareSizes {
  std::int64_t bands, steps;
  std::int64_t in_channels, channels;
  std::int64_t side;

  /// Steps of a row in blocks; what is computed beyond the last step nobody looks at.
  std::int64_t block_steps() const { return (steps + kSteps - 1) / kSteps * kSteps; }
  /// A row of the maps with zeros around it, in numbers.
  std::int64_t padded_row() const { return (block_steps() + side - 1) * in_channels; }
  std::int64_t padded_size() const { return (bands + side - 1) * padded_row(); }
};

/// One row of the unpooled maps: out[t][c] = Σ x[t · in_channels + i] · weight[i][c], where a row
/// of the window, [side, in_channels], lies in memory as it is multiplied.
MER_EIGHTS_FMA_CLONES
void square_conv_row(const SquareSizes& sizes, const float* padded, const float* weight,
                     float* out) {
  const std::int64_t window_row = sizes.side * sizes.in_channels;
  for (std::int64_t c = 0; c < sizes.channels; c += kChannels) {
    for (std::int64_t first = 0; first < sizes.block_steps(); first += kSteps) {
      Channels sums[kSteps][kVectors] = {};
      const float* factors = weight + c;
      for (std::int64_t band = 0; band < sizes.side; ++band) {
        const float* x = padded + band * sizes.padded_row() + first * sizes.in_channels;
        for (std::int64_t i = 0; i < window_row; ++i, factors += sizes.channels) {
#pragma GCC unroll 3
          for (std::int64_t v = 0; v < kVectors; ++v) {
            const auto w = *reinterpret_cast<const Channels*>(factors + v * kVectorLanes);
#pragma GCC unroll 3
            for (std::int64_t t = 0; t < kSteps; ++t) {
              sums[t][v] += x[t * sizes.in_channels + i] * w;
            }
          }
        }
      }
#pragma GCC unroll 3
      for (std::int64_t t = 0; t < kSteps; ++t) {
        float* to = out + (first + t) * sizes.channels + c;
#pragma GCC unroll 3
        for (std::int64_t v = 0; v < kVectors; ++v) {
          *reinterpret_cast<Channels*>(to + v * kVectorLanes) = sums[t][v];
        }
      }
    }
  }
}

/// The maps of one element [bands, steps, in_channels] into the middle of the padded ones.
void copy_into_padding(const SquareSizes& sizes, const float* maps, float* padded) {
  const std::int64_t row = sizes.steps * sizes.in_channels;
  const std::int64_t margin = sizes.side / 2;
  for (std::int64_t band = 0; band < sizes.bands; ++band) {
    std::copy_n(maps + band * row, row,
                padded + (band + margin) * sizes.padded_row() + margin * sizes.in_channels);
  }
}

}  // namespace

torch::Tensor conv_pool_norm_relu(const torch::Tensor& maps_any, const torch::Tensor& weight_any,
                                  const torch::Tensor& valid_any, int pool_frequency, int pool_time,
                                  const GivenNorm& norm) {
  const torch::Tensor maps = maps_any.contiguous(at::MemoryFormat::ChannelsLast);
  // [side, side, in_channels, channels]
  const torch::Tensor weight = weight_any.detach().permute({2, 3, 1, 0}).contiguous();
  const torch::Tensor valid = valid_any.to(torch::kFloat).contiguous();
  const SquareSizes sizes = {maps.size(2), maps.size(3), maps.size(1), weight.size(3),
                             weight.size(0)};
  torch::Tensor pooled = torch::empty(
      {maps.size(0), sizes.channels, (sizes.bands + pool_frequency - 1) / pool_frequency,
       (sizes.steps + pool_time - 1) / pool_time},
      maps.options().memory_format(at::MemoryFormat::ChannelsLast));
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> padded(static_cast<std::size_t>(sizes.padded_size()), 0.0F);
    // What a block computes beyond the end of a row is overwritten by the next row.
    const std::int64_t row = sizes.steps * sizes.channels;
    std::vector<float> rows(
        static_cast<std::size_t>(pool_frequency * row + kSteps * sizes.channels));
    for (std::int64_t b = begin; b < end; ++b) {
      copy_into_padding(sizes, maps[b].data_ptr<float>(), padded.data());
      auto* out = pooled[b].data_ptr<float>();
      for (std::int64_t first = 0; first < sizes.bands; first += pool_frequency) {
        const std::int64_t window = std::min<std::int64_t>(pool_frequency, sizes.bands - first);
        for (std::int64_t i = 0; i < window; ++i) {
          square_conv_row(sizes, padded.data() + (first + i) * sizes.padded_row(),
                          weight.data_ptr<float>(), rows.data() + i * row);
        }
        pool_norm_row({valid.data_ptr<float>() + b * sizes.steps, sizes.steps, sizes.channels,
                       window, pool_time},
                      rows.data(), norm.scale.data_ptr<float>(), norm.shift.data_ptr<float>(), out);
        out += pooled.size(3) * sizes.channels;
      }
    }
  });
  return pooled;
}

bool has_conv_pool(const torch::Tensor& maps, const torch::Tensor& weight) {
  return has_own_kernels(maps) && maps.scalar_type() == torch::kFloat &&
         weight.scalar_type() == torch::kFloat && weight.size(1) == maps.size(1) &&
         weight.size(0) % kChannels == 0 && weight.size(0) % kOneDnnChannels != 0;
}

}  // namespace mer
