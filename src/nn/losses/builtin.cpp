#include "losses/builtin.hpp"

namespace mer {

LossTable builtin_losses() {
  LossTable table;
  add_softmax(table);
  add_a_softmax(table);
  add_center(table);
  add_inter_center(table);
  return table;
}

std::shared_ptr<Loss> make_loss(const LossOptions& options, int num_classes, int embedding_size,
                                std::uint64_t seed, const LossTable& losses) {
  const auto& make = losses.at(options.name, "loss 'loss.name: " + options.name + "'");
  return make(options, {num_classes, embedding_size, seed});
}

void PrintedTerms::add(const PrintedTerms& part) {
  softmax += part.softmax;
  own_distances.resize(part.own_distances.size());
  for (std::size_t c = 0; c < part.own_distances.size(); ++c) {
    own_distances[c] += part.own_distances[c];
  }
}

void Loss::update_centers(const torch::Tensor& /*embedding*/, const torch::Tensor& /*targets*/) {}

}  // namespace mer
