#include "ops/given_norm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ops/conv_pool.hpp"
#include "ops/first_conv.hpp"
#include "ops/pool_norm.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

constexpr double kEpsilon = 1e-5;

/// Maps, masks with padding at the end, at the start and in between, and a batch norm with moments.
struct Example {
  torch::Tensor maps, valid, weight, bias, mean, variance;

  GivenNorm norm() const { return {weight, bias, mean, variance, kEpsilon}; }
};

Example example(torch::ScalarType type, std::int64_t maps, std::int64_t channels) {
  torch::manual_seed(3);
  Example e{torch::randn({3, maps, 7, 11}, type), torch::ones({3, 11}),
            torch::randn({channels}, type),       torch::randn({channels}, type),
            torch::randn({channels}, type),       torch::rand({channels}, type) + 0.1};
  e.valid[0].slice(0, 6).zero_();
  e.valid[1].slice(0, 0, 5).zero_();
  e.valid[2].slice(0, 4, 6).zero_();
  e.maps *= e.valid.view({3, 1, 1, 11}).to(type);
  return e;
}

/// By the operations that training takes, which have tests of their own.
torch::Tensor pool_then_norm(const torch::Tensor& maps, const Example& e, int pool_frequency,
                             int pool_time) {
  const torch::Tensor pooled_valid =
      torch::max_pool1d(e.valid, pool_time, pool_time, 0, 1, /*ceil_mode=*/true);
  return norm_relu_with(masked_max_pool(maps, e.valid, pool_frequency, pool_time), pooled_valid,
                        e.weight, e.bias, e.mean, e.variance, kEpsilon);
}

const std::vector<std::pair<int, int>> kPoolings = {{1, 1}, {1, 2}, {2, 2}, {3, 4}, {32, 32}};

TEST(MaxPoolNormRelu, EqualsPoolingAndThenNormalizing) {
  for (const torch::ScalarType type : {torch::kFloat, torch::kDouble}) {
    for (const std::int64_t channels : {1, 5, 8, 19, 24}) {  // whole vectors and remainders
      for (const auto& [pool_frequency, pool_time] : kPoolings) {
        const Example e = example(type, channels, channels);
        EXPECT_TRUE(near(max_pool_norm_relu(e.maps, e.valid, pool_frequency, pool_time, e.norm()),
                         pool_then_norm(e.maps, e, pool_frequency, pool_time)))
            << channels << " channels, " << pool_frequency << " x " << pool_time;
      }
    }
  }
}

TEST(MaxPoolNormRelu, LetsNaNThroughWhereverItStandsInAWindow) {
  for (const std::int64_t channels : {1, 8}) {
    for (const std::int64_t place : {0, 1}) {
      Example e = example(torch::kFloat, channels, channels);
      e.valid.fill_(1.0);
      e.maps[1][0][2][place] = NAN;
      const torch::Tensor y = max_pool_norm_relu(e.maps, e.valid, 1, 2, e.norm());
      EXPECT_TRUE(std::isnan(y[1][0][2][0].item<float>())) << place;
      EXPECT_EQ(torch::isnan(y).sum().item<std::int64_t>(), 1);
    }
  }
}

TEST(FirstConvPoolNormRelu, EqualsFirstConvPoolAndThenNormalizing) {
  for (const torch::ScalarType type : {torch::kFloat, torch::kDouble}) {
    for (const auto& [pool_frequency, pool_time] : kPoolings) {
      const Example e = example(type, 1, 16);
      const torch::Tensor map = e.maps.squeeze(1);
      const torch::Tensor time = torch::randn({8, 1, 1, 9}, type);
      const torch::Tensor frequency = torch::randn({8, 1, 5, 1}, type);
      const torch::Tensor pooled_valid =
          torch::max_pool1d(e.valid, pool_time, pool_time, 0, 1, /*ceil_mode=*/true);
      const torch::Tensor expected =
          norm_relu_with(first_conv_pool(map, e.valid, time, frequency, pool_frequency, pool_time),
                         pooled_valid, e.weight, e.bias, e.mean, e.variance, kEpsilon);
      EXPECT_TRUE(near(first_conv_pool_norm_relu(map, e.valid, time, frequency, pool_frequency,
                                                 pool_time, e.norm()),
                       expected))
          << pool_frequency << " x " << pool_time;
    }
  }
}

TEST(ConvPoolNormRelu, EqualsLibTorchsConvolutionAndPoolingAndNormalizing) {
  for (const std::int64_t channels : {8, 24, 40}) {
    for (const auto& [pool_frequency, pool_time] : kPoolings) {
      const Example e = example(torch::kFloat, 16, channels);
      const torch::Tensor weight = torch::randn({channels, 16, 3, 3});
      const torch::Tensor maps = torch::conv2d(e.maps, weight, {}, 1, 1);
      // The maps before the norm have a deviation of 12.
      EXPECT_TRUE(
          near(conv_pool_norm_relu(e.maps, weight, e.valid, pool_frequency, pool_time, e.norm()),
               pool_then_norm(maps, e, pool_frequency, pool_time), 3e-4))
          << channels << ", " << pool_frequency << " x " << pool_time;
    }
  }
}

}  // namespace
}  // namespace mer
