#pragma once

#include <torch/torch.h>

#include "ops/given_norm.hpp"

namespace mer {

/// A 3 × 3 convolution that keeps a map's size, max_pool_norm_relu() of it, without gradient and
/// without writing the unpooled maps of more than one element.
///   maps          [B, in_channels, bands, steps] float, 0 at padded steps
///   weight        [channels, in_channels, 3, 3], WinogradConv::fits()
///   valid         [B, steps]
///   output        [B, channels, ceil(bands / pool_frequency), ceil(steps / pool_time)]
torch::Tensor conv_pool_norm_relu(const torch::Tensor& maps, const torch::Tensor& weight,
                                  const torch::Tensor& valid, int pool_frequency, int pool_time,
                                  const GivenNorm& norm);

}  // namespace mer
