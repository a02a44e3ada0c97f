#include "mer/model/loss.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using CenterUpdate = LossOptions::CenterUpdate;

torch::Tensor doubles(std::initializer_list<double> values, std::int64_t rows) {
  return torch::tensor(std::vector<double>(values), torch::kDouble).view({rows, -1});
}

torch::Tensor centers_of(const Loss& loss) {
  for (const auto& item : loss.named_parameters()) {
    if (item.key() == "centers") return item.value();
  }
  return loss.named_buffers()["centers"];
}

std::shared_ptr<Loss> loss_with_centers(const LossOptions& options, const torch::Tensor& centers) {
  auto loss =
      make_loss(options, static_cast<int>(centers.size(0)), static_cast<int>(centers.size(1)), 1);
  loss->to(torch::kDouble);
  const torch::NoGradGuard no_grad;
  centers_of(*loss).copy_(centers);
  return loss;
}

// Three centers in the plane, one sample of class 0 at (1, 0):
// squared distances 1 to its own center, 4 and 4 to the others.
const torch::Tensor& centers() {
  static const torch::Tensor kCenters = doubles({0, 0, 3, 0, 1, 2}, 3);
  return kCenters;
}
NetworkOutput one_sample() { return {doubles({0, 0, 0}, 1), doubles({1, 0}, 1)}; }
torch::Tensor of_class_0() { return doubles({1, 0, 0}, 1); }

TEST(SoftmaxLoss, OfEqualScoresIsTheLogarithmOfTheNumberOfClasses) {
  LossOptions options;
  options.name = "softmax";
  const LossValue value = make_loss(options, 3, 2, 1)->forward(one_sample(), of_class_0());
  EXPECT_NEAR(value.softmax, std::log(3.0), 1e-12);
  EXPECT_NEAR(value.total.item<double>(), std::log(3.0), 1e-12);
  EXPECT_EQ(value.center, 0.0);
}

TEST(SoftmaxLoss, SmoothsTheTargetsButNotTheLossAsPrinted) {
  LossOptions options;
  options.name = "softmax";
  options.label_smoothing = 0.3;
  // Scores ln 2, 0: probabilities 2/3 and 1/3. Smoothed target of class 0: 0.85 and 0.15.
  const NetworkOutput output{doubles({std::log(2.0), 0}, 1), doubles({0}, 1)};
  const LossValue value = make_loss(options, 2, 1, 1)->forward(output, doubles({1, 0}, 1));
  EXPECT_NEAR(value.softmax, 0.85 * std::log(1.5) + 0.15 * std::log(3.0), 1e-12);
  EXPECT_NEAR(value.as_printed, std::log(1.5), 1e-12);
}

TEST(InterCenterLoss, IsTheHandComputedRatio) {
  LossOptions options;
  options.tau = 0.5;
  const LossValue value =
      loss_with_centers(options, centers())->forward(one_sample(), of_class_0());
  const double center = 0.5 / 2.0 * 1.0 / (4.0 + 4.0 + 1.0);  // tau/2 · 1 / 9
  EXPECT_NEAR(value.center, center, 1e-12);
  EXPECT_NEAR(value.softmax, std::log(3.0), 1e-12);
  EXPECT_NEAR(value.total.item<double>(), std::log(3.0) + center, 1e-12);
}

TEST(InterCenterLoss, WeightsClassesByAMixedTarget) {
  LossOptions options;
  options.tau = 2.0;
  const LossValue value =
      loss_with_centers(options, centers())->forward(one_sample(), doubles({0.25, 0.75, 0}, 1));
  // Own center 0: 1/(4 + 4 + 1); own center 1: 4/(1 + 4 + 1).
  EXPECT_NEAR(value.center, 0.25 * 1.0 / 9.0 + 0.75 * 4.0 / 6.0, 1e-12);
}

TEST(InterCenterLoss, AddsUpOrAveragesOverTheBatch) {
  const NetworkOutput two{doubles({0, 0, 0, 0, 0, 0}, 2), doubles({1, 0, 1, 0}, 2)};
  const torch::Tensor targets = doubles({1, 0, 0, 0, 1, 0}, 2);
  const double sum = 2.0 * std::log(3.0) + 0.1 / 2.0 * (1.0 / 9.0 + 4.0 / 6.0);
  LossOptions options;
  LossValue value = loss_with_centers(options, centers())->forward(two, targets);
  EXPECT_NEAR(value.total.item<double>(), sum / 2.0, 1e-12);
  EXPECT_NEAR(value.as_printed, sum, 1e-12) << "the paper adds up, whatever the reduction";
  options.reduction = LossOptions::Reduction::kSum;
  value = loss_with_centers(options, centers())->forward(two, targets);
  EXPECT_NEAR(value.total.item<double>(), sum, 1e-12);
}

