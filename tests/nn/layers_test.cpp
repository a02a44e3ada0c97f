#include "layers/layers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "ops/bi_lstm.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::near;

TEST(StepMask, PooledStepIsValidWhenAnyOfItsStepsIs) {
  const torch::Tensor valid = torch::tensor({{1, 1, 1, 0, 0}, {1, 1, 1, 1, 1}}, torch::kFloat);
  const StepMask mask = StepMask::of(valid, 2, 5);
  EXPECT_FALSE(mask.all_valid);
  // Windows of two: {1 1} {1 0} {0}; the last window holds one step.
  const torch::Tensor expected = torch::tensor({{1, 1, 0}, {1, 1, 1}}, torch::kFloat);
  EXPECT_TRUE(torch::equal(mask.pooled(2).valid, expected));
}

TEST(StepMask, RefusesARowWithoutMusicAndNamesIt) {
  const torch::Tensor valid = torch::tensor({{1, 0}, {0, 0}}, torch::kFloat);
  try {
    StepMask::of(valid, 2, 2);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "row 1 of the batch has no valid step");
  }
  EXPECT_THROW(StepMask::of(valid, 2, 3), std::invalid_argument);
}

TEST(KeyedDropout, DependsOnTheRowsKeyAndNotOnItsPlace) {
  const KeyedDropout dropout(0.5, "layer");
  const torch::Tensor three = dropout->forward(torch::ones({3, 200}), {7, 8, 9});
  const torch::Tensor two = dropout->forward(torch::ones({2, 200}), {9, 7});
  EXPECT_TRUE(torch::equal(three[0], two[1]));
  EXPECT_TRUE(torch::equal(three[2], two[0]));
  EXPECT_FALSE(torch::equal(three[0], three[1]));
}

TEST(KeyedDropout, OfTwoLayersDiffersForTheSameKey) {
  const torch::Tensor x = torch::ones({1, 200});
  EXPECT_FALSE(torch::equal(KeyedDropout(0.5, "a")->forward(x, {7}),
                            KeyedDropout(0.5, "b")->forward(x, {7})));
}

TEST(KeyedDropout, DropsItsShareAndScalesTheRest) {
  const torch::Tensor y = KeyedDropout(0.3, "layer")->forward(torch::ones({1, 100001}), {1});
  // The share's standard error is sqrt(0.3 · 0.7 / 1e5) = 0.0014.
  EXPECT_NEAR((y == 0).to(torch::kFloat).mean().item<double>(), 0.3, 0.006);
  EXPECT_NEAR(y.max().item<double>(), 1.0 / 0.7, 1e-6);
  EXPECT_NEAR(y.mean().item<double>(), 1.0, 0.01);
  // Neighbors are independent: both dropped in 0.3² = 9 % of the places.
  const torch::Tensor dropped = (y[0] == 0).to(torch::kFloat);
  EXPECT_NEAR((dropped.slice(0, 0, -1) * dropped.slice(0, 1)).mean().item<double>(), 0.09, 0.006);
}

TEST(KeyedDropout, DoesNothingInEvaluationAndWantsKeysInTraining) {
  KeyedDropout dropout(0.3, "layer");
  const torch::Tensor x = torch::ones({2, 10});
  EXPECT_THROW(dropout->forward(x, {1}), std::invalid_argument);
  dropout->eval();
  EXPECT_TRUE(torch::equal(dropout->forward(x, {}), x));
}

TEST(NormRelu, LooksAtValidStepsOnly) {
  // Valid values 1 and 3: mean 2, variance 1, so -1 and 1 before the ReLU. The padded 100 must not
  // count.
  const torch::Tensor x = torch::tensor({1.0F, 3.0F, 100.0F}).view({1, 1, 1, 3});
  const StepMask mask = StepMask::of(torch::tensor({{1.0F, 1.0F, 0.0F}}), 1, 3);
  NormRelu norm(1);
  const double unit = 1.0 / std::sqrt(1.0 + 1e-5);
  const torch::Tensor expected = torch::tensor({0.0, unit, 0.0}, torch::kFloat);
  EXPECT_TRUE(near(norm->forward(x, mask).flatten(), expected));
  // Momentum 0.1: mean 0.9 · 0 + 0.1 · 2; variance 0.9 · 1 + 0.1 · 2 (unbiased: 1 · 2 / 1).
  EXPECT_NEAR(norm->named_buffers()["running_mean"].item<double>(), 0.2, 1e-6);
  EXPECT_NEAR(norm->named_buffers()["running_variance"].item<double>(), 1.1, 1e-6);
}

