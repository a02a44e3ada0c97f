#include "mer/train/optimizer.hpp"

#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

struct ToyNetwork : torch::nn::Module {
  explicit ToyNetwork(float value = 1.0F)
      : weight(register_parameter("weight", torch::full({1, 2}, value))),
        kernel(register_parameter("kernel", torch::full({1, 1, 2, 2}, value))),
        bias(register_parameter("bias", torch::full({2}, value))) {}
  torch::Tensor weight, kernel, bias;
};

struct ToyLoss : torch::nn::Module {
  ToyLoss() : centers(register_parameter("centers", torch::ones({2, 2}))) {}
  torch::Tensor centers;
};

void set_gradient(torch::Tensor& parameter, const torch::Tensor& gradient) {
  parameter.mutable_grad() = gradient;
}

TEST(AdamW, DecaysMatricesAndKernelsOfTheNetworkOnly) {
  ToyNetwork network;
  ToyLoss loss;
  const AdamW optimizer(TrainOptions(), network, loss);
  std::map<std::string, bool> decays;
  for (const AdamW::Entry& entry : optimizer.entries()) decays[entry.name] = entry.decays;
  const std::map<std::string, bool> expected = {{"network.weight", true},
                                                {"network.kernel", true},
                                                {"network.bias", false},
                                                {"loss.centers", false}};
  EXPECT_EQ(decays, expected);
}

TEST(AdamW, TakesTheStepsThatTheFormulaGives) {
  // Gradient 0.5 every time: m̂ = 0.5, v̂ = 0.25 (bias-corrected), so each step is
  // p ← (1 − lr · decay) · p − lr · 0.5 / 0.5 with lr 0.1 and decay 0.2:
  // 1 → 0.98 − 0.1 = 0.88 → 0.8624 − 0.1 = 0.7624; without decay 1 → 0.9 → 0.8.
  TrainOptions options;
  options.weight_decay = 0.2;
  options.epsilon = 1e-12;
  ToyNetwork network;
  ToyLoss loss;
  AdamW optimizer(options, network, loss);
  const double with_decay[] = {0.88, 0.7624};
  const double without[] = {0.9, 0.8};
  for (const int step : {0, 1}) {
    optimizer.clear_gradients();
    set_gradient(network.weight, torch::full({1, 2}, 0.5F));
    set_gradient(network.bias, torch::full({2}, 0.5F));
    optimizer.step(0.1);
    EXPECT_NEAR(network.weight[0][1].item<double>(), with_decay[step], 1e-6);
    EXPECT_NEAR(network.bias[0].item<double>(), without[step], 1e-6);
  }
  EXPECT_EQ(network.kernel[0][0][0][0].item<float>(), 1.0F);  // it had no gradient
}

TEST(AdamW, MomentsFollowChangingGradients) {
  // β1 = 0.5, β2 = 0.75, g = 1 then 3: m = 0.5 → 1.75, m̂ = 1.75 / 0.75 = 7/3;
  // v = 0.25 → 2.4375, v̂ = 2.4375 / 0.4375 = 39/7; the second step is 0.1 · (7/3) / sqrt(39/7).
  TrainOptions options;
  options.weight_decay = 0.0;
  options.beta1 = 0.5;
  options.beta2 = 0.75;
  options.epsilon = 1e-12;
  ToyNetwork network;
  ToyLoss loss;
  AdamW optimizer(options, network, loss);
  set_gradient(network.bias, torch::full({2}, 1.0F));
  optimizer.step(0.1);
  set_gradient(network.bias, torch::full({2}, 3.0F));
  optimizer.step(0.1);
  EXPECT_NEAR(network.bias[0].item<double>(), 0.9 - 0.1 * (7.0 / 3.0) / std::sqrt(39.0 / 7.0),
              1e-6);
}

TEST(AdamW, ClipsTheNormOfAllGradientsTogether) {
  ToyNetwork network;
  ToyLoss loss;
  AdamW optimizer(TrainOptions(), network, loss);
  set_gradient(network.weight, torch::tensor({{3.0F, 0.0F}}));
  set_gradient(network.bias, torch::tensor({0.0F, 4.0F}));
  EXPECT_DOUBLE_EQ(optimizer.clip_gradients(0.0), 5.0);  // 0 = off
  EXPECT_DOUBLE_EQ(optimizer.clip_gradients(6.0), 5.0);  // short enough
  EXPECT_EQ(network.weight.grad()[0][0].item<float>(), 3.0F);
  EXPECT_DOUBLE_EQ(optimizer.clip_gradients(1.0), 5.0);
  EXPECT_NEAR(network.weight.grad()[0][0].item<double>(), 0.6, 1e-6);
  EXPECT_NEAR(network.bias.grad()[1].item<double>(), 0.8, 1e-6);
}

TEST(AdamW, GoesOnFromASavedStateAsIfItHadNeverStopped) {
  const test::TemporaryFolder folder;
  const auto step = [](ToyNetwork& network, AdamW& optimizer, float gradient) {
    optimizer.clear_gradients();
    set_gradient(network.kernel, torch::full({1, 1, 2, 2}, gradient));
    optimizer.step(0.1);
  };
  ToyNetwork network;
  ToyLoss loss;
  AdamW optimizer(TrainOptions(), network, loss);
  step(network, optimizer, 0.3F);
  step(network, optimizer, -0.7F);

  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  optimizer.add_to(tensors, keep_alive);
  write_tensor_file(folder / "state.safetensors", tensors, {});
  ToyNetwork restored;
  {
    const torch::NoGradGuard no_grad;
    restored.kernel.copy_(network.kernel);
  }
  AdamW other(TrainOptions(), restored, loss);
  other.load(TensorFile::open(folder / "state.safetensors"), optimizer.num_steps());

  step(network, optimizer, 0.2F);
  step(restored, other, 0.2F);
  EXPECT_TRUE(torch::equal(network.kernel, restored.kernel));
  EXPECT_FALSE(torch::equal(network.kernel, torch::ones({1, 1, 2, 2})));
}

TEST(AdamW, RefusesAStateThatLacksAMoment) {
  const test::TemporaryFolder folder;
  ToyNetwork network;
  ToyLoss loss;
  AdamW optimizer(TrainOptions(), network, loss);
  write_tensor_file(folder / "state.safetensors", {}, {});
  EXPECT_THROW(optimizer.load(TensorFile::open(folder / "state.safetensors"), 1), UsageError);
}

}  // namespace
}  // namespace mer
