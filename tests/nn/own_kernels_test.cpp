#include "ops/own_kernels.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "mer/nn/loss.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::near;
using test::random_input;
using test::Variant;

/// What one training step and one evaluation make of a network.
struct Trace {
  torch::Tensor logits, evaluated;
  std::vector<torch::Tensor> gradients, buffers;
};

Trace trace_of(const Variant& variant, bool padded) {
  NetworkInput input = random_input(variant.shape, 4, 7);
  if (padded) {
    test::pad_row(input, 1, 9, 6);
    test::pad_row(input, 3, 4, 3);
  }
  const auto module = make_network(variant.options, variant.shape, 3);
  Network& network = *module;
  Trace trace;
  network.train();
  const NetworkOutput output = network.forward(input);
  trace.logits = output.logits.detach();
  const torch::Tensor slopes =
      torch::arange(1, output.logits.numel() + 1, torch::kFloat).sin().view(output.logits.sizes());
  (torch::log_softmax(output.logits, 1) * slopes).sum().backward();
  for (const torch::Tensor& parameter : network.parameters()) {
    trace.gradients.push_back(parameter.grad());
  }
  trace.buffers = network.buffers();
  network.eval();
  const torch::NoGradGuard no_grad;
  trace.evaluated = network.forward(input).logits;
  return trace;
}

/// The way that a GPU goes, on the CPU: pooling, batch norm and Bi-LSTMs by LibTorch's operations.
TEST(LibTorchOnly, GivesTheSameOutputsGradientsAndStatisticsAsOurOwnKernels) {
  for (Variant variant : test::variants()) {
    // Eight channels, so that the first layer has a kernel of its own.
    if (to_json(variant.options).contains("c1_channels")) {
      test::change(variant.options, "c1_channels: 8");
    }
    for (const bool padded : {false, true}) {
      SCOPED_TRACE(variant.name + (padded ? ", padded" : ""));
      const Trace ours = trace_of(variant, padded);
      const LibTorchOnly libtorch;
      const Trace theirs = trace_of(variant, padded);
      EXPECT_TRUE(near(ours.logits, theirs.logits));
      EXPECT_TRUE(near(ours.evaluated, theirs.evaluated));
      ASSERT_EQ(ours.gradients.size(), theirs.gradients.size());
      for (std::size_t i = 0; i < ours.gradients.size(); ++i) {
        EXPECT_TRUE(near(ours.gradients[i], theirs.gradients[i], 2e-5)) << "parameter " << i;
      }
      for (std::size_t i = 0; i < ours.buffers.size(); ++i) {
        EXPECT_TRUE(near(ours.buffers[i], theirs.buffers[i])) << "buffer " << i;
      }
    }
  }
}

TEST(LibTorchOnly, EndsWithItsScope) {
  const torch::Tensor x = torch::zeros({1});
  {
    const LibTorchOnly outer;
    { const LibTorchOnly inner; }
    EXPECT_FALSE(has_own_kernel(OwnKernel::kLstm, x));
  }
  {
    const LibTorchOnly outer(OwnKernel::kWinograd);
    EXPECT_FALSE(has_own_kernel(OwnKernel::kWinograd, x));
    EXPECT_TRUE(has_own_kernel(OwnKernel::kLstm, x));
  }
  EXPECT_TRUE(has_own_kernel(OwnKernel::kWinograd, x));
}

}  // namespace
}  // namespace mer
