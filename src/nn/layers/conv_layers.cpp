#include "layers/conv_layers.hpp"

#include <limits>

#include "mer/nn/mixed_precision.hpp"
#include "ops/conv_pool.hpp"
#include "ops/first_conv.hpp"
#include "ops/own_kernels.hpp"
#include "ops/pool_norm.hpp"
#include "ops/winograd.hpp"

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
  if (!mask.all_valid) maps.maps = maps.maps * mask.for_maps();
  return maps;
}

PoolNormImpl::PoolNormImpl(std::int64_t channels, int pool_frequency, int pool_time)
    : pool_frequency_(pool_frequency), pool_time_(pool_time) {
  norm_ = register_module("norm", NormRelu(channels));
}

MaskedMaps PoolNormImpl::forward(torch::Tensor maps, const StepMask& mask) {
  StepMask pooled = mask.pooled(pool_time_);
  maps = at_least_float(maps);
  if (const std::optional<GivenNorm> norm = norm_->given(maps)) {
    maps = max_pool_norm_relu(maps, mask.valid, pool_frequency_, pool_time_, *norm);
    return {maps, std::move(pooled)};
  }
  if (pool_frequency_ > 1 || pool_time_ > 1) {
    maps = has_own_kernels(maps) ? masked_max_pool(maps, mask.valid, pool_frequency_, pool_time_)
                                 : pool_on_device(maps, mask, pooled);
  }
  // Padded steps leave the norm as 0.
  return {norm_->forward(maps, pooled), std::move(pooled)};
}

MaskedMaps PoolNormImpl::finish(const torch::Tensor& pooled_maps, const StepMask& mask) {
  StepMask pooled = mask.pooled(pool_time_);
  return {norm_->forward(pooled_maps, pooled), std::move(pooled)};
}

torch::Tensor PoolNormImpl::pool_on_device(torch::Tensor maps, const StepMask& mask,
                                           const StepMask& pooled) const {
  if (!mask.all_valid) {
    maps =
        maps.masked_fill(mask.for_maps().logical_not(), -std::numeric_limits<double>::infinity());
  }
  maps = torch::max_pool2d(maps, {pool_frequency_, pool_time_}, {pool_frequency_, pool_time_}, 0, 1,
                           /*ceil_mode=*/true);
  if (!pooled.all_valid) maps = maps.masked_fill(pooled.for_maps().logical_not(), 0.0);
  return maps;
}

TimeFrequencyConvImpl::TimeFrequencyConvImpl(const ModelOptions& options) {
  time_ = register_module("time", same_conv(1, options.c1_channels, 1, options.c1_time_kernel));
  frequency_ = register_module("frequency",
                               same_conv(1, options.c1_channels, options.c1_frequency_kernel, 1));
  pool_ = register_module(
      "pool", PoolNorm(2 * options.c1_channels, options.pool_frequency, options.pool_time));
}

MaskedMaps TimeFrequencyConvImpl::forward(const MaskedMaps& input) {
  if (has_first_conv_pool(input.maps, time_->weight)) {
    if (const std::optional<GivenNorm> norm = pool_->norm()->given(input.maps)) {
      StepMask pooled = input.mask.pooled(pool_->pool_time());
      return {first_conv_pool_norm_relu(input.maps.squeeze(1), input.mask.valid, time_->weight,
                                        frequency_->weight, pool_->pool_frequency(),
                                        pool_->pool_time(), *norm),
              std::move(pooled)};
    }
    return pool_->finish(
        first_conv_pool(input.maps.squeeze(1), input.mask.valid, time_->weight, frequency_->weight,
                        pool_->pool_frequency(), pool_->pool_time()),
        input.mask);
  }
  const torch::Tensor maps =
      torch::cat({time_->forward(input.maps), frequency_->forward(input.maps)}, 1);
  return pool_->forward(maps, input.mask);
}

SquareConvImpl::SquareConvImpl(const SquareConvSizes& sizes) {
  const auto [in_channels, out_channels, kernel, separable, pool_frequency, pool_time] = sizes;
  if (separable) {
    depthwise_ = register_module("depthwise",
                                 same_conv(in_channels, in_channels, kernel, kernel, in_channels));
    conv_ = register_module("pointwise", same_conv(in_channels, out_channels, 1, 1));
  } else {
    conv_ = register_module("conv", same_conv(in_channels, out_channels, kernel, kernel));
  }
  pool_ = register_module("pool", PoolNorm(out_channels, pool_frequency, pool_time));
}

MaskedMaps SquareConvImpl::forward(const MaskedMaps& input) {
  const torch::Tensor maps = depthwise_ ? depthwise_->forward(input.maps) : input.maps;
  if (!WinogradConv::fits(maps, conv_->weight)) {
    return pool_->forward(conv_->forward(maps), input.mask);
  }
  if (const std::optional<GivenNorm> norm = pool_->norm()->given(maps)) {
    StepMask pooled = input.mask.pooled(pool_->pool_time());
    return {conv_pool_norm_relu(maps, conv_->weight, input.mask.valid, pool_->pool_frequency(),
                                pool_->pool_time(), *norm),
            std::move(pooled)};
  }
  return pool_->forward(winograd_conv(maps, conv_->weight), input.mask);
}

}  // namespace mer
