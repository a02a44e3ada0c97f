#include "ops/pool_norm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEpsilon = 1e-5;

/// [3, 5, 7, 11] maps and a mask that has padding at the end, at the start and in between.
struct Example {
  torch::Tensor maps, valid;
};

Example example(torch::ScalarType type) {
  torch::manual_seed(3);
  Example e{torch::randn({3, 5, 7, 11}, type), torch::ones({3, 11})};
  e.valid[0].slice(0, 6).zero_();
  e.valid[1].slice(0, 0, 5).zero_();
  e.valid[2].slice(0, 4, 6).zero_();
  return e;
}

torch::Tensor for_maps(const torch::Tensor& valid) {
  return valid.to(torch::kBool).view({valid.size(0), 1, 1, valid.size(1)});
}

/// Any smooth function of a tensor whose gradient differs from element to element.
torch::Tensor weighted_sum(const torch::Tensor& y) {
  return (y * torch::arange(1, y.numel() + 1, y.options()).sin().view(y.sizes())).sum();
}

torch::Tensor pool_by_libtorch(const torch::Tensor& maps, const torch::Tensor& valid,
                               int pool_frequency, int pool_time) {
  const torch::Tensor pooled = torch::max_pool2d(
      maps.masked_fill(for_maps(valid).logical_not(), -kInfinity), {pool_frequency, pool_time},
      {pool_frequency, pool_time}, 0, 1, /*ceil_mode=*/true);
  return pooled.masked_fill(pooled == -kInfinity, 0.0);
}

TEST(MaskedMaxPool, AndItsGradientEqualLibTorchsOverMinusInfinity) {
  for (const torch::ScalarType type : {torch::kFloat, torch::kDouble}) {
    for (const auto& [pool_frequency, pool_time] :
         std::vector<std::pair<int, int>>{{1, 2}, {2, 1}, {2, 2}, {3, 4}, {16, 16}}) {
      const Example e = example(type);
      const torch::Tensor ours = e.maps.clone().set_requires_grad(true);
      const torch::Tensor theirs = e.maps.clone().set_requires_grad(true);
      const torch::Tensor pooled = masked_max_pool(ours, e.valid, pool_frequency, pool_time);
      const torch::Tensor expected = pool_by_libtorch(theirs, e.valid, pool_frequency, pool_time);
      EXPECT_TRUE(torch::equal(pooled, expected)) << pool_frequency << " x " << pool_time;
      weighted_sum(pooled).backward();
      weighted_sum(expected).backward();
      EXPECT_TRUE(near(ours.grad(), theirs.grad())) << pool_frequency << " x " << pool_time;
    }
  }
}

TEST(MaskedMaxPool, TakesChannelsLastMapsAsWell) {
  const Example e = example(torch::kFloat);
  EXPECT_TRUE(torch::equal(
      masked_max_pool(e.maps.contiguous(at::MemoryFormat::ChannelsLast), e.valid, 2, 3),
      masked_max_pool(e.maps, e.valid, 2, 3)));
}

TEST(MaskedMaxPool, LetsNaNThroughAndGivesTheFirstOfEqualMaximaTheGradient) {
  torch::Tensor x = torch::tensor({1.0F, NAN, 2.0F, 5.0F, 5.0F, 0.0F}).view({1, 1, 1, 6});
  x.set_requires_grad(true);
  const torch::Tensor y = masked_max_pool(x, torch::ones({1, 6}), 1, 3);
  EXPECT_TRUE(std::isnan(y[0][0][0][0].item<float>()));
  EXPECT_EQ(y[0][0][0][1].item<float>(), 5.0F);
  y.sum().backward();
  const torch::Tensor expected = torch::tensor({0.0F, 1.0F, 0.0F, 1.0F, 0.0F, 0.0F});
  EXPECT_TRUE(torch::equal(x.grad().flatten(), expected));
}

