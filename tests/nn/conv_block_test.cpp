#include "ops/conv_block.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "ops/own_kernels.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<PoolSizes> kPoolings = {{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 4}, {32, 32}};

std::string name_of(PoolSizes pool) {
  return std::to_string(pool.frequency) + " x " + std::to_string(pool.time);
}

/// Maps with 0 at padded steps, and a mask that has padding at the end, at the start and in
/// between.
struct PaddedMaps {
  torch::Tensor maps;
  StepMask mask;
};

PaddedMaps padded_maps(torch::ScalarType type, std::int64_t channels) {
  torch::manual_seed(3);
  torch::Tensor valid = torch::ones({3, 11});
  valid[0].slice(0, 6).zero_();
  valid[1].slice(0, 0, 5).zero_();
  valid[2].slice(0, 4, 6).zero_();
  const StepMask mask = StepMask::of(valid, 3, 11);
  const torch::Tensor maps = torch::randn({3, channels, 7, 11}, type);
  return {maps * mask.for_maps(maps), mask};
}

/// A batch norm that has learned and seen something; scales of both signs.
BatchNormState random_norm(std::int64_t channels) {
  return {torch::randn({channels}), torch::randn({channels}), torch::randn({channels}),
          torch::rand({channels}) + 0.1};
}

/// Any smooth function of a tensor whose gradient differs from element to element.
torch::Tensor uneven_sum(const torch::Tensor& y) {
  return (y * torch::arange(1, y.numel() + 1, y.options()).sin().view(y.sizes())).sum();
}

torch::Tensor pool_by_libtorch(const torch::Tensor& maps, const StepMask& mask, PoolSizes pool) {
  const std::vector<std::int64_t> window = {pool.frequency, pool.time};
  const torch::Tensor pooled =
      torch::max_pool2d(maps.masked_fill(mask.for_maps(maps) == 0, -kInfinity), window, window, 0,
                        1, /*ceil_mode=*/true);
  return pooled.masked_fill(pooled == -kInfinity, 0.0);
}

