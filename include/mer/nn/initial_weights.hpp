#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// Copies weights and running statistics into a network by the tensors' names.
///
/// Of a model file (tensors `network.*`) all must fit, the class head too. A file without
/// `network.*` is a pre-trained tagger's: names are the network's own; its head `tags` is not read,
/// the network's head `classifier` stays as it is.
/// @throws UsageError naming the file and the tensor that is missing, of another shape, or left
/// over
void load_initial_weights(Network& network, const TensorFile& file);

/// Weights that training leaves as they are.
///
/// A pattern is compared with the whole name of each parameter (`timbral_38.conv.weight`): `*`
/// stands for any characters, `?` for one. A batch norm whose weight and bias are both frozen also
/// keeps its running statistics and normalizes by them, as in evaluation.
class FrozenWeights {
 public:
  /// Frozen parameters want no gradient from here on.
  /// @param patterns  empty = nothing is frozen
  /// @throws UsageError naming a pattern that fits no parameter, or when nothing is left to train
  FrozenWeights(Network& network, const std::vector<std::string>& patterns);

  /// Puts the network into training mode, but for the layers that are frozen whole.
  void train() const;
  std::int64_t num_parameters() const { return num_parameters_; }

 private:
  Network& network_;
  std::vector<std::shared_ptr<torch::nn::Module>> frozen_layers_;
  std::int64_t num_parameters_ = 0;
};

/// Whether a text fits a pattern with `*` and `?`.
bool fits_pattern(std::string_view text, std::string_view pattern);

}  // namespace mer
