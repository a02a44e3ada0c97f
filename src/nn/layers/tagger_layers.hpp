#pragma once

#include <torch/torch.h>

#include "layers/layers.hpp"
#include "mer/nn/all_reduce.hpp"
#include "ops/tagger_conv_pool.hpp"

namespace mer {

// What the pre-trained taggers (Pons & Serra 2019) are made of. Names are those of their weight
// files. Maps are [B, channels, steps, bands]: time before frequency, unlike elsewhere here.

/// Batch normalization of the second dimension, with the taggers' epsilon.
///   input = output  [B, channels, …]
/// Padded steps count like silence, which is what the taggers were trained on.
class TaggerNormImpl : public torch::nn::Module {
 public:
  explicit TaggerNormImpl(std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x);
  /// As NormRelu's.
  void share_batch(const AllReduce& all_reduce) { all_reduce_ = all_reduce; }

  /// In evaluation the norm is y = scale · x + shift, [channels] each.
  struct Affine {
    torch::Tensor scale, shift;
  };
  Affine affine() const;
  const torch::Tensor& weight() const { return weight_; }

 private:
  torch::Tensor train_shared(const torch::Tensor& x);

  torch::Tensor weight_, bias_, running_mean_, running_var_;
  AllReduce all_reduce_;
};
TORCH_MODULE(TaggerNorm);

/// A batch norm alone, under the name `bn`.
class TaggerInputImpl : public torch::nn::Module {
 public:
  explicit TaggerInputImpl(std::int64_t channels)
      : bn_(register_module("bn", TaggerNorm(channels))) {}
  torch::Tensor forward(const torch::Tensor& x) { return bn_->forward(x); }

 private:
  TaggerNorm bn_;
};
TORCH_MODULE(TaggerInput);

/// Convolution → bias → ReLU → batch norm.
///   input  [B, in_channels, steps, bands]   zeros of `padding` are added around first
class TaggerConvImpl : public torch::nn::Module {
 public:
  /// Zeros before and after in time, and before and after in frequency.
  struct Padding {
    std::int64_t time_before = 0, time_after = 0, bands = 0;
  };
  TaggerConvImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_steps,
                 std::int64_t kernel_bands, Padding padding);
  torch::Tensor forward(const torch::Tensor& x);
  /// forward() and max-pooling. In evaluation on the CPU one pass, of a square of three that keeps
  /// the maps' size.
  torch::Tensor pooled(const torch::Tensor& x, const TaggerPool& pool);
  /// The maximum of forward() over the bands that are left: [B, out_channels, steps]. In evaluation
  /// on the CPU the maps themselves are never made.
  /// @param x  of one channel, [B, 1, steps, bands]
  torch::Tensor maximum_over_bands(const torch::Tensor& x);
  /// forward() of a kernel as wide as the maps, whose bands are other layers' channels.
  /// @param x  [B, bands, steps]
  /// @return   [B, out_channels, steps]
  torch::Tensor over_all_bands(const torch::Tensor& x);

 private:
  bool without_gradient(const torch::Tensor& x) const;
  torch::Tensor fast_maximum(const torch::Tensor& x) const;

  Padding padding_;
  torch::nn::Conv2d conv_;
  TaggerNorm bn_;
};
TORCH_MODULE(TaggerConv);

}  // namespace mer
