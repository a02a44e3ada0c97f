#pragma once

#include <torch/torch.h>

#include "ops/given_norm.hpp"

namespace mer {

/// The network's first layer on the CPU as one node of the gradient's graph: two convolutions over
/// one map that keep its size, one along time and one along frequency, their maps side by side, and
/// the maximum over windows of `pool_frequency` x `pool_time` valid elements as in
/// masked_max_pool(). The unpooled maps, sixteen times as large as the input, never leave the
/// first-level cache. As single operations of LibTorch this layer took a quarter of a step.
///
/// No gradient goes to the input, which is data.
///   input   [B, bands, steps], 0 at padded steps; float or double
///   valid   [B, steps] float, 1 = music, 0 = padding
///   time_weight       [channels, 1, 1, taps], odd
///   frequency_weight  [channels, 1, taps, 1], odd
///   output  [B, 2 · channels, ceil(bands / pool_frequency), ceil(steps / pool_time)], channels
///   last
torch::Tensor first_conv_pool(const torch::Tensor& input, const torch::Tensor& valid,
                              const torch::Tensor& time_weight,
                              const torch::Tensor& frequency_weight, int pool_frequency,
                              int pool_time);

/// The same, normalized; without gradient.
torch::Tensor first_conv_pool_norm_relu(const torch::Tensor& input, const torch::Tensor& valid,
                                        const torch::Tensor& time_weight,
                                        const torch::Tensor& frequency_weight, int pool_frequency,
                                        int pool_time, const GivenNorm& norm);

/// Whether first_conv_pool() can stand for the single operations: a CPU, channels in eights.
bool has_first_conv_pool(const torch::Tensor& input, const torch::Tensor& time_weight);

}  // namespace mer