TEST(MaxPool, AndItsGradientEqualLibTorchsOverMinusInfinity) {
  for (const torch::ScalarType type : {torch::kFloat, torch::kDouble}) {
    for (const at::MemoryFormat layout :
         {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      for (const PoolSizes pool : kPoolings) {
        if (pool.frequency * pool.time == 1) continue;  // leaves maps as they are
        const PaddedMaps e = padded_maps(type, 5);
        const torch::Tensor ours = e.maps.clone().set_requires_grad(true);
        const torch::Tensor theirs = e.maps.clone().set_requires_grad(true);
        const torch::Tensor pooled = max_pool(ours.contiguous(layout).clone(), e.mask, pool);
        const torch::Tensor expected = pool_by_libtorch(theirs, e.mask, pool);
        EXPECT_TRUE(torch::equal(pooled, expected)) << name_of(pool);
        uneven_sum(pooled).backward();
        uneven_sum(expected).backward();
        EXPECT_TRUE(near(ours.grad(), theirs.grad())) << name_of(pool);
      }
    }
  }
}

TEST(MaxPool, LetsNaNThroughAndGivesTheFirstOfEqualMaximaTheGradient) {
  torch::Tensor x = torch::tensor({1.0F, NAN, 2.0F, 5.0F, 5.0F, 0.0F}).view({1, 1, 1, 6});
  x.set_requires_grad(true);
  const torch::Tensor y = max_pool(x.clone(), StepMask::of(torch::ones({1, 6}), 1, 6), {1, 3});
  EXPECT_TRUE(std::isnan(y[0][0][0][0].item<float>()));
  EXPECT_EQ(y[0][0][0][1].item<float>(), 5.0F);
  y.sum().backward();
  const torch::Tensor expected = torch::tensor({0.0F, 1.0F, 0.0F, 1.0F, 0.0F, 0.0F});
  EXPECT_TRUE(torch::equal(x.grad().flatten(), expected));
}

/// In evaluation by an own kernel, and by LibTorch.
void expect_same_by_libtorch(const PaddedMaps& e, const std::vector<torch::Tensor>& weights,
                             PoolSizes pool, double tolerance) {
  std::int64_t channels = 0;
  for (const torch::Tensor& weight : weights) channels += weight.size(0);
  BatchNormState norm = random_norm(channels);
  const torch::NoGradGuard no_grad;
  const torch::Tensor ours = conv_pool_norm_relu(e.maps, e.mask, weights, pool, norm, false, {});
  const LibTorchOnly libtorch;
  const torch::Tensor theirs = conv_pool_norm_relu(e.maps, e.mask, weights, pool, norm, false, {});
  EXPECT_GT(theirs.max().item<float>(), 0.0F);
  EXPECT_TRUE(near(ours, theirs, tolerance)) << channels << " channels, pool " << name_of(pool);
  EXPECT_EQ((ours * (1 - e.mask.pooled(pool.time).for_maps(ours))).abs().max().item<float>(), 0.0F);
}

TEST(ConvPoolNormRelu, OfOneMapIsTheSameByOwnKernelAndByLibTorch) {
  for (const std::int64_t channels : {1, 5, 8, 19}) {  // whole vectors and remainders
    for (const PoolSizes pool : kPoolings) {
      const PaddedMaps e = padded_maps(torch::kFloat, 1);
      expect_same_by_libtorch(
          e, {torch::randn({channels, 1, 1, 9}), torch::randn({channels, 1, 5, 1})}, pool, 3e-5);
      expect_same_by_libtorch(e, {torch::randn({channels, 1, 3, 3})}, pool, 3e-5);
    }
  }
}

TEST(ConvPoolNormRelu, OfSquaresOfThreeIsTheSameByOwnKernelAndByLibTorch) {
  for (const std::int64_t channels : {8, 24, 40}) {
    for (const PoolSizes pool : kPoolings) {
      // The maps before the norm have a deviation of 12.
      expect_same_by_libtorch(padded_maps(torch::kFloat, 16), {torch::randn({channels, 16, 3, 3})},
                              pool, 3e-4);
    }
  }
}

TEST(ConvPoolNormRelu, LetsNaNThroughWhereverItStandsInAWindow) {
  for (const std::int64_t place : {4, 5}) {
    torch::Tensor maps = torch::randn({2, 1, 7, 11});
    maps[1][0][2][place] = NAN;
    const StepMask mask = StepMask::of(torch::ones({2, 11}), 2, 11);
    BatchNormState norm = random_norm(8);
    const torch::NoGradGuard no_grad;
    const torch::Tensor y =
        conv_pool_norm_relu(maps, mask, {torch::randn({8, 1, 1, 1})}, {1, 2}, norm, false, {});
    EXPECT_TRUE(torch::isnan(y[1].select(1, 2).select(1, 2)).all().item<bool>()) << place;
    EXPECT_EQ(torch::isnan(y).sum().item<std::int64_t>(), 8);
  }
}

torch::Tensor tagger_layer(const torch::Tensor& maps, const torch::Tensor& weight,
                           const torch::Tensor& bias, BatchNormState& norm,
                           const TaggerPool& pool) {
  const torch::NoGradGuard no_grad;
  return conv_relu_norm_max_pool(maps, weight, bias, norm, pool, false, {});
}

TEST(ConvReluNormMaxPool, IsTheSameByOwnKernelAndByLibTorch) {
  torch::manual_seed(11);
  for (const std::int64_t in_channels : {1, 16}) {
    for (const TaggerPool& pool : {TaggerPool{4, 1, 2, 2}, TaggerPool{2, 2, 2, 2},
                                   TaggerPool{4, 4, 4, 4}, TaggerPool{1, 1, 1, 1}}) {
      for (const auto& [steps, bands] : {std::pair{4, 4}, {13, 10}, {8, 9}}) {
        const torch::Tensor maps = torch::randn({3, in_channels, steps, bands});
        const torch::Tensor weight = torch::randn({24, in_channels, 3, 3});
        const torch::Tensor bias = torch::randn({24});
        BatchNormState norm = random_norm(24);
        const torch::Tensor ours = tagger_layer(maps, weight, bias, norm, pool);
        const LibTorchOnly libtorch;
        EXPECT_TRUE(near(ours, tagger_layer(maps, weight, bias, norm, pool), 3e-4))
            << in_channels << " maps of " << steps << " x " << bands << ", pool " << pool.steps
            << " x " << pool.bands;  // sums of deviation 12
      }
    }
  }
}

TEST(ConvReluNormMaxPool, LetsNaNThroughLikeAConvolution) {
  torch::manual_seed(12);
  torch::Tensor maps = torch::randn({1, 1, 8, 8});
  maps[0][0][3][3] = NAN;
  const torch::Tensor weight = torch::randn({8, 1, 3, 3});
  const torch::Tensor bias = torch::randn({8});
  BatchNormState norm = random_norm(8);
  const torch::Tensor ours = tagger_layer(maps, weight, bias, norm, {2, 2, 2, 2});
  const LibTorchOnly libtorch;
  EXPECT_TRUE(torch::equal(torch::isnan(ours),
                           torch::isnan(tagger_layer(maps, weight, bias, norm, {2, 2, 2, 2}))));
}

}  // namespace
}  // namespace mer