TEST(InterCenterLoss, OfTheBatchIsTheSumOfItsParts) {
  for (const auto reduction : {LossOptions::Reduction::kMean, LossOptions::Reduction::kSum}) {
    LossOptions options;
    options.reduction = reduction;
    const auto loss = make_loss(options, 3, 4, 1);
    NetworkOutput output;
    output.embedding = torch::randn({5, 4}).requires_grad_();
    output.logits = torch::randn({5, 3}).requires_grad_();
    const torch::Tensor targets = torch::softmax(torch::randn({5, 3}), 1);
    const LossValue whole = loss->forward(output, targets);
    whole.total.backward();
    const torch::Tensor gradient = output.embedding.grad().clone();
    output.embedding.mutable_grad().zero_();

    loss->share_batch(nullptr, 5);
    double total = 0.0;
    double as_printed = 0.0;
    for (const auto& [first, count] : {std::pair{0, 2}, {2, 3}}) {
      NetworkOutput part;
      part.embedding = output.embedding.narrow(0, first, count);
      part.logits = output.logits.narrow(0, first, count);
      const LossValue value = loss->forward(part, targets.narrow(0, first, count));
      value.total.backward();
      total += value.total.item<double>();
      as_printed += value.as_printed;
    }
    EXPECT_NEAR(total, whole.total.item<double>(), 1e-5);
    EXPECT_NEAR(as_printed, whole.as_printed, 1e-5);
    EXPECT_LT((output.embedding.grad() - gradient).abs().max().item<double>(), 1e-6);
  }
}

TEST(InterCenterLoss, PullsToTheOwnCenterAndPushesTheOthersAway) {
  const auto loss = loss_with_centers(LossOptions{}, centers());
  NetworkOutput output = one_sample();
  output.embedding.set_requires_grad(true);
  loss->forward(output, of_class_0()).total.backward();
  const torch::Tensor x = output.embedding.detach()[0];
  const torch::Tensor step = -centers_of(*loss).grad();
  EXPECT_GT(step[0].dot(x - centers()[0]).item<double>(), 0.0) << "own center comes nearer";
  EXPECT_GT(step[1].dot(centers()[1] - x).item<double>(), 0.0) << "center 1 goes away";
  EXPECT_GT(step[2].dot(centers()[2] - x).item<double>(), 0.0) << "center 2 goes away";
  EXPECT_GT((-output.embedding.grad()[0]).dot(centers()[0] - x).item<double>(), 0.0)
      << "the sample goes to its center";
}

/// Compares the gradient of `total` with central differences in every element of `variable`.
void expect_gradient_as_measured(Loss& loss, const NetworkOutput& output,
                                 const torch::Tensor& targets, const torch::Tensor& variable,
                                 const char* what) {
  constexpr double kStep = 1e-6;
  if (variable.grad().defined()) variable.mutable_grad().reset();
  loss.forward(output, targets).total.backward();
  const torch::Tensor gradient = variable.grad().contiguous().view(-1);
  const torch::NoGradGuard no_grad;
  auto* values = variable.data_ptr<double>();
  for (std::int64_t i = 0; i < variable.numel(); ++i) {
    const double value = values[i];
    values[i] = value + kStep;
    const auto above = loss.forward(output, targets).total.item<double>();
    values[i] = value - kStep;
    const auto below = loss.forward(output, targets).total.item<double>();
    values[i] = value;
    EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2.0 * kStep), 1e-8)
        << what << " " << i;
  }
}

