#include "ops/bi_lstm.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

/// Outputs, last states and the gradients of a weighted sum of both, for x and every weight.
struct Answer {
  torch::Tensor steps, last;
  std::vector<torch::Tensor> gradients;
};

torch::Tensor weights_like(const torch::Tensor& x) {
  return torch::arange(1, x.numel() + 1, x.options()).sin().view(x.sizes());
}

template <class Run>
Answer answer_of(torch::nn::LSTM& lstm, const torch::Tensor& data, const torch::Tensor& valid,
                 const Run& run) {
  const torch::Tensor x = data.clone().set_requires_grad(true);
  lstm->zero_grad();
  const BiLstmOutput output = run(lstm, x);
  const torch::Tensor steps = output.steps * valid.unsqueeze(2);  // padded steps don't count
  ((steps * weights_like(steps)).sum() + (output.last * weights_like(output.last)).sum())
      .backward();
  Answer answer{steps.detach(), output.last.detach(), {x.grad().clone()}};
  for (const torch::Tensor& weight : lstm->parameters()) {
    answer.gradients.push_back(weight.grad().clone());
  }
  return answer;
}

/// What LibTorch's own LSTM says about packed sequences.
BiLstmOutput run_packed(torch::nn::LSTM& lstm, const torch::Tensor& x,
                        const torch::Tensor& lengths) {
  namespace rnn = torch::nn::utils::rnn;
  const auto [packed, state] =
      lstm->forward_with_packed_input(rnn::pack_padded_sequence(x, lengths, true, false));
  const torch::Tensor hidden = std::get<0>(state);
  return {std::get<0>(rnn::pad_packed_sequence(packed, true, 0.0, x.size(1))),
          torch::cat({hidden[-2], hidden[-1]}, 1)};
}

void expect_as_libtorch(torch::ScalarType type, std::int64_t layers, std::int64_t units,
                        const std::vector<std::int64_t>& lengths, double tolerance) {
  torch::manual_seed(1);
  torch::nn::LSTM lstm(
      torch::nn::LSTMOptions(5, units).num_layers(layers).bidirectional(true).batch_first(true));
  lstm->to(type);
  const auto batch = static_cast<std::int64_t>(lengths.size());
  const std::int64_t num_steps = *std::max_element(lengths.begin(), lengths.end());
  const torch::Tensor x = 2.0 * torch::randn({batch, num_steps, 5}, type);
  torch::Tensor valid = torch::zeros({batch, num_steps}, type);
  for (std::int64_t row = 0; row < batch; ++row) {
    valid[row].slice(0, 0, lengths[static_cast<std::size_t>(row)]).fill_(1.0);
  }
  const StepMask mask = StepMask::of(valid, batch, num_steps);
  const Answer ours =
      answer_of(lstm, x, valid, [&mask](torch::nn::LSTM& network, const torch::Tensor& input) {
        return run_bi_lstm(network, input, mask);
      });
  const torch::Tensor lengths_tensor = torch::tensor(lengths, torch::kLong);
  const Answer theirs = answer_of(
      lstm, x, valid, [&lengths_tensor](torch::nn::LSTM& network, const torch::Tensor& input) {
        return run_packed(network, input, lengths_tensor);
      });
  EXPECT_TRUE(near(ours.steps, theirs.steps, tolerance));
  EXPECT_TRUE(near(ours.last, theirs.last, tolerance));
  ASSERT_EQ(ours.gradients.size(), theirs.gradients.size());
  for (std::size_t i = 0; i < ours.gradients.size(); ++i) {
    EXPECT_TRUE(near(ours.gradients[i], theirs.gradients[i], tolerance)) << "gradient " << i;
  }
}

TEST(BiLstm, EqualsLibTorchsInDoublePrecision) {  // which has no own kernel
  expect_as_libtorch(torch::kDouble, 1, 3, {6, 6, 6}, 1e-11);
  expect_as_libtorch(torch::kDouble, 2, 3, {6, 6, 6}, 1e-11);
}

TEST(BiLstm, EqualsLibTorchsOnPaddedRows) {
  for (const auto& [type, tolerance] :
       {std::pair{torch::kDouble, 1e-11}, std::pair{torch::kFloat, 2e-5}}) {
    expect_as_libtorch(type, 1, 3, {6, 1, 4}, tolerance);
    expect_as_libtorch(type, 3, 3, {2, 6, 4}, tolerance);
  }
}

TEST(BiLstm, EqualsLibTorchsInSinglePrecisionForAnyNumberOfUnits) {
  for (const std::int64_t units : {1, 7, 8, 16, 33}) {  // whole vectors and remainders
    SCOPED_TRACE(units);
    expect_as_libtorch(torch::kFloat, 2, units, {9, 3}, 1e-4);
  }
}

TEST(BiLstm, GivesTheSameWithoutAGradient) {
  for (const std::int64_t units : {1, 7, 32}) {
    torch::manual_seed(1);
    torch::nn::LSTM lstm(
        torch::nn::LSTMOptions(5, units).num_layers(2).bidirectional(true).batch_first(true));
    const torch::Tensor x = 2.0 * torch::randn({5, 6, 5});
    torch::Tensor valid = torch::ones({5, 6});
    valid[1].slice(0, 2).zero_();     // padding at the end,
    valid[2].slice(0, 0, 3).zero_();  // at the start
    valid[3].slice(0, 2, 4).zero_();  // and in between
    const StepMask mask = StepMask::of(valid, 5, 6);
    const BiLstmOutput expected = run_bi_lstm(lstm, x, mask);
    const torch::NoGradGuard no_grad;
    const BiLstmOutput output = run_bi_lstm(lstm, x, mask);
    EXPECT_TRUE(near(output.steps, expected.steps)) << units;
    EXPECT_TRUE(near(output.last, expected.last)) << units;
  }
}

TEST(BiLstm, OfOneStepHasNoGradientForTheRecurrentWeights) {
  torch::nn::LSTM lstm(torch::nn::LSTMOptions(5, 3).bidirectional(true).batch_first(true));
  const StepMask mask = StepMask::of(torch::ones({2, 1}), 2, 1);
  run_bi_lstm(lstm, torch::randn({2, 1, 5}), mask).last.sum().backward();
  EXPECT_EQ(lstm->named_parameters()["weight_hh_l0"].grad().abs().max().item<float>(), 0.0F);
  EXPECT_GT(lstm->named_parameters()["weight_ih_l0"].grad().abs().max().item<float>(), 0.0F);
}

TEST(BiLstm, SaturatesForHugeInputsAndPassesNanOn) {
  torch::nn::LSTM lstm(torch::nn::LSTMOptions(5, 8).bidirectional(true).batch_first(true));
  const StepMask mask = StepMask::of(torch::ones({1, 3}), 1, 3);
  const torch::Tensor huge = run_bi_lstm(lstm, 1e6 * torch::randn({1, 3, 5}), mask).steps;
  EXPECT_TRUE(torch::isfinite(huge).all().item<bool>());
  EXPECT_LE(huge.abs().max().item<float>(), 1.0F);
  const torch::Tensor broken =
      torch::full({1, 3, 5}, std::numeric_limits<float>::quiet_NaN(), torch::kFloat);
  EXPECT_TRUE(torch::isnan(run_bi_lstm(lstm, broken, mask).last).all().item<bool>());
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::isnan(run_bi_lstm(lstm, broken, mask).last).all().item<bool>());
}

}  // namespace
}  // namespace mer
