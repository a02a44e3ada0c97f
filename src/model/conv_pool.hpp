#pragma once

#include <torch/torch.h>

#include "given_norm.hpp"

namespace mer {

/// A square convolution that keeps a map's size, max_pool_norm_relu() of it, without gradient and
/// without ever writing the unpooled maps. For channels in 24s, of which oneDNN computes 32.
///   maps          [B, in_channels, bands, steps] float, 0 at padded steps
///   weight        [channels, in_channels, side, side], side odd
///   valid         [B, steps]
///   output        [B, channels, ceil(bands / pool_frequency), ceil(steps / pool_time)]
torch::Tensor conv_pool_norm_relu(const torch::Tensor& maps, const torch::Tensor& weight,
                                  const torch::Tensor& valid, int pool_frequency, int pool_time,
                                  const GivenNorm& norm);

/// Whether it can stand for the single operations, and is faster.
bool has_conv_pool(const torch::Tensor& maps, const torch::Tensor& weight);

}  // namespace mer
