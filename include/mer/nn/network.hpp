#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "mer/config/model_options.hpp"
#include "mer/config/network_shape.hpp"
#include "mer/core/named_table.hpp"
#include "mer/nn/all_reduce.hpp"

namespace mer {

/// One batch. Parts that the network doesn't look at (inputs_of()) may be empty or undefined.
struct NetworkInput {
  torch::Tensor spectrogram;        ///< [B, bands, steps] float
  torch::Tensor spectrogram_valid;  ///< [B, steps] float, 1 = music, 0 = padding
  std::vector<torch::Tensor> lld;   ///< one a branch, [B, steps, columns] float
  torch::Tensor lld_valid;          ///< [B, steps] float
  torch::Tensor song_vector;        ///< [B, columns] float
  /// One key a row for everything random inside the network (dropout), so that a row's masks depend
  /// on (seed, iteration, song) and neither on its place in the batch nor on threads. Empty when
  /// nothing is random (evaluation).
  std::vector<std::uint64_t> keys;
};

/// What one head with angular class scores says.
struct AngularScores {
  torch::Tensor logits;  ///< [B, classes], ‖x‖ · cos θ: the angle between x and the class's weight
  torch::Tensor norm;  ///< [B, 1], ‖x‖ of what the last layer saw
};

struct NetworkOutput {
  torch::Tensor logits;     ///< [B, classes]; softmax gives the class probabilities
  torch::Tensor embedding;  ///< [B, embedding_size]
  /// [B, embedding_size], the embedding as the last layer sees it, after dropout; undefined where
  /// that is the embedding itself.
  torch::Tensor seen{};
  torch::Tensor values{};  ///< [B, 2], valence and arousal in −1…1; undefined without that head
  torch::Tensor tag_logits{};  ///< [B, tags]; the logistic function of each is its probability
  /// With angular class scores: one a head, before join_logits() made one of two.
  std::vector<AngularScores> angular{};
  double first_head_weight = 1.0;
};

/// One head's logits as they are; of two the weighted class probabilities' logarithm,
/// log(w · softmax(a) + (1 − w) · softmax(b)).
/// @param heads  [..., classes] each
torch::Tensor join_logits(const std::vector<torch::Tensor>& heads, double first_weight);

/// A network of the table.
class Network : public torch::nn::Module {
 public:
  virtual NetworkOutput forward(const NetworkInput& input) = 0;

  /// forward() and what the heads beside the classes' say of its embedding: valence and arousal as
  /// tanh(W x + b), tags as logits W x + b.
  NetworkOutput answer(const NetworkInput& input);
  /// Adds the heads that a shape asks for beside the classes'; called once by make_network().
  void add_heads(const NetworkShape& shape, int embedding_size);

 private:
  torch::nn::Linear valence_arousal_{nullptr};
  torch::nn::Linear tags_{nullptr};
};

/// What builds networks, by `model.name`.
using NetworkTable = NamedTable<std::function<std::shared_ptr<Network>(const ModelOptions& options,
                                                                       const NetworkShape& shape)>>;
NetworkTable builtin_networks();

/// Adds a Body, which is built from its Options (ModelOptions' half of the same network) and a
/// shape.
template <class Body, class Options>
void add_network(NetworkTable& table) {
  table.add(Options::kName, [](const ModelOptions& options, const NetworkShape& shape) {
    return std::make_shared<Body>(options.as<Options>(), shape);
  });
}

/// Builds the network that options.name says, with weights drawn from `seed`.
/// @throws UsageError for a name that the table lacks or sizes that don't fit the input
std::shared_ptr<Network> make_network(const ModelOptions& options, const NetworkShape& shape,
                                      std::uint64_t seed,
                                      const NetworkTable& networks = builtin_networks());

/// In training each batch is one worker's share of a larger one, over all of which batch norm takes
/// its statistics, so that workers together do what one does alone with the whole batch. Empty = no
/// longer.
void share_batch(torch::nn::Module& network, const AllReduce& all_reduce);

std::int64_t num_parameters(const torch::nn::Module& module);

}  // namespace mer
