#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "mer/config/network_parts.hpp"
#include "ops/batch_norm.hpp"
#include "ops/conv_block.hpp"
#include "ops/step_mask.hpp"

namespace mer {

/// Dropout whose masks depend on a row's key and this layer's name alone, so that a row loses the
/// same elements wherever it stands in whichever batch, on any number of threads. Element i of a
/// row is kept when the i-th number of a counter-based generator (SplitMix64) says so.
///   input = output  [B, …]
class KeyedDropoutImpl : public torch::nn::Module {
 public:
  KeyedDropoutImpl(double probability, const std::string& layer_name);

  /// @param keys  one a row; only looked at in training mode with a probability above 0
  /// @throws std::invalid_argument when there is not one key a row
  torch::Tensor forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys) const;

 private:
  double probability_;
  std::uint64_t layer_seed_;
};
TORCH_MODULE(KeyedDropout);

/// Batch normalization of maps over valid steps only, then ReLU: padding changes neither the
/// statistics of a batch nor the running ones. Padded steps come out as 0.
///   input = output  [B, channels, bands, steps]
class NormReluImpl : public torch::nn::Module {
 public:
  explicit NormReluImpl(std::int64_t channels);
  torch::Tensor forward(const torch::Tensor& x, const StepMask& mask);
  /// forward() of the convolutions' pooled maps, see conv_pool_norm_relu().
  torch::Tensor after_convs(const torch::Tensor& maps, const StepMask& mask,
                            const std::vector<torch::Tensor>& convs, PoolSizes pool);
  /// In training, `x` is this rank's share of the batch that the statistics are of; empty = all of
  /// it.
  void share_batch(AllReduce all_reduce) { all_reduce_ = std::move(all_reduce); }

 private:
  BatchNormState state_;
  AllReduce all_reduce_;
};
TORCH_MODULE(NormRelu);

/// A Bi-LSTM and what makes one vector out of its outputs over time; padding never counts.
///   input  [B, steps, input_size]
///   output [B, output_size()]: 2 · units, or 4 · units for mean and deviation
/// `last` = the states in which the last layer's two directions end; `attention` = the mean
/// weighted by softmax over steps of a learned score vᵀh.
class SequenceEncoderImpl : public torch::nn::Module {
 public:
  SequenceEncoderImpl(std::int64_t input_size, int units, int layers, Pooling pooling);
  torch::Tensor forward(const torch::Tensor& x, const StepMask& mask);
  std::int64_t output_size() const;

 private:
  int units_;
  Pooling pooling_;
  torch::nn::LSTM lstm_{nullptr};
  torch::nn::Linear attention_{nullptr};
};
TORCH_MODULE(SequenceEncoder);

/// Draws every weight from (seed, the parameter's name): uniform in ±1/sqrt(fan in) for
/// convolutions and fully connected layers, ±1/sqrt(units) for LSTMs, as LibTorch does by default;
/// normalizations stay 1 and 0. LibTorch's global generator has no influence on the result.
void draw_weights(torch::nn::Module& module, std::uint64_t seed);

}  // namespace mer
