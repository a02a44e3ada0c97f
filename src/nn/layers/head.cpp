#include "layers/head.hpp"

#include <cmath>
#include <stdexcept>

#include "layers/checked_input.hpp"

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

HeadImpl::HeadImpl(const ModelOptions& options, const NetworkShape& shape, std::int64_t input_size,
                   const std::string& layer_name)
    : rectify_(options.embedding_relu),
      angular_(shape.class_scores == NetworkShape::ClassScores::kAngular) {
  input_dropout_ = register_module(
      "input_dropout", KeyedDropout(options.head_dropout, layer_name + ".input_dropout"));
  embedding_ = register_module("embedding", nn::Linear(input_size, options.embedding_size));
  embedding_dropout_ = register_module(
      "embedding_dropout", KeyedDropout(options.head_dropout, layer_name + ".embedding_dropout"));
  classifier_ = register_module(
      "classifier",
      nn::Linear(nn::LinearOptions(options.embedding_size, shape.num_classes).bias(!angular_)));
}

NetworkOutput HeadImpl::forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys) {
  NetworkOutput output;
  output.embedding = embedding_->forward(input_dropout_->forward(x, keys));
  if (rectify_) output.embedding = torch::relu(output.embedding);
  const torch::Tensor seen = embedding_dropout_->forward(output.embedding, keys);
  score_classes(classifier_, angular_, seen, output);
  return output;
}

void score_classes(torch::nn::Linear& classifier, bool angular, const torch::Tensor& seen,
                   NetworkOutput& output) {
  if (!angular) {
    output.logits = classifier->forward(seen);
    return;
  }
  const torch::Tensor directions = nn::functional::normalize(classifier->weight);  // of each class
  output.logits = seen.matmul(directions.t());
  output.angular.push_back({output.logits, seen.norm(2, 1, /*keepdim=*/true)});
}

LldHeads::LldHeads(torch::nn::Module& owner, const ModelOptions& options, const NetworkShape& shape,
                   std::int64_t beside_size)
    : shape_(shape) {
  for (int branch = 1; branch <= shape.lld_branches; ++branch) {
    const std::string number = shape.lld_branches == 1 ? "" : std::to_string(branch);
    lld_.push_back(owner.register_module(
        "lld" + number, LldBranch(options, shape.lld_columns, options.lld_lstm_units,
                                  options.lld_lstm_layers, "lld" + number)));
    heads_.push_back(owner.register_module(
        "head" + number,
        Head(options, shape, beside_size + lld_.back()->output_size(), "head" + number)));
  }
}

NetworkOutput LldHeads::forward(const NetworkInput& input, const torch::Tensor& beside) {
  const LldMatrices lld = lld_of(input, shape_);
  std::vector<NetworkOutput> outputs;
  for (std::size_t branch = 0; branch < lld_.size(); ++branch) {
    torch::Tensor vector = lld_[branch]->forward(lld.branches[branch], lld.mask, input.keys);
    if (beside.defined()) vector = torch::cat({beside, vector}, 1);
    outputs.push_back(heads_[branch]->forward(vector, input.keys));
  }
  if (outputs.size() == 1) return outputs.front();
  const double w = shape_.lld_weight;
  NetworkOutput joined;
  joined.logits = join_logits({outputs[0].logits, outputs[1].logits}, w);
  joined.embedding = w * outputs[0].embedding + (1.0 - w) * outputs[1].embedding;
  for (const NetworkOutput& output : outputs) {
    joined.angular.insert(joined.angular.end(), output.angular.begin(), output.angular.end());
  }
  joined.first_head_weight = w;
  return joined;
}

}  // namespace mer
