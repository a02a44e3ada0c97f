#include "ops/winograd.hpp"

#include <gtest/gtest.h>

#include "ops/own_kernels.hpp"
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

TEST(WinogradConv, GradientsEqualThoseOfLibTorchInDoublePrecision) {
  torch::manual_seed(8);
  for (const auto& [batch, rows, columns] : {std::tuple{1, 5, 6}, {3, 8, 8}, {19, 3, 13}}) {
    const torch::Tensor maps = torch::randn({batch, 16, rows, columns}).requires_grad_();
    const torch::Tensor weight = torch::randn({40, 16, 3, 3}).requires_grad_();
    const torch::Tensor out_grad = torch::randn({batch, 40, rows, columns});
    const auto grads_of = [&](const torch::Tensor& out, torch::ScalarType type) {
      return torch::autograd::grad({out}, {maps, weight}, {out_grad.to(type)});
    };
    const auto ours = grads_of(winograd_conv(maps, weight), torch::kFloat);
    const auto exact =
        grads_of(torch::conv2d(maps.to(torch::kDouble), weight.to(torch::kDouble), {}, 1, 1),
                 torch::kDouble);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      ASSERT_EQ(ours[i].sizes(), exact[i].sizes());
      EXPECT_LT((ours[i] - exact[i]).norm().item<double>() / exact[i].norm().item<double>(), 5e-6)
          << (i == 0 ? "maps of " : "weight, maps of ") << rows << " x " << columns;
    }
  }
}

TEST(WinogradConv, GivesNoGradientWhereNoneIsWanted) {
  const torch::Tensor maps = torch::randn({2, 8, 4, 4});
  const torch::Tensor weight = torch::randn({8, 8, 3, 3}).requires_grad_();
  winograd_conv(maps, weight).sum().backward();
  EXPECT_TRUE(weight.grad().defined());
  EXPECT_FALSE(maps.grad().defined());
}

TEST(WinogradConv, GivesTheSameBitsOnAnyNumberOfThreads) {
  torch::manual_seed(9);
  const torch::Tensor maps = torch::randn({20, 16, 9, 10}).requires_grad_();
  const torch::Tensor weight = torch::randn({24, 16, 3, 3}).requires_grad_();
  const auto results = [&](int threads) {
    const int before = torch::get_num_threads();
    torch::set_num_threads(threads);
    const torch::Tensor out = winograd_conv(maps, weight);
    auto all = torch::autograd::grad({out}, {maps, weight}, {torch::cos(out).detach()});
    all.push_back(out);
    torch::set_num_threads(before);
    return all;
  };
  const auto one = results(1);
  const auto four = results(4);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], four[i])) << i;
}

TEST(WinogradConv, KnowsWhichConvolutionsItIsFor) {
  const auto fits = [](torch::IntArrayRef weight, torch::ScalarType type = torch::kFloat) {
    return WinogradConv::fits(torch::zeros({1, 16, 4, 4}, type), torch::zeros(weight, type));
  };
  EXPECT_TRUE(fits({8, 16, 3, 3}));
  EXPECT_FALSE(fits({8, 16, 3, 3}, torch::kDouble));
  EXPECT_FALSE(fits({8, 1, 3, 3}));
  EXPECT_FALSE(fits({12, 16, 3, 3}));
  EXPECT_FALSE(fits({8, 16, 5, 5}));
  const LibTorchOnly libtorch;
  EXPECT_FALSE(fits({8, 16, 3, 3}));
}

}  // namespace
}  // namespace mer
