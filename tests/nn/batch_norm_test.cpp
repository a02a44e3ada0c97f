#include "ops/batch_norm.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

constexpr double kEpsilon = 1e-5;

/// [3, 5, 7, 11] maps and a mask that has padding at the end, at the start and in between.
struct Example {
  torch::Tensor maps;
  StepMask mask;
};

Example example(torch::ScalarType type) {
  torch::manual_seed(3);
  const torch::Tensor maps = torch::randn({3, 5, 7, 11}, type);
  torch::Tensor valid = torch::ones({3, 11});
  valid[0].slice(0, 6).zero_();
  valid[1].slice(0, 0, 5).zero_();
  valid[2].slice(0, 4, 6).zero_();
  return {maps, StepMask::of(valid, 3, 11)};
}

/// A norm of five channels that has seen nothing yet.
BatchNormState norm_of(const torch::Tensor& weight, const torch::Tensor& bias) {
  return {weight, bias, torch::zeros({5}, weight.scalar_type()),
          torch::ones({5}, weight.scalar_type()), kEpsilon};
}

/// Any smooth function of a tensor whose gradient differs from element to element.
torch::Tensor weighted_sum(const torch::Tensor& y) {
  return (y * torch::arange(1, y.numel() + 1, y.options()).sin().view(y.sizes())).sum();
}

/// The same by LibTorch's elementary operations, whose gradients it knows.
torch::Tensor norm_by_libtorch(const torch::Tensor& x, const StepMask& step_mask,
                               const torch::Tensor& weight, const torch::Tensor& bias) {
  const torch::Tensor mask = step_mask.for_maps(x);
  const torch::Tensor count = mask.sum() * x.size(2);
  const torch::Tensor mean = (x * mask).sum({0, 2, 3}, true) / count;
  const torch::Tensor variance = ((x - mean) * mask).square().sum({0, 2, 3}, true) / count;
  const torch::Tensor y = (x - mean) / (variance + kEpsilon).sqrt() * weight.view({1, -1, 1, 1}) +
                          bias.view({1, -1, 1, 1});
  return torch::relu(y) * mask;
}

TEST(BatchNormRelu, AndItsGradientsEqualThoseOfElementaryOperations) {
  const Example e = example(torch::kDouble);
  const torch::Tensor weight = torch::randn({5}, torch::kDouble);
  const torch::Tensor bias = torch::randn({5}, torch::kDouble);
  std::vector<torch::Tensor> ours, theirs;
  for (const torch::Tensor& tensor : {e.maps, weight, bias}) {
    ours.push_back(tensor.clone().set_requires_grad(true));
    theirs.push_back(tensor.clone().set_requires_grad(true));
  }
  BatchNormState norm = norm_of(ours[1], ours[2]);
  const torch::Tensor y = batch_norm_relu(ours[0], e.mask, norm, true, {});
  const torch::Tensor expected = norm_by_libtorch(theirs[0], e.mask, theirs[1], theirs[2]);
  EXPECT_TRUE(near(y, expected, 1e-12));
  weighted_sum(y).backward();
  weighted_sum(expected).backward();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(near(ours[i].grad(), theirs[i].grad(), 1e-10)) << i;
  }
}

TEST(BatchNormRelu, InSinglePrecisionIsCloseToDoublePrecision) {
  const Example e = example(torch::kFloat);
  const torch::Tensor x = e.maps + 100.0;  // a mean that a sum of squares would drown in
  BatchNormState norm = norm_of(torch::ones({5}), torch::zeros({5}));
  const torch::Tensor expected =
      norm_by_libtorch(x.to(torch::kDouble), e.mask, torch::ones({5}, torch::kDouble),
                       torch::zeros({5}, torch::kDouble));
  EXPECT_TRUE(near(batch_norm_relu(x, e.mask, norm, true, {}).to(torch::kDouble), expected, 2e-5));
}

TEST(BatchNormRelu, InEvaluationTakesTheRunningMoments) {
  const Example e = example(torch::kDouble);
  const torch::Tensor weight = torch::randn({5}, torch::kDouble);
  const torch::Tensor bias = torch::randn({5}, torch::kDouble);
  const torch::Tensor mean = torch::randn({5}, torch::kDouble);
  const torch::Tensor variance = torch::rand({5}, torch::kDouble) + 0.1;
  const torch::Tensor ours = e.maps.clone().set_requires_grad(true);
  const torch::Tensor theirs = e.maps.clone().set_requires_grad(true);
  BatchNormState norm{weight, bias, mean.clone(), variance.clone(), kEpsilon};
  const torch::Tensor y = batch_norm_relu(ours, e.mask, norm, false, {});
  const auto per_channel = [](const torch::Tensor& values) { return values.view({1, -1, 1, 1}); };
  const torch::Tensor expected =
      torch::relu((theirs - per_channel(mean)) / per_channel(variance + kEpsilon).sqrt() *
                      per_channel(weight) +
                  per_channel(bias)) *
      e.mask.for_maps(theirs);
  EXPECT_TRUE(near(y, expected, 1e-12));
  weighted_sum(y).backward();
  weighted_sum(expected).backward();
  EXPECT_TRUE(near(ours.grad(), theirs.grad(), 1e-10));
  EXPECT_TRUE(torch::equal(norm.running_mean, mean));
}

TEST(BatchNormRelu, DoesNotDependOnTheNumberOfThreads) {
  const Example e = example(torch::kFloat);
  const auto run = [&](int threads) {
    torch::set_num_threads(threads);
    const torch::Tensor x = e.maps.clone().set_requires_grad(true);
    BatchNormState norm = norm_of(torch::ones({5}), torch::zeros({5}));
    const torch::Tensor y = batch_norm_relu(x, e.mask, norm, true, {});
    weighted_sum(y).backward();
    return std::make_pair(y.detach(), x.grad());
  };
  const auto [y_one, grad_one] = run(1);
  const auto [y_two, grad_two] = run(2);
  torch::set_num_threads(1);
  EXPECT_TRUE(torch::equal(y_one, y_two));
  EXPECT_TRUE(torch::equal(grad_one, grad_two));
}

}  // namespace
}  // namespace mer
