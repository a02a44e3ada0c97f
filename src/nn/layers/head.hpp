#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "layers/branches.hpp"
#include "layers/layers.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// A segment's vector → embedding → class scores, with dropout before each.
///   input  [B, input_size]
///   output logits [B, classes], embedding [B, embedding_size]
class HeadImpl : public torch::nn::Module {
 public:
  HeadImpl(const ModelOptions& options, const NetworkShape& shape, std::int64_t input_size,
           const std::string& layer_name);
  NetworkOutput forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys);

 private:
  bool rectify_;
  bool angular_;
  KeyedDropout input_dropout_{nullptr};
  torch::nn::Linear embedding_{nullptr};
  KeyedDropout embedding_dropout_{nullptr};
  torch::nn::Linear classifier_{nullptr};
};
TORCH_MODULE(Head);

/// Adds a last layer's class scores, linear or angular, to the output.
/// @param seen  [B, what the layer sees]
void score_classes(torch::nn::Linear& classifier, bool angular, const torch::Tensor& seen,
                   NetworkOutput& output);

/// The LLD branch with its head, or two of each (`combine: late_fusion`), whose class probabilities
/// are weighted as in Nalini & Palanivel (2015); ours: the logits are their logarithm, and the
/// embedding that the center losses see is weighted alike, w · x_a + (1 − w) · x_b.
class LldHeads {
 public:
  /// Registers them in `owner`: `lld` and `head`, or `lld1`, `head1`, `lld2`, `head2`.
  /// @param beside_size  of another branch's vector that each head sees too
  LldHeads(torch::nn::Module& owner, const ModelOptions& options, const NetworkShape& shape,
           std::int64_t beside_size);
  /// @param beside  [B, beside_size]; undefined without another branch
  NetworkOutput forward(const NetworkInput& input, const torch::Tensor& beside);

 private:
  NetworkShape shape_;
  std::vector<LldBranch> lld_;
  std::vector<Head> heads_;
};

}  // namespace mer
