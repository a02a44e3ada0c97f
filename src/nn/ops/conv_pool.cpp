#include "ops/conv_pool.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/winograd.hpp"

namespace mer {

torch::Tensor conv_pool_norm_relu(const torch::Tensor& maps_any, const torch::Tensor& weight,
                                  const torch::Tensor& valid_any, int pool_frequency, int pool_time,
                                  const GivenNorm& norm) {
  const torch::Tensor maps = maps_any.contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor valid = valid_any.to(torch::kFloat).contiguous();
  const WinogradConv conv(weight);
  const std::int64_t bands = maps.size(2);
  const std::int64_t steps = maps.size(3);
  torch::Tensor pooled =
      torch::empty({maps.size(0), conv.channels(), (bands + pool_frequency - 1) / pool_frequency,
                    (steps + pool_time - 1) / pool_time},
                   maps.options().memory_format(at::MemoryFormat::ChannelsLast));
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    WinogradConv::Scratch scratch;
    const std::int64_t row = steps * conv.channels();
    std::vector<float> unpooled(static_cast<std::size_t>(bands * row));
    for (std::int64_t b = begin; b < end; ++b) {
      conv.convolve(maps[b].data_ptr<float>(), bands, steps, unpooled.data(), scratch);
      auto* out = pooled[b].data_ptr<float>();
      for (std::int64_t first = 0; first < bands; first += pool_frequency) {
        pool_norm_row({valid.data_ptr<float>() + b * steps, steps, conv.channels(),
                       std::min<std::int64_t>(pool_frequency, bands - first), pool_time},
                      unpooled.data() + first * row, norm.scale.data_ptr<float>(),
                      norm.shift.data_ptr<float>(), out);
        out += pooled.size(3) * conv.channels();
      }
    }
  });
  return pooled;
}

}  // namespace mer
