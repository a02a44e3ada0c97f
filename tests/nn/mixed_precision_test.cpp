#include "mer/nn/mixed_precision.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "networks/improved_cnn.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::Variant;

// A bfloat16 has eight significant bits: each product is off by up to 2^-8 of itself.
constexpr double kRounding = 0x1p-8;

torch::Tensor product_of_ones(bool on) {
  const MixedPrecision precision(on, torch::kCPU);
  return torch::mm(torch::ones({2, 3}), torch::ones({3, 2}));
}

TEST(MixedPrecision, MultipliesInBfloat16WhileItLives) {
  EXPECT_EQ(product_of_ones(true).scalar_type(), torch::kBFloat16);
  EXPECT_EQ(product_of_ones(false).scalar_type(), torch::kFloat);
}

TEST(MixedPrecision, SeesWeightsThatHaveChangedSinceTheLastStep) {
  const torch::Tensor weight = torch::ones({1, 1}, torch::requires_grad());
  const auto product = [&] {
    const MixedPrecision precision(true, torch::kCPU);
    return torch::mm(torch::ones({1, 1}), weight).to(torch::kFloat).item<float>();
  };
  EXPECT_EQ(product(), 1.0F);
  {
    const torch::NoGradGuard no_grad;
    weight.fill_(2.0);
  }
  EXPECT_EQ(product(), 2.0F);
}

TEST(AtLeastFloat, WidensBfloat16Only) {
  EXPECT_EQ(at_least_float(torch::ones({1}, torch::kBFloat16)).scalar_type(), torch::kFloat);
  EXPECT_EQ(at_least_float(torch::ones({1}, torch::kDouble)).scalar_type(), torch::kDouble);
}

struct Step {
  torch::Tensor logits;
  std::vector<torch::Tensor> gradients;
};

Step step_of(const Variant& variant, bool bf16) {
  const auto network = std::make_shared<ImprovedCnn>(variant.options, variant.shape);
  draw_weights(*network, 3);
  network->train();
  Step step;
  {
    const MixedPrecision precision(bf16, torch::kCPU);
    step.logits = at_least_float(network->forward(test::random_input(variant.shape, 4, 7)).logits);
  }
  step.logits.square().sum().backward();
  for (const torch::Tensor& parameter : network->parameters()) {
    EXPECT_EQ(parameter.scalar_type(), torch::kFloat);
    step.gradients.push_back(parameter.grad());
  }
  return step;
}

TEST(MixedPrecision, GivesTheOutputsOfFloatButForRounding) {
  for (const Variant& variant : test::variants()) {
    SCOPED_TRACE(variant.name);
    const Step in_float = step_of(variant, false);
    const Step in_bf16 = step_of(variant, true);
    const torch::Tensor difference = (in_float.logits - in_bf16.logits).detach();
    // Some ten layers of products and norms behind each other, each with its rounding.
    EXPECT_LT(difference.norm().item<double>(),
              10 * kRounding * in_float.logits.norm().item<double>());
    EXPECT_GT(difference.abs().max().item<double>(), 0.0);
    double product = 0.0;
    double squares = 0.0;
    double other_squares = 0.0;
    for (std::size_t i = 0; i < in_float.gradients.size(); ++i) {
      const torch::Tensor& gradient = in_float.gradients[i];
      EXPECT_EQ(in_bf16.gradients[i].scalar_type(), torch::kFloat);
      product += (gradient * in_bf16.gradients[i]).sum().item<double>();
      squares += gradient.square().sum().item<double>();
      other_squares += in_bf16.gradients[i].square().sum().item<double>();
    }
    // Where two elements of a pooling window are nearly equal another one may win, so that single
    // weights' gradients can differ by more; the direction of all of them together stays.
    EXPECT_GT(product / std::sqrt(squares * other_squares), 0.99);
  }
}

}  // namespace
}  // namespace mer