/// The same by LibTorch's elementary operations, whose gradients it knows.
torch::Tensor norm_by_libtorch(const torch::Tensor& x, const torch::Tensor& valid,
                               const torch::Tensor& weight, const torch::Tensor& bias) {
  const torch::Tensor mask = for_maps(valid).to(x.scalar_type());
  const torch::Tensor count = mask.sum() * x.size(2);
  const torch::Tensor mean = (x * mask).sum({0, 2, 3}, true) / count;
  const torch::Tensor variance = ((x - mean) * mask).square().sum({0, 2, 3}, true) / count;
  const torch::Tensor y = (x - mean) / (variance + kEpsilon).sqrt() * weight.view({1, -1, 1, 1}) +
                          bias.view({1, -1, 1, 1});
  return torch::relu(y) * mask;
}

TEST(NormRelu, AndItsGradientsEqualThoseOfElementaryOperations) {
  const Example e = example(torch::kDouble);
  const torch::Tensor weight = torch::randn({5}, torch::kDouble);
  const torch::Tensor bias = torch::randn({5}, torch::kDouble);
  std::vector<torch::Tensor> ours, theirs;
  for (const torch::Tensor& tensor : {e.maps, weight, bias}) {
    ours.push_back(tensor.clone().set_requires_grad(true));
    theirs.push_back(tensor.clone().set_requires_grad(true));
  }
  const NormalizedMaps result = norm_relu(ours[0], e.valid, ours[1], ours[2], kEpsilon);
  const torch::Tensor expected = norm_by_libtorch(theirs[0], e.valid, theirs[1], theirs[2]);
  EXPECT_EQ(result.count, e.valid.sum().item<double>() * 7);
  EXPECT_TRUE(near(result.maps, expected, 1e-12));
  weighted_sum(result.maps).backward();
  weighted_sum(expected).backward();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(near(ours[i].grad(), theirs[i].grad(), 1e-10)) << i;
  }
}

TEST(NormRelu, InSinglePrecisionIsCloseToDoublePrecision) {
  Example e = example(torch::kFloat);
  const torch::Tensor x = e.maps + 100.0;  // a mean that a sum of squares would drown in
  const NormalizedMaps result =
      norm_relu(x, e.valid, torch::ones({5}), torch::zeros({5}), kEpsilon);
  const torch::Tensor expected =
      norm_by_libtorch(x.to(torch::kDouble), e.valid, torch::ones({5}, torch::kDouble),
                       torch::zeros({5}, torch::kDouble));
  EXPECT_TRUE(near(result.maps.to(torch::kDouble), expected, 2e-5));
}

TEST(NormRelu, WithGivenMomentsEqualsBatchNormInEvaluation) {
  const Example e = example(torch::kDouble);
  const torch::Tensor weight = torch::randn({5}, torch::kDouble);
  const torch::Tensor bias = torch::randn({5}, torch::kDouble);
  const torch::Tensor mean = torch::randn({5}, torch::kDouble);
  const torch::Tensor variance = torch::rand({5}, torch::kDouble) + 0.1;
  const torch::Tensor ours = e.maps.clone().set_requires_grad(true);
  const torch::Tensor theirs = e.maps.clone().set_requires_grad(true);
  const torch::Tensor y = norm_relu_with(ours, e.valid, weight, bias, mean, variance, kEpsilon);
  const torch::Tensor expected = torch::relu(torch::batch_norm(theirs, weight, bias, mean, variance,
                                                               false, 0.1, kEpsilon, false)) *
                                 for_maps(e.valid);
  EXPECT_TRUE(near(y, expected, 1e-12));
  weighted_sum(y).backward();
  weighted_sum(expected).backward();
  EXPECT_TRUE(near(ours.grad(), theirs.grad(), 1e-10));
}

TEST(NormRelu, DoesNotDependOnTheNumberOfThreads) {
  const Example e = example(torch::kFloat);
  const auto run = [&](int threads) {
    torch::set_num_threads(threads);
    const torch::Tensor x = e.maps.clone().set_requires_grad(true);
    const torch::Tensor y =
        norm_relu(x, e.valid, torch::ones({5}), torch::zeros({5}), kEpsilon).maps;
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
