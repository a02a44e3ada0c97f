#include "layers/conv_layers.hpp"

namespace mer {
namespace {

namespace nn = torch::nn;

/// A convolution that keeps a map's size; without bias, because a batch norm follows.
nn::Conv2d same_conv(std::int64_t in_channels, std::int64_t out_channels, int bands, int steps,
                     std::int64_t groups = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in_channels, out_channels, {bands, steps})
                        .padding({bands / 2, steps / 2})
                        .groups(groups)
                        .bias(false));
}

}  // namespace

// Strides that say "channels last": the layout that oneDNN's convolutions and LibTorch's pooling
// prefer; each layer keeps its input's.
MaskedMaps single_map(const torch::Tensor& spectrogram, const StepMask& mask) {
  const torch::Tensor x = spectrogram.contiguous();
  const std::int64_t bands = x.size(1);
  const std::int64_t steps = x.size(2);
  MaskedMaps maps{x.as_strided({x.size(0), 1, bands, steps}, {bands * steps, 1, steps, 1}), mask};
  if (!mask.all_valid) maps.maps = maps.maps * mask.for_maps(x);
  return maps;
}

PoolNormImpl::PoolNormImpl(std::int64_t channels, PoolSizes pool) : pool_(pool) {
  norm_ = register_module("norm", NormRelu(channels));
}

MaskedMaps PoolNormImpl::forward(const MaskedMaps& input, const std::vector<torch::Tensor>& convs) {
  return {norm_->after_convs(input.maps, input.mask, convs, pool_), input.mask.pooled(pool_.time)};
}

TimeFrequencyConvImpl::TimeFrequencyConvImpl(const ConvBranchOptions& options) {
  time_ = register_module("time", same_conv(1, options.c1_channels, 1, options.c1_time_kernel));
  frequency_ = register_module("frequency",
                               same_conv(1, options.c1_channels, options.c1_frequency_kernel, 1));
  pool_ = register_module("pool", PoolNorm(2 * options.c1_channels,
                                           PoolSizes{options.pool_frequency, options.pool_time}));
}

MaskedMaps TimeFrequencyConvImpl::forward(const MaskedMaps& input) {
  return pool_->forward(input, {time_->weight, frequency_->weight});
}

SquareConvImpl::SquareConvImpl(const SquareConvSizes& sizes) {
  const auto [in_channels, out_channels, kernel, separable, pool] = sizes;
  if (separable) {
    depthwise_ = register_module("depthwise",
                                 same_conv(in_channels, in_channels, kernel, kernel, in_channels));
    conv_ = register_module("pointwise", same_conv(in_channels, out_channels, 1, 1));
  } else {
    conv_ = register_module("conv", same_conv(in_channels, out_channels, kernel, kernel));
  }
  pool_ = register_module("pool", PoolNorm(out_channels, pool));
}

MaskedMaps SquareConvImpl::forward(const MaskedMaps& input) {
  const torch::Tensor maps = depthwise_ ? depthwise_->forward(input.maps) : input.maps;
  return pool_->forward({maps, input.mask}, {conv_->weight});
}

}  // namespace mer