TEST(NormRelu, WithPaddingEqualsTheOneWithoutOnTheShorterMap) {
  torch::manual_seed(1);
  const torch::Tensor x = torch::randn({2, 3, 4, 6});
  torch::Tensor valid = torch::ones({2, 6});
  valid.slice(1, 4).zero_();
  NormRelu padded(3);
  NormRelu cut(3);
  const torch::Tensor from_padded = padded->forward(x, StepMask::of(valid, 2, 6));
  const torch::Tensor from_cut =
      cut->forward(x.slice(3, 0, 4), StepMask::of(torch::ones({2, 4}), 2, 4));
  EXPECT_TRUE(near(from_padded.slice(3, 0, 4), from_cut));
  EXPECT_EQ(from_padded.slice(3, 4).abs().max().item<float>(), 0.0F);
  for (const char* name : {"running_mean", "running_variance"}) {
    EXPECT_TRUE(near(padded->named_buffers()[name], cut->named_buffers()[name])) << name;
  }
}

class EveryPooling : public testing::TestWithParam<Pooling> {};

TEST_P(EveryPooling, TakesNoNoticeOfPadding) {
  torch::manual_seed(2);
  SequenceEncoder encoder(4, 3, 2, GetParam());
  const torch::Tensor x = torch::randn({3, 8, 4});
  torch::Tensor valid = torch::ones({3, 8});
  valid[1].slice(0, 5).zero_();
  valid[2].slice(0, 1).zero_();  // nearly all padding: one step of music
  const torch::Tensor together = encoder->forward(x, StepMask::of(valid, 3, 8));
  ASSERT_EQ(together.size(1), encoder->output_size());
  for (const auto& [row, length] : {std::pair<int, int>{0, 8}, {1, 5}, {2, 1}}) {
    const torch::Tensor alone = encoder->forward(x.narrow(0, row, 1).narrow(1, 0, length),
                                                 StepMask::of(torch::ones({1, length}), 1, length));
    EXPECT_TRUE(near(together[row], alone[0])) << "row " << row;
  }
}

TEST_P(EveryPooling, HasFiniteGradientsForASingleStep) {
  SequenceEncoder encoder(4, 3, 1, GetParam());
  torch::Tensor x = torch::zeros({2, 5, 4}, torch::requires_grad());
  torch::Tensor valid = torch::ones({2, 5});
  valid[1].slice(0, 1).zero_();
  encoder->forward(x, StepMask::of(valid, 2, 5)).sum().backward();
  EXPECT_TRUE(torch::isfinite(x.grad()).all().item<bool>());
  EXPECT_EQ(x.grad()[1].slice(0, 1).abs().max().item<float>(), 0.0F) << "padding has a gradient";
}

INSTANTIATE_TEST_SUITE_P(Poolings, EveryPooling,
                         testing::Values(Pooling::kLast, Pooling::kMean, Pooling::kMeanStd,
                                         Pooling::kAttention));

TEST(SequenceEncoder, OfMeanAndDeviationIsThatOfTheLstmsOutputs) {
  torch::manual_seed(3);
  SequenceEncoder encoder(4, 3, 1, Pooling::kMeanStd);
  torch::nn::LSTM lstm(torch::nn::LSTMOptions(4, 3).bidirectional(true).batch_first(true));
  const auto from = encoder->named_parameters();
  const torch::NoGradGuard no_grad;
  for (auto& item : lstm->named_parameters()) item.value().copy_(from["lstm." + item.key()]);

  const torch::Tensor x = torch::randn({2, 6, 4});
  const torch::Tensor outputs = std::get<0>(lstm->forward(x));
  const torch::Tensor expected =
      torch::cat({outputs.mean(1), (outputs.var(1, /*unbiased=*/false) + 1e-6).sqrt()}, 1);
  EXPECT_TRUE(near(encoder->forward(x, StepMask::of(torch::ones({2, 6}), 2, 6)), expected));
}

TEST(DrawWeights, DependOnTheSeedAndStayWithinOneOverTheRootOfTheFanIn) {
  SequenceEncoder a(4, 9, 1, Pooling::kAttention);
  SequenceEncoder b(4, 9, 1, Pooling::kAttention);
  draw_weights(*a, 5);
  torch::manual_seed(99);  // must not matter
  draw_weights(*b, 5);
  SequenceEncoder c(4, 9, 1, Pooling::kAttention);
  draw_weights(*c, 6);
  for (const auto& item : a->named_parameters()) {
    EXPECT_TRUE(torch::equal(item.value(), b->named_parameters()[item.key()])) << item.key();
    EXPECT_FALSE(torch::equal(item.value(), c->named_parameters()[item.key()])) << item.key();
    // LSTM: 1/sqrt(9 units); attention: 1/sqrt(18 inputs).
    const double bound = item.key() == "attention.weight" ? 1.0 / std::sqrt(18.0) : 1.0 / 3.0;
    EXPECT_LE(item.value().abs().max().item<double>(), bound) << item.key();
    EXPECT_GT(item.value().abs().max().item<double>(), 0.8 * bound) << item.key();
  }
}

}  // namespace
}  // namespace mer
