#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "conv_layers.hpp"
#include "layers.hpp"
#include "mer/model/network.hpp"

namespace mer {

/// CRNN branch: C1 P1 C2 P2 [C3 P3], then, step by step, the maps' columns through a Bi-LSTM.
///   input  [B, bands, steps] and its mask
///   output [B, output_size()]
/// After P_n there are ceil(bands / pool_frequency^n) bands and ceil(steps / pool_time^n) steps;
/// the Bi-LSTM sees channels · bands values a step.
class ConvBranchImpl : public torch::nn::Module {
 public:
  ConvBranchImpl(const ModelOptions& options, int bands);
  torch::Tensor forward(const torch::Tensor& spectrogram, const StepMask& mask,
                        const std::vector<std::uint64_t>& keys);
  std::int64_t output_size() const;

 private:
  TimeFrequencyConv c1_{nullptr};
  SquareConv c2_{nullptr};
  SquareConv c3_{nullptr};  // absent with c3_channels 0
  KeyedDropout dropout_{nullptr};
  SequenceEncoder encoder_{nullptr};
};
TORCH_MODULE(ConvBranch);

/// LLD branch: element-wise input dropout and a Bi-LSTM.
///   input  [B, steps, columns] and its mask
///   output [B, output_size()]
class LldBranchImpl : public torch::nn::Module {
 public:
  LldBranchImpl(const ModelOptions& options, int columns, const std::string& layer_name);
  torch::Tensor forward(const torch::Tensor& lld, const StepMask& mask,
                        const std::vector<std::uint64_t>& keys);
  std::int64_t output_size() const;

 private:
  KeyedDropout dropout_{nullptr};
  SequenceEncoder encoder_{nullptr};
};
TORCH_MODULE(LldBranch);

/// Both branches' vectors → embedding → class scores, with dropout before each.
///   input  [B, input_size]
///   output logits [B, classes], embedding [B, embedding_size]
class HeadImpl : public torch::nn::Module {
 public:
  HeadImpl(const ModelOptions& options, std::int64_t input_size, int num_classes,
           const std::string& layer_name);
  NetworkOutput forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys);

 private:
  bool rectify_;
  KeyedDropout input_dropout_{nullptr};
  torch::nn::Linear embedding_{nullptr};
  KeyedDropout embedding_dropout_{nullptr};
  torch::nn::Linear classifier_{nullptr};
};
TORCH_MODULE(Head);

/// The paper's dual-branch network.
///
/// With two LLD branches (`combine: score`) each has a head of its own beside the one CRNN branch,
/// and the class probabilities are weighted as in Nalini & Palanivel (2015); ours: the logits are
/// their logarithm, log(w · softmax(a) + (1 − w) · softmax(b)), and the embedding that the center
/// losses see is weighted alike, w · x_a + (1 − w) · x_b.
class ImprovedCnn : public Network {
 public:
  ImprovedCnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  NetworkShape shape_;
  ConvBranch crnn_{nullptr};
  std::vector<LldBranch> lld_;
  std::vector<Head> heads_;
};

}  // namespace mer
