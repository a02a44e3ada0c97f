#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "mer/model/collective.hpp"
#include "mer/model/model_options.hpp"
#include "mer/model/network_shape.hpp"

namespace mer {

/// One batch.
struct NetworkInput {
  torch::Tensor spectrogram;        ///< [B, bands, steps] float
  torch::Tensor spectrogram_valid;  ///< [B, steps] float, 1 = music, 0 = padding
  std::vector<torch::Tensor> lld;   ///< one a branch, [B, steps, columns] float
  torch::Tensor lld_valid;          ///< [B, steps] float
  /// One key a row for everything random inside the network (dropout), so that a row's masks depend
  /// on (seed, iteration, song) and neither on its place in the batch nor on threads. Empty when
  /// nothing is random (evaluation).
  std::vector<std::uint64_t> keys;
};

struct NetworkOutput {
  torch::Tensor logits;     ///< [B, classes]; softmax gives the class probabilities
  torch::Tensor embedding;  ///< [B, embedding_size]
};

/// A network of the registry.
class Network : public torch::nn::Module {
 public:
  virtual NetworkOutput forward(const NetworkInput& input) = 0;
};

/// Builds the network that options.name says, with weights drawn from `seed`.
/// @throws UsageError for a name that the registry lacks or sizes that don't fit the input
std::shared_ptr<Network> make_network(const ModelOptions& options, const NetworkShape& shape,
                                      std::uint64_t seed);

/// In training each batch is one rank's share of a larger one, over all of which batch norm takes
/// its statistics, so that ranks together do what one does alone with the whole batch. Null = no
/// longer.
/// @param collective  must outlive training
void share_batch(torch::nn::Module& network, Collective* collective);

std::int64_t num_parameters(const torch::nn::Module& module);

}  // namespace mer