TEST(Losses, HaveTheGradientsThatDifferencesMeasure) {
  torch::manual_seed(4);
  for (const char* name : {"softmax", "inter_center"}) {
    for (const CenterUpdate update : {CenterUpdate::kGradient, CenterUpdate::kWen}) {
      for (const double smoothing : {0.0, 0.2}) {
        LossOptions options;
        options.name = name;
        options.tau = 0.7;
        options.center_update = update;
        options.label_smoothing = smoothing;
        const auto loss = make_loss(options, 3, 4, 2);
        loss->to(torch::kDouble);
        const NetworkOutput output{torch::randn({5, 3}, torch::kDouble).set_requires_grad(true),
                                   torch::randn({5, 4}, torch::kDouble).set_requires_grad(true)};
        const torch::Tensor targets = torch::softmax(torch::randn({5, 3}, torch::kDouble), 1);
        SCOPED_TRACE(name);
        expect_gradient_as_measured(*loss, output, targets, output.logits, "logit");
        if (options.name == "softmax") continue;
        expect_gradient_as_measured(*loss, output, targets, output.embedding, "embedding");
        if (update == CenterUpdate::kWen) continue;
        expect_gradient_as_measured(*loss, output, targets, centers_of(*loss), "center");
      }
    }
  }
}

TEST(CenterUpdate, OfWenMovesCentersTowardsTheirClassMeans) {
  LossOptions options;
  options.center_update = CenterUpdate::kWen;
  options.alpha = 0.5;
  const auto loss = loss_with_centers(options, doubles({0, 0, 4, 0}, 2));
  loss->update_centers(doubles({1, 1, 3, 1}, 2), doubles({1, 0, 1, 0}, 2));
  // Delta_0 = ((0,0)−(1,1) + (0,0)−(3,1)) / (1 + 2) = (−4/3, −2/3); center 1 has no sample.
  EXPECT_TRUE(torch::allclose(centers_of(*loss), doubles({2.0 / 3.0, 1.0 / 3.0, 4, 0}, 2)));
}

TEST(CenterUpdate, OfWenCountsAMixedSampleByItsShares) {
  LossOptions options;
  options.center_update = CenterUpdate::kWen;
  options.alpha = 1.0;
  const auto loss = loss_with_centers(options, doubles({0, 2}, 2));
  loss->update_centers(doubles({1}, 1), doubles({0.25, 0.75}, 1));
  // Delta_0 = 0.25 · (0 − 1) / 1.25 = −0.2; Delta_1 = 0.75 · (2 − 1) / 1.75 = 3/7
  EXPECT_TRUE(torch::allclose(centers_of(*loss), doubles({0.2, 2.0 - 3.0 / 7.0}, 2)));
}

TEST(CenterUpdate, OfTheGradientKindMakesCentersParametersThatOnlyTheOptimiserMoves) {
  LossOptions options;
  const auto by_gradient = make_loss(options, 3, 4, 1);
  EXPECT_EQ(by_gradient->parameters().size(), 1U);
  const torch::Tensor before = centers_of(*by_gradient).detach().clone();
  by_gradient->update_centers(torch::ones({1, 4}), torch::tensor({{1.0F, 0.0F, 0.0F}}));
  EXPECT_TRUE(torch::equal(centers_of(*by_gradient), before));

  options.center_update = CenterUpdate::kWen;
  const auto by_means = make_loss(options, 3, 4, 1);
  EXPECT_TRUE(by_means->parameters().empty());
  EXPECT_EQ(by_means->buffers().size(), 1U);
}

TEST(Centers, StartFromTheSeedAndApart) {
  const auto first = make_loss(LossOptions{}, 3, 4, 1);
  const auto again = make_loss(LossOptions{}, 3, 4, 1);
  const auto other = make_loss(LossOptions{}, 3, 4, 2);
  EXPECT_TRUE(torch::equal(centers_of(*first), centers_of(*again)));
  EXPECT_FALSE(torch::equal(centers_of(*first), centers_of(*other)));
  EXPECT_FALSE(torch::equal(centers_of(*first)[0], centers_of(*first)[1]));
}

TEST(MakeLoss, NamesTheNearestLossForATypingError) {
  LossOptions options;
  options.name = "inter_centre";
  EXPECT_THAT(test::message_of<UsageError>([&] { make_loss(options, 3, 4, 1); }),
              testing::HasSubstr("did you mean 'inter_center'?"));
}

TEST(Losses, RefuseTargetsOfAnotherShape) {
  const auto loss = make_loss(LossOptions{}, 3, 2, 1);
  EXPECT_THROW(loss->forward(one_sample(), doubles({1, 0}, 1)), std::invalid_argument);
}

}  // namespace
}  // namespace mer
