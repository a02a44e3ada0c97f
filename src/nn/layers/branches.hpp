#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "layers/conv_layers.hpp"
#include "layers/layers.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// CRNN branch: C1 P1 C2 P2 [C3 P3], then, step by step, the maps' columns through a Bi-LSTM.
///   input  [B, bands, steps] and its mask
///   output [B, output_size()]
/// After P_n there are ceil(bands / pool_frequency^n) bands and ceil(steps / pool_time^n) steps;
/// the Bi-LSTM sees channels · bands values a step.
class ConvBranchImpl : public torch::nn::Module {
 public:
  ConvBranchImpl(const ConvBranchOptions& options, Pooling pooling, int bands);
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
  LldBranchImpl(const LldBranchOptions& options, Pooling pooling, int columns,
                const std::string& layer_name);
  torch::Tensor forward(const torch::Tensor& lld, const StepMask& mask,
                        const std::vector<std::uint64_t>& keys);
  std::int64_t output_size() const;

 private:
  KeyedDropout dropout_{nullptr};
  SequenceEncoder encoder_{nullptr};
};
TORCH_MODULE(LldBranch);

/// song_vector branch: element-wise input dropout, then relu(W x + b).
///   input  [B, columns]
///   output [B, output_size()]
class SongVectorBranchImpl : public torch::nn::Module {
 public:
  SongVectorBranchImpl(const SongVectorBranchOptions& options, int columns);
  torch::Tensor forward(const torch::Tensor& song_vector, const std::vector<std::uint64_t>& keys);
  std::int64_t output_size() const;

 private:
  KeyedDropout dropout_{nullptr};
  torch::nn::Linear projection_{nullptr};
};
TORCH_MODULE(SongVectorBranch);

}  // namespace mer
