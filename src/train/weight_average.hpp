#pragma once

#include <cstdint>
#include <memory>

#include "mer/nn/loss.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// Exponential moving average of a network's and a loss's weights and running statistics:
///
///   average ← d · average + (1 − d) · weights,   d = min(decay, (1 + step) / (10 + step))
///
/// d grows with the steps, so that the first weights are soon forgotten. Kept as a network of its
/// own, which can be evaluated and saved like the other one.
/// Source: Polyak & Juditsky (1992); the growing d is TensorFlow's ExponentialMovingAverage.
class WeightAverage {
 public:
  /// @param network, loss  of the same sizes as those that are averaged; they become the average
  WeightAverage(std::shared_ptr<Network> network, std::shared_ptr<Loss> loss, double decay);

  /// @param step  from 1, of the optimizer that has just changed the weights
  void update(const Network& network, const Loss& loss, std::int64_t step);

  Network& network() const { return *network_; }
  Loss& loss() const { return *loss_; }

 private:
  std::shared_ptr<Network> network_;
  std::shared_ptr<Loss> loss_;
  double decay_;
};

}  // namespace mer
