#include "ops/tagger_conv_pool.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "ops/own_kernels.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

TaggerConvValues random_values(std::int64_t in_channels, std::int64_t channels) {
  return {torch::randn({channels, in_channels, 3, 3}), torch::randn({channels}),
          torch::randn({channels}), torch::randn({channels})};  // scales of both signs
}

torch::Tensor by_libtorch(const torch::Tensor& maps, const TaggerConvValues& values,
                          const TaggerPool& pool) {
  const torch::Tensor sums = torch::conv2d(maps, values.weight, values.bias, 1, 1);
  const torch::Tensor normed =
      torch::relu(sums) * values.scale.view({-1, 1, 1}) + values.shift.view({-1, 1, 1});
  return torch::max_pool2d(normed, {pool.steps, pool.bands}, {pool.step_stride, pool.band_stride});
}

TEST(ConvReluNormMaxPool, EqualsTheSingleOperations) {
  torch::manual_seed(11);
  for (const std::int64_t in_channels : {1, 16}) {
    for (const TaggerPool& pool : {TaggerPool{4, 1, 2, 2}, TaggerPool{2, 2, 2, 2},
                                   TaggerPool{4, 4, 4, 4}, TaggerPool{1, 1, 1, 1}}) {
      for (const auto& [steps, bands] : {std::pair{4, 4}, {13, 10}, {8, 9}}) {
        const torch::Tensor maps = torch::randn({3, in_channels, steps, bands});
        const TaggerConvValues values = random_values(in_channels, 24);
        ASSERT_TRUE(has_conv_relu_norm_max_pool(maps, values.weight));
        EXPECT_TRUE(test::near(conv_relu_norm_max_pool(maps, values, pool),
                               by_libtorch(maps, values, pool), 2e-4))  // sums of deviation 12
            << in_channels << " maps of " << steps << " x " << bands << ", pool " << pool.steps
            << " x " << pool.bands;
      }
    }
  }
}

TEST(ConvReluNormMaxPool, LetsNaNThroughLikeAConvolution) {
  torch::manual_seed(12);
  torch::Tensor maps = torch::randn({1, 1, 8, 8});
  maps[0][0][3][3] = NAN;
  const TaggerConvValues values = random_values(1, 8);
  const TaggerPool pool = {2, 2, 2, 2};
  EXPECT_TRUE(torch::equal(torch::isnan(conv_relu_norm_max_pool(maps, values, pool)),
                           torch::isnan(by_libtorch(maps, values, pool))));
}

TEST(ConvReluNormMaxPool, IsForOneMapOrForChannelsInEights) {
  const auto has = [](std::int64_t in_channels, std::int64_t side) {
    return has_conv_relu_norm_max_pool(torch::zeros({1, in_channels, 4, 4}),
                                       torch::zeros({8, in_channels, side, side}));
  };
  EXPECT_TRUE(has(1, 3));
  EXPECT_TRUE(has(8, 3));
  EXPECT_FALSE(has(3, 3));
  EXPECT_FALSE(has(1, 5));
  const LibTorchOnly libtorch;
  EXPECT_FALSE(has(1, 3));
}

}  // namespace
}  // namespace mer
