#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"

namespace mer {

/// What the names of a network's and a loss's tensors begin with in a model file.
inline constexpr const char* kNetworkPrefix = "network";
inline constexpr const char* kLossPrefix = "loss";

/// Names every parameter and buffer `prefix.name` and adds it to `tensors` (contiguous, CPU). The
/// tensors behind the views are appended to `keep_alive`.
void add_module_to(const torch::nn::Module& module, const std::string& prefix,
                   NamedTensors& tensors, std::vector<torch::Tensor>& keep_alive);

/// Copies `prefix.name` into every parameter and buffer.
/// @throws UsageError naming the file and the tensor that is missing, of another shape, or left
/// over
///         under the prefix
void load_module_from(torch::nn::Module& module, const std::string& prefix, const TensorFile& file);

/// Submodules that need not match: those that keep the weights they have, and one whose weights in
/// the file are not read; an empty name is none.
struct UnmatchedParts {
  std::vector<std::string> of_module;
  std::string of_file;
};
void load_module_from(torch::nn::Module& module, const std::string& prefix, const TensorFile& file,
                      const UnmatchedParts& unmatched);

/// A copy of a view as a CPU tensor of the same element type.
torch::Tensor to_torch(const TensorView& view);

}  // namespace mer
