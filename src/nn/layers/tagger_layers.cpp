#include "layers/tagger_layers.hpp"

namespace mer {
namespace {

namespace nn = torch::nn;

}  // namespace

TaggerNormImpl::TaggerNormImpl(std::int64_t channels) {
  state_.weight = register_parameter("weight", torch::ones(channels));
  state_.bias = register_parameter("bias", torch::zeros(channels));
  state_.running_mean = register_buffer("running_mean", torch::zeros(channels));
  state_.running_variance = register_buffer("running_var", torch::ones(channels));
  state_.epsilon = 1e-3;
}

torch::Tensor TaggerNormImpl::forward(const torch::Tensor& x) {
  return batch_norm(x, state_, is_training(), all_reduce_);
}

TaggerConvImpl::TaggerConvImpl(std::int64_t in_channels, std::int64_t out_channels,
                               std::int64_t kernel_steps, std::int64_t kernel_bands)
    : conv_(register_module("conv", nn::Conv2d(nn::Conv2dOptions(in_channels, out_channels,
                                                                 {kernel_steps, kernel_bands})))),
      bn_(register_module("bn", TaggerNorm(out_channels))) {}

void TaggerConvImpl::train(bool on) {
  maxima_.forget();
  Module::train(on);
}

torch::Tensor TaggerConvImpl::pooled(const torch::Tensor& x, const TaggerPool& pool) {
  return conv_relu_norm_max_pool(x, conv_->weight, conv_->bias, bn_->state(), pool,
                                 bn_->is_training(), bn_->all_reduce());
}

torch::Tensor TaggerConvImpl::maximum_over_bands(const torch::Tensor& x) {
  return conv_relu_norm_max_over_bands(x, conv_->weight, conv_->bias, bn_->state(), maxima_,
                                       bn_->is_training(), bn_->all_reduce());
}

torch::Tensor TaggerConvImpl::over_all_bands(const torch::Tensor& x) {
  const torch::Tensor weight = conv_->weight.squeeze(1).transpose(1, 2);
  const std::int64_t before = (weight.size(2) - 1) / 2;
  const torch::Tensor padded = torch::constant_pad_nd(x, {before, weight.size(2) - 1 - before});
  return bn_->forward(torch::relu(torch::conv1d(padded, weight, conv_->bias)));
}

}  // namespace mer
