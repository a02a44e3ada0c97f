#include "weight_average.hpp"

#include <algorithm>
#include <utility>

namespace mer {
namespace {

void move_towards(const torch::Tensor& average, const torch::Tensor& weights, double share) {
  if (average.is_floating_point()) {
    average.lerp_(weights, share);
  } else {
    average.copy_(weights);
  }
}

void move_module_towards(const torch::nn::Module& average, const torch::nn::Module& weights,
                         double share) {
  const auto parameters = weights.named_parameters();
  for (const auto& entry : average.named_parameters()) {
    move_towards(entry.value(), parameters[entry.key()], share);
  }
  const auto buffers = weights.named_buffers();
  for (const auto& entry : average.named_buffers()) {
    move_towards(entry.value(), buffers[entry.key()], share);
  }
}

}  // namespace

WeightAverage::WeightAverage(std::shared_ptr<Network> network, std::shared_ptr<Loss> loss,
                             double decay)
    : network_(std::move(network)), loss_(std::move(loss)), decay_(decay) {}

void WeightAverage::update(const Network& network, const Loss& loss, std::int64_t step) {
  const torch::NoGradGuard no_grad;
  const auto t = static_cast<double>(step);
  const double share = 1.0 - std::min(decay_, (1.0 + t) / (10.0 + t));
  move_module_towards(*network_, network, share);
  move_module_towards(*loss_, loss, share);
}

}  // namespace mer
