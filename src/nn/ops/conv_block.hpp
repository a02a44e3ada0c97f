#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "mer/nn/all_reduce.hpp"
#include "ops/batch_norm.hpp"
#include "ops/step_mask.hpp"

namespace mer {

/// Sizes of max-pooling's windows, which stand side by side; those at the far edges may be short.
struct PoolSizes {
  int frequency = 1;
  int time = 1;
};

/// Maximum over the valid elements of each window; 0 where there is none. NaN wins over numbers.
///   input  [B, channels, bands, steps], no leaf that wants a gradient: it may be written to
///   output [B, channels, ceil(bands / frequency), ceil(steps / time)]
torch::Tensor max_pool(torch::Tensor maps, const StepMask& mask, PoolSizes pool);

/// Convolutions that keep a map's size, side by side, then max_pool() and batch_norm_relu().
///   maps    [B, in_channels, bands, steps], 0 at padded steps
///   weights [channels, in_channels, odd, odd] each
///   output  [B, all channels, ceil(bands / frequency), ceil(steps / time)], 0 at padded steps
torch::Tensor conv_pool_norm_relu(const torch::Tensor& maps, const StepMask& mask,
                                  const std::vector<torch::Tensor>& weights, PoolSizes pool,
                                  BatchNormState& norm, bool training, const AllReduce& all_reduce);

/// Max-pooling of the taggers; windows that do not fit are left out.
struct TaggerPool {
  std::int64_t steps, bands;
  std::int64_t step_stride, band_stride;

  std::int64_t pooled_steps(std::int64_t of) const { return (of - steps) / step_stride + 1; }
  std::int64_t pooled_bands(std::int64_t of) const { return (of - bands) / band_stride + 1; }
};

/// A tagger's convolution, which keeps the maps' size, then bias, ReLU, norm and max-pooling.
///   maps    [B, in_channels, steps, bands]
///   weight  [channels, in_channels, 3, 3]
///   output  [B, channels, pooled steps, pooled bands]
torch::Tensor conv_relu_norm_max_pool(const torch::Tensor& maps, const torch::Tensor& weight,
                                      const torch::Tensor& bias, BatchNormState& norm,
                                      const TaggerPool& pool, bool training,
                                      const AllReduce& all_reduce);

}  // namespace mer
