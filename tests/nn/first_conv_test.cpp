#include "ops/first_conv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "ops/pool_norm.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

struct ConvExample {
  torch::Tensor input, valid, time_weight, frequency_weight;
};

/// 19 bands and 21 steps, neither a multiple of a block; padding at an end, a start and between.
ConvExample conv_example(torch::ScalarType type, std::int64_t channels) {
  torch::manual_seed(5);
  ConvExample e{torch::randn({3, 19, 21}, type), torch::ones({3, 21}),
                torch::randn({channels, 1, 1, 9}, type), torch::randn({channels, 1, 5, 1}, type)};
  e.valid[0].slice(0, 13).zero_();
  e.valid[1].slice(0, 0, 5).zero_();
  e.valid[2].slice(0, 8, 14).zero_();
  e.input *= e.valid.unsqueeze(1).to(type);
  e.time_weight.set_requires_grad(true);
  e.frequency_weight.set_requires_grad(true);
  return e;
}

/// LibTorch's convolutions, then the pooling that has tests of its own.
torch::Tensor by_single_operations(const ConvExample& e, int pool_frequency, int pool_time) {
  const torch::Tensor x = e.input.unsqueeze(1);
  const torch::Tensor maps =
      torch::cat({torch::conv2d(x, e.time_weight, {}, 1, torch::IntArrayRef({0, 4})),
                  torch::conv2d(x, e.frequency_weight, {}, 1, torch::IntArrayRef({2, 0}))},
                 1);
  return masked_max_pool(maps, e.valid, pool_frequency, pool_time);
}

TEST(FirstConvPool, AndItsGradientEqualConvolutionsAndPooling) {
  for (const torch::ScalarType type : {torch::kFloat, torch::kDouble}) {
    for (const std::int64_t channels : {8, 16}) {
      for (const auto& [pool_frequency, pool_time] :
           std::vector<std::pair<int, int>>{{1, 1}, {1, 2}, {2, 2}, {3, 4}, {32, 32}}) {
        const ConvExample ours = conv_example(type, channels);
        const ConvExample theirs = conv_example(type, channels);
        const torch::Tensor y = first_conv_pool(ours.input, ours.valid, ours.time_weight,
                                                ours.frequency_weight, pool_frequency, pool_time);
        const torch::Tensor expected = by_single_operations(theirs, pool_frequency, pool_time);
        EXPECT_TRUE(near(y, expected)) << pool_frequency << " x " << pool_time;
        const torch::Tensor slopes =
            torch::arange(1, y.numel() + 1, y.options()).sin().view(y.sizes());
        (y * slopes).sum().backward();
        (expected * slopes).sum().backward();
        EXPECT_TRUE(near(ours.time_weight.grad(), theirs.time_weight.grad()));
        EXPECT_TRUE(near(ours.frequency_weight.grad(), theirs.frequency_weight.grad()));
      }
    }
  }
}

TEST(FirstConvPool, LetsNaNThrough) {
  ConvExample e = conv_example(torch::kFloat, 8);
  e.input[0][10][10] = NAN;
  const torch::Tensor y =
      first_conv_pool(e.input, e.valid, e.time_weight, e.frequency_weight, 2, 2);
  // Steps 6 to 12 are valid and see step 10 through the nine taps along time, bands 8 to 12
  // through the five along frequency.
  EXPECT_TRUE(torch::isnan(y[0][0][5]).slice(0, 3, 7).all().item<bool>());
  EXPECT_TRUE(torch::isnan(y[0][8].slice(0, 4, 7).select(1, 5)).all().item<bool>());
  EXPECT_FALSE(torch::isnan(y.slice(0, 1)).any().item<bool>());
}

TEST(FirstConvPool, IsOnlyForChannelsInEightsAndForDataWithoutGradient) {
  EXPECT_TRUE(has_first_conv_pool(torch::zeros({1, 1, 4, 4}), torch::zeros({8, 1, 1, 9})));
  EXPECT_FALSE(has_first_conv_pool(torch::zeros({1, 1, 4, 4}), torch::zeros({2, 1, 1, 9})));
  EXPECT_FALSE(has_first_conv_pool(torch::zeros({1, 1, 4, 4}).set_requires_grad(true),
                                   torch::zeros({8, 1, 1, 9})));
}

}  // namespace
}  // namespace mer
