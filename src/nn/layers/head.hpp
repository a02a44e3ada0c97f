#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "layers/layers.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// A segment's vector → embedding → class scores, with dropout before each.
///   input  [B, input_size]
///   output logits [B, classes], embedding [B, embedding_size]
class HeadImpl : public torch::nn::Module {
 public:
  HeadImpl(const HeadOptions& options, const NetworkShape& shape, std::int64_t input_size,
           const std::string& layer_name);
  NetworkOutput forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys);

 private:
  bool rectify_;
  bool angular_;
  KeyedDropout input_dropout_{nullptr};
  torch::nn::Linear embedding_{nullptr};
  KeyedDropout embedding_dropout_{nullptr};
  torch::nn::Linear classifier_{nullptr};  // empty without classes
};
TORCH_MODULE(Head);

/// A last layer for class scores; empty where the shape has no classes.
torch::nn::Linear class_scores_layer(const NetworkShape& shape, int embedding_size);

/// Adds a last layer's class scores, linear or angular, to the output, none where it is empty.
/// @param seen  [B, what the layer sees]
void score_classes(torch::nn::Linear& classifier, bool angular, const torch::Tensor& seen,
                   NetworkOutput& output);

/// The outputs of one head as they are; of two (`combine: late_fusion`) the class probabilities
/// weighted as in Nalini & Palanivel (2015); ours: the logits are their logarithm, and the
/// embedding that the center losses see is weighted alike, w · x_a + (1 − w) · x_b.
NetworkOutput weighted(const std::vector<NetworkOutput>& heads, double first_weight);

}  // namespace mer
