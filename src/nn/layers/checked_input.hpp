#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

#include "layers/layers.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// What a network takes from a batch, checked against the sizes that it was built for: a wrong
/// batch is named as such, not by a layer somewhere behind it.

struct Spectrograms {
  torch::Tensor values;  ///< [B, bands, steps]
  StepMask mask;
};
/// @throws std::invalid_argument when the batch holds none, or of another width
Spectrograms spectrograms_of(const NetworkInput& input, const NetworkShape& shape);

struct LldMatrices {
  std::vector<torch::Tensor> branches;  ///< [B, steps, columns] each
  StepMask mask;
};
/// @throws std::invalid_argument when the batch holds another number of branches, or of another
/// width
LldMatrices lld_of(const NetworkInput& input, const NetworkShape& shape);

/// What tells the layers of several LLD branches apart in the names of weights: nothing for one.
std::vector<std::string> lld_branch_numbers(const NetworkShape& shape);

/// The vectors beside the branches, [B, columns].
/// @throws std::invalid_argument when the batch holds none, or of another width
torch::Tensor song_vectors_of(const NetworkInput& input, const NetworkShape& shape);

}  // namespace mer
