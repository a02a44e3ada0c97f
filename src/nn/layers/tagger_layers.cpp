#include "layers/tagger_layers.hpp"

#include "ops/own_kernels.hpp"
#include "ops/spectral_maxima.hpp"

namespace mer {
namespace {

namespace nn = torch::nn;

constexpr double kEpsilon = 1e-3;
constexpr double kMomentum = 0.1;

}  // namespace

TaggerNormImpl::TaggerNormImpl(std::int64_t channels) {
  weight_ = register_parameter("weight", torch::ones(channels));
  bias_ = register_parameter("bias", torch::zeros(channels));
  running_mean_ = register_buffer("running_mean", torch::zeros(channels));
  running_var_ = register_buffer("running_var", torch::ones(channels));
}

torch::Tensor TaggerNormImpl::forward(const torch::Tensor& x) {
  if (is_training() && all_reduce_) return train_shared(x);
  return torch::batch_norm(x, weight_, bias_, running_mean_, running_var_, is_training(), kMomentum,
                           kEpsilon, true);
}

// The same with the moments of all ranks' rows.
torch::Tensor TaggerNormImpl::train_shared(const torch::Tensor& x) {
  std::vector<std::int64_t> others = {0};
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  for (std::int64_t dimension = 2; dimension < x.dim(); ++dimension) others.push_back(dimension);
  const torch::Tensor own_count =
      torch::full({1}, static_cast<double>(x.numel() / x.size(1)), x.options());
  const torch::Tensor count = all_reduce_sum(own_count, all_reduce_);
  const torch::Tensor mean = all_reduce_sum(x.sum(others), all_reduce_) / count;
  const torch::Tensor centered = x - mean.view(shape);
  const torch::Tensor variance = all_reduce_sum(centered.square().sum(others), all_reduce_) / count;
  {
    const torch::NoGradGuard no_grad;
    running_mean_.lerp_(mean, kMomentum);
    running_var_.lerp_(variance * (count / (count - 1).clamp_min(1)), kMomentum);
  }
  const torch::Tensor scale = weight_ * (variance + kEpsilon).rsqrt();
  return centered * scale.view(shape) + bias_.view(shape);
}

TaggerNormImpl::Affine TaggerNormImpl::affine() const {
  const torch::Tensor scale = weight_ * (running_var_ + kEpsilon).rsqrt();
  return {scale, bias_ - running_mean_ * scale};
}

TaggerConvImpl::TaggerConvImpl(std::int64_t in_channels, std::int64_t out_channels,
                               std::int64_t kernel_steps, std::int64_t kernel_bands,
                               Padding padding)
    : padding_(padding),
      conv_(register_module("conv", nn::Conv2d(nn::Conv2dOptions(in_channels, out_channels,
                                                                 {kernel_steps, kernel_bands})))),
      bn_(register_module("bn", TaggerNorm(out_channels))) {}

torch::Tensor TaggerConvImpl::over_all_bands(const torch::Tensor& x) {
  const torch::Tensor padded =
      torch::constant_pad_nd(x, {padding_.time_before, padding_.time_after});
  return bn_->forward(
      torch::relu(torch::conv1d(padded, conv_->weight.squeeze(1).transpose(1, 2), conv_->bias)));
}

bool TaggerConvImpl::without_gradient(const torch::Tensor& x) const {
  const bool needs_gradient =
      torch::GradMode::is_enabled() &&
      (x.requires_grad() || conv_->weight.requires_grad() || bn_->weight().requires_grad());
  return !bn_->is_training() && !needs_gradient;
}

torch::Tensor TaggerConvImpl::pooled(const torch::Tensor& x, const TaggerPool& pool) {
  const bool keeps_size =
      padding_.time_before == 1 && padding_.time_after == 1 && padding_.bands == 1;
  if (keeps_size && without_gradient(x) && has_conv_relu_norm_max_pool(x, conv_->weight)) {
    const torch::NoGradGuard no_grad;
    const TaggerNormImpl::Affine norm = bn_->affine();
    return conv_relu_norm_max_pool(x, {conv_->weight, conv_->bias, norm.scale, norm.shift}, pool);
  }
  return torch::max_pool2d(forward(x), {pool.steps, pool.bands},
                           {pool.step_stride, pool.band_stride});
}

torch::Tensor TaggerConvImpl::maximum_over_bands(const torch::Tensor& x) {
  if (has_own_kernels(x) && without_gradient(x)) return fast_maximum(x);
  return forward(x).amax(3);
}

// y = scale · relu(x ∗ w + bias) + shift grows with x ∗ w where scale > 0: its maximum is at the
// correlation's own. Where scale < 0 it is at the minimum, which is −max(x ∗ −w).
torch::Tensor TaggerConvImpl::fast_maximum(const torch::Tensor& x) const {
  const torch::NoGradGuard no_grad;
  const TaggerNormImpl::Affine norm = bn_->affine();
  const torch::Tensor sign =
      torch::where(norm.scale < 0, -torch::ones_like(norm.scale), torch::ones_like(norm.scale));
  const torch::Tensor bands_first = x.squeeze(1).transpose(1, 2);  // [B, bands, steps]
  const torch::Tensor filters = conv_->weight.squeeze(1) * sign.view({-1, 1, 1});
  const torch::Tensor largest = filters.size(2) == 1
                                    ? maxima_over_bands(bands_first, filters.squeeze(2))
                                    : maxima_over_places(bands_first, filters);
  const auto per_channel = [](const torch::Tensor& values) { return values.view({1, -1, 1}); };
  return torch::relu(largest * per_channel(sign) + per_channel(conv_->bias)) *
             per_channel(norm.scale) +
         per_channel(norm.shift);
}

torch::Tensor TaggerConvImpl::forward(const torch::Tensor& x) {
  const torch::Tensor padded = torch::constant_pad_nd(
      x, {padding_.bands, padding_.bands, padding_.time_before, padding_.time_after});
  return bn_->forward(torch::relu(conv_->forward(padded)));
}

}  // namespace mer
