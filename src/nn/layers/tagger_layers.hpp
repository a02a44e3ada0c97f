#pragma once

#include <torch/torch.h>

#include "layers/layers.hpp"
#include "ops/batch_norm.hpp"
#include "ops/conv_block.hpp"
#include "ops/conv_max_over_frequency.hpp"

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
  void share_batch(AllReduce all_reduce) { all_reduce_ = std::move(all_reduce); }

  BatchNormState& state() { return state_; }
  const AllReduce& all_reduce() const { return all_reduce_; }

 private:
  BatchNormState state_;
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

/// Convolution → bias → ReLU → batch norm; zeros around keep the maps' size in time.
class TaggerConvImpl : public torch::nn::Module {
 public:
  TaggerConvImpl(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel_steps,
                 std::int64_t kernel_bands);
  void train(bool on) override;
  /// Of a square of three that keeps the maps' bands, too, with max-pooling.
  ///   input  [B, in_channels, steps, bands]
  torch::Tensor pooled(const torch::Tensor& x, const TaggerPool& pool);
  /// The maximum over all places of the kernel among the bands of one map.
  ///   input  [B, 1, steps, bands]    output [B, out_channels, steps]
  torch::Tensor maximum_over_bands(const torch::Tensor& x);
  /// Of a kernel as wide as the maps, whose bands are other layers' channels.
  ///   input  [B, bands, steps]       output [B, out_channels, steps]
  torch::Tensor over_all_bands(const torch::Tensor& x);

 private:
  torch::nn::Conv2d conv_;
  TaggerNorm bn_;
  FoldedMaxima maxima_;
};
TORCH_MODULE(TaggerConv);

}  // namespace mer
