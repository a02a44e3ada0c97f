#include "mer/nn/network_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "../support/temporary_folder.hpp"
#include "mer/nn/device.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network_input.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;

FloatTensor plain(const torch::Tensor& tensor) {
  const torch::Tensor contiguous = tensor.contiguous();
  const auto* values = contiguous.data_ptr<float>();
  return {tensor.sizes().vec(), {values, values + tensor.numel()}};
}

/// A network in a file, a batch of three rows with one padded, and what the network says about it.
class NetworkRunnerTest : public testing::Test {
 protected:
  NetworkRunnerTest() {
    test::change(options_, "head_dropout: 0.5");  // must not act
    const auto network = make_network(options_, shape_, 3);
    NamedTensors tensors;
    std::vector<torch::Tensor> keep_alive;
    add_module_to(*network, "network", tensors, keep_alive);
    write_tensor_file(folder_ / "model.safetensors", tensors, {});

    NetworkInput input = test::random_input(shape_, 3, 1);
    test::pad_row(input, 1, 6, 4);
    spectrogram_ = plain(input.spectrogram);
    spectrogram_valid_ = plain(input.spectrogram_valid);
    lld_ = {plain(input.lld[0])};
    lld_valid_ = plain(input.lld_valid);
    expected_ = class_probabilities(evaluate(*network, input).logits);
  }

  NetworkRunner runner(const std::string& device = "cpu") const {
    return {options_, shape_, TensorFile::open(folder_ / "model.safetensors"), "network", device};
  }
  std::vector<double> ask(const NetworkRunner& runner) const {
    return runner.answer(spectrogram_, spectrogram_valid_, lld_, lld_valid_, no_song_vector_)
        .probabilities;
  }

  TemporaryFolder folder_;
  ModelOptions options_ = test::small_options();
  NetworkShape shape_ = test::small_shape();
  FloatTensor spectrogram_, spectrogram_valid_, lld_valid_;
  std::vector<FloatTensor> lld_;
  FloatTensor no_song_vector_{{3, 0}, {}};
  std::vector<double> expected_;
};

TEST_F(NetworkRunnerTest, SaysWhatTheSavedNetworkSays) {
  const std::vector<double> probabilities = ask(runner());
  ASSERT_EQ(probabilities.size(), 9U);
  EXPECT_EQ(probabilities, expected_);
  for (std::size_t row = 0; row < 3; ++row) {
    EXPECT_NEAR(probabilities[3 * row] + probabilities[3 * row + 1] + probabilities[3 * row + 2],
                1.0, 1e-12);
  }
}

TEST_F(NetworkRunnerTest, SaysTheSameFromSeveralThreadsAtOnce) {
  const NetworkRunner shared = runner();
  std::vector<std::vector<double>> answers(4);
  std::vector<std::thread> threads;
  for (auto& answer : answers) threads.emplace_back([&] { answer = ask(shared); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& answer : answers) EXPECT_EQ(answer, expected_);
}

TEST_F(NetworkRunnerTest, RefusesADeviceThatIsUnknownOrMissing) {
  EXPECT_THAT(message_of<UsageError>([&] { runner("gpu"); }),
              testing::HasSubstr("unknown device 'gpu', allowed: cpu, cuda, cuda:<number>"));
  EXPECT_THAT(message_of<UsageError>([&] { runner("cuda:99"); }),
              testing::HasSubstr("device 'cuda:99' is not there"));
}

TEST(Evaluate, LeavesTheNetworkInTheModeItWasIn) {
  const auto network = make_network(test::small_options(), test::small_shape(), 1);
  const NetworkInput input = test::random_input(test::small_shape(), 2, 1);
  EXPECT_FALSE(evaluate(*network, input).logits.requires_grad());
  EXPECT_TRUE(network->is_training());
  network->eval();
  evaluate(*network, input);
  EXPECT_FALSE(network->is_training());
}

TEST(ToNetworkInput, RefusesAShapeThatTheValuesDoNotFill) {
  const FloatTensor whole{{1, 2}, {1.0F, 1.0F}};
  const FloatTensor broken{{1, 2, 2}, {1.0F}};
  EXPECT_THROW(to_network_input(broken, whole, {}, whole, whole, torch::kCPU),
               std::invalid_argument);
}

}  // namespace
}  // namespace mer
