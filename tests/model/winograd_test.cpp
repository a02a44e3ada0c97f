#include "winograd.hpp"

#include <gtest/gtest.h>

#include "small_network.hpp"

namespace mer {
namespace {

/// By WinogradConv, [channels, rows, columns].
torch::Tensor convolved(const torch::Tensor& maps, const torch::Tensor& weight) {
  const torch::Tensor rows_first = maps.permute({1, 2, 0}).contiguous();
  torch::Tensor out = torch::full({maps.size(1), maps.size(2), weight.size(0)}, NAN);
  WinogradConv::Scratch scratch;
  WinogradConv(weight).convolve(rows_first.data_ptr<float>(), maps.size(1), maps.size(2),
                                out.data_ptr<float>(), scratch);
  return out.permute({2, 0, 1});
}

double relative_error(const torch::Tensor& ours, const torch::Tensor& maps,
                      const torch::Tensor& weight) {
  const torch::Tensor exact =
      torch::conv2d(maps.unsqueeze(0).to(torch::kDouble), weight.to(torch::kDouble), {}, 1, 1)[0];
  return (ours - exact).norm().item<double>() / exact.norm().item<double>();
}

TEST(WinogradConv, EqualsTheConvolutionForAnySize) {
  torch::manual_seed(5);
  const torch::Tensor weight = torch::randn({24, 16, 3, 3});
  for (const std::int64_t rows : {1, 2, 4, 7}) {
    for (const std::int64_t columns : {1, 3, 4, 5, 13}) {
      const torch::Tensor maps = torch::randn({16, rows, columns});
      EXPECT_LT(relative_error(convolved(maps, weight), maps, weight), 5e-6)
          << rows << " x " << columns;
    }
  }
}

TEST(WinogradConv, RoundsAsItsHeaderSays) {
  torch::manual_seed(6);
  for (const auto& [channels, largest] : {std::pair{16, 1.5e-6}, std::pair{128, 3e-6}}) {
    const torch::Tensor maps = torch::randn({channels, 16, 16});
    const torch::Tensor weight = torch::randn({channels, channels, 3, 3});
    EXPECT_LT(relative_error(convolved(maps, weight), maps, weight), largest) << channels;
  }
}

TEST(WinogradConv, GivesAShorterMapTheSameBitsAmongZeros) {
  torch::manual_seed(7);
  const torch::Tensor weight = torch::randn({32, 8, 3, 3});
  torch::Tensor maps = torch::zeros({8, 6, 21});
  maps.narrow(2, 0, 10).copy_(torch::randn({8, 6, 10}));
  const torch::Tensor shorter = convolved(maps.narrow(2, 0, 10), weight);
  EXPECT_TRUE(torch::equal(convolved(maps, weight).narrow(2, 0, 10), shorter));
}

TEST(WinogradConv, KnowsWhichConvolutionsItIsFor) {
  EXPECT_TRUE(WinogradConv::fits(torch::zeros({8, 16, 3, 3})));
  EXPECT_FALSE(WinogradConv::fits(torch::zeros({8, 16, 3, 3}, torch::kDouble)));
  EXPECT_FALSE(WinogradConv::fits(torch::zeros({8, 1, 3, 3})));
  EXPECT_FALSE(WinogradConv::fits(torch::zeros({12, 8, 3, 3})));
  EXPECT_FALSE(WinogradConv::fits(torch::zeros({8, 8, 1, 3})));
}

}  // namespace
}  // namespace mer
