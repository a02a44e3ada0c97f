#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace mer {

/// Max-pooling over steps × bands; windows that do not fit are left out.
struct TaggerPool {
  std::int64_t steps, bands;
  std::int64_t step_stride, band_stride;

  std::int64_t pooled_steps(std::int64_t of) const { return (of - steps) / step_stride + 1; }
  std::int64_t pooled_bands(std::int64_t of) const { return (of - bands) / band_stride + 1; }
};

/// What of a tagger's layer is given in evaluation: y = scale · relu(x ∗ weight + bias) + shift.
struct TaggerConvValues {
  torch::Tensor weight;              ///< [channels, in_channels, 3, 3]
  torch::Tensor bias, scale, shift;  ///< [channels] each
};

/// Whether conv_relu_norm_max_pool() can stand for the single operations.
bool has_conv_relu_norm_max_pool(const torch::Tensor& maps, const torch::Tensor& weight);

/// Convolution with zeros around, bias, ReLU, norm and max-pooling in one pass over the maps,
/// without gradient: LibTorch's operations write and read maps of 9 MB a segment four times.
///   maps    [B, in_channels, steps, bands] float, one channel or as WinogradConv wants them
///   output  [B, channels, pooled steps, pooled bands], channels last
torch::Tensor conv_relu_norm_max_pool(const torch::Tensor& maps, const TaggerConvValues& values,
                                      const TaggerPool& pool);

}  // namespace mer
