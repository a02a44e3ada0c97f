#include "layers/head.hpp"

#include <cmath>
#include <stdexcept>

namespace mer {
namespace nn = torch::nn;

torch::Tensor join_logits(const std::vector<torch::Tensor>& heads, double first_weight) {
  if (heads.size() == 1) return heads.front();
  if (heads.size() != 2) throw std::invalid_argument("join_logits: one head or two");
  // Without leaving the logarithm.
  const torch::Tensor both =
      torch::stack({torch::log_softmax(heads[0], -1) + std::log(first_weight),
                    torch::log_softmax(heads[1], -1) + std::log(1.0 - first_weight)});
  return torch::logsumexp(both, 0);
}

HeadImpl::HeadImpl(const HeadOptions& options, const NetworkShape& shape, std::int64_t input_size,
                   const std::string& layer_name)
    : rectify_(options.embedding_relu),
      angular_(shape.class_scores == NetworkShape::ClassScores::kAngular) {
  input_dropout_ = register_module(
      "input_dropout", KeyedDropout(options.head_dropout, layer_name + ".input_dropout"));
  embedding_ = register_module("embedding", nn::Linear(input_size, options.embedding_size));
  embedding_dropout_ = register_module(
      "embedding_dropout", KeyedDropout(options.head_dropout, layer_name + ".embedding_dropout"));
  classifier_ = class_scores_layer(shape, options.embedding_size);
  if (classifier_) register_module("classifier", classifier_);
}

NetworkOutput HeadImpl::forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys) {
  NetworkOutput output;
  output.embedding = embedding_->forward(input_dropout_->forward(x, keys));
  if (rectify_) output.embedding = torch::relu(output.embedding);
  const torch::Tensor seen = embedding_dropout_->forward(output.embedding, keys);
  score_classes(classifier_, angular_, seen, output);
  return output;
}

nn::Linear class_scores_layer(const NetworkShape& shape, int embedding_size) {
  if (shape.num_classes == 0) return nullptr;
  const bool angular = shape.class_scores == NetworkShape::ClassScores::kAngular;
  return nn::Linear(nn::LinearOptions(embedding_size, shape.num_classes).bias(!angular));
}

void score_classes(torch::nn::Linear& classifier, bool angular, const torch::Tensor& seen,
                   NetworkOutput& output) {
  output.seen = seen;
  if (!classifier) {
    output.logits = seen.new_empty({seen.size(0), 0});
    return;
  }
  if (!angular) {
    output.logits = classifier->forward(seen);
    return;
  }
  const torch::Tensor directions = nn::functional::normalize(classifier->weight);  // of each class
  output.logits = seen.matmul(directions.t());
  output.angular.push_back({output.logits, seen.norm(2, 1, /*keepdim=*/true)});
}

NetworkOutput weighted(const std::vector<NetworkOutput>& heads, double first_weight) {
  if (heads.size() == 1) return heads.front();
  const double w = first_weight;
  NetworkOutput joined;
  joined.logits = join_logits({heads[0].logits, heads[1].logits}, w);
  joined.embedding = w * heads[0].embedding + (1.0 - w) * heads[1].embedding;
  joined.seen = w * heads[0].seen + (1.0 - w) * heads[1].seen;
  for (const NetworkOutput& head : heads) {
    joined.angular.insert(joined.angular.end(), head.angular.begin(), head.angular.end());
  }
  joined.first_head_weight = w;
  return joined;
}

}  // namespace mer
