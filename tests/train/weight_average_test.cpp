#include "weight_average.hpp"

#include <gtest/gtest.h>

#include "../nn/small_network.hpp"
#include "mer/nn/loss.hpp"

namespace mer {
namespace {

std::shared_ptr<Network> network_with(double value) {
  auto network = make_network(test::small_options(), test::small_shape(), 1);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : network->parameters()) parameter.fill_(value);
  return network;
}

std::shared_ptr<Loss> loss_with(double value) {
  auto loss = make_loss(LossOptions(), 3, 6, 1);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : loss->parameters()) parameter.fill_(value);
  return loss;
}

double value_of(const torch::nn::Module& module) {
  double value = 0.0;
  for (const torch::Tensor& parameter : module.parameters()) {
    value = parameter.max().item<double>();
    EXPECT_EQ(parameter.min().item<double>(), value);
  }
  return value;
}

TEST(WeightAverage, ForgetsTheFirstWeightsFasterThanLaterOnes) {
  WeightAverage average(network_with(0.0), loss_with(4.0), 0.5);
  const auto network = network_with(1.0);
  const auto loss = loss_with(5.0);
  // Step 1: d = 2/11, so 9/11 of the way to the new weights.
  average.update(*network, *loss, 1);
  EXPECT_NEAR(value_of(average.network()), 9.0 / 11.0, 1e-6);
  EXPECT_NEAR(value_of(average.loss()), 4.0 + 9.0 / 11.0, 1e-6);
  // Step 100: 101/110 is more than the decay, so half of what is left.
  average.update(*network, *loss, 100);
  EXPECT_NEAR(value_of(average.network()), 10.0 / 11.0, 1e-6);
}

TEST(WeightAverage, FollowsRunningStatisticsToo) {
  WeightAverage average(network_with(0.0), loss_with(0.0), 0.5);
  const auto network = network_with(0.0);
  int num_statistics = 0;
  for (const auto& buffer : network->named_buffers()) {
    if (!buffer.value().is_floating_point()) continue;
    buffer.value().fill_(2.0);
    ++num_statistics;
  }
  ASSERT_GT(num_statistics, 0);
  for (int step = 0; step < 40; ++step) average.update(*network, *loss_with(0.0), 1000);
  for (const auto& buffer : average.network().named_buffers()) {
    if (!buffer.value().is_floating_point()) continue;
    EXPECT_NEAR(buffer.value().max().item<double>(), 2.0, 1e-5) << buffer.key();
  }
}

}  // namespace
}  // namespace mer
