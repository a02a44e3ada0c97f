#include "mer/nn/loss.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "../support/options_of.hpp"
#include "../support/temporary_folder.hpp"
#include "mer/config/losses/a_softmax.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

/// Of the named loss, with these options.
LossOptions loss_options(const std::string& name, const std::string& yaml = "{}") {
  return test::of_kind<LossOptions>(name, yaml);
}

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
  const LossOptions options = loss_options("softmax");
  const LossValue value = make_loss(options, 3, 2, 1)->forward(one_sample(), of_class_0());
  EXPECT_NEAR(value.softmax, std::log(3.0), 1e-12);
  EXPECT_NEAR(value.total.item<double>(), std::log(3.0), 1e-12);
  EXPECT_EQ(value.center, 0.0);
}

TEST(SoftmaxLoss, SmoothsTheTargetsButNotTheLossAsPrinted) {
  const LossOptions options = loss_options("softmax", "label_smoothing: 0.3");
  // Scores ln 2, 0: probabilities 2/3 and 1/3. Smoothed target of class 0: 0.85 and 0.15.
  const NetworkOutput output{doubles({std::log(2.0), 0}, 1), doubles({0}, 1)};
  const LossValue value = make_loss(options, 2, 1, 1)->forward(output, doubles({1, 0}, 1));
  EXPECT_NEAR(value.softmax, 0.85 * std::log(1.5) + 0.15 * std::log(3.0), 1e-12);
  EXPECT_NEAR(value.printed.softmax, std::log(1.5), 1e-12);
}

TEST(InterCenterLoss, IsTheHandComputedRatio) {
  const LossOptions options = loss_options("inter_center", "tau: 0.5");
  const LossValue value =
      loss_with_centers(options, centers())->forward(one_sample(), of_class_0());
  const double center = 0.5 / 2.0 * 1.0 / (4.0 + 4.0 + 1.0);  // tau/2 · 1 / 9
  EXPECT_NEAR(value.center, center, 1e-12);
  EXPECT_NEAR(value.softmax, std::log(3.0), 1e-12);
  EXPECT_NEAR(value.total.item<double>(), std::log(3.0) + center, 1e-12);
}

TEST(InterCenterLoss, WeightsClassesByAMixedTarget) {
  const LossOptions options = loss_options("inter_center", "tau: 2");
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
  test::change(options, "reduction: sum");
  value = loss_with_centers(options, centers())->forward(two, targets);
  EXPECT_NEAR(value.total.item<double>(), sum, 1e-12);
}

// Samples of class 0 and 1, both at (1, 0): squared distances 1 and 4 to their own centers.
NetworkOutput two_samples() { return {doubles({0, 0, 0, 0, 0, 0}, 2), doubles({1, 0, 1, 0}, 2)}; }
torch::Tensor of_classes_0_and_1() { return doubles({1, 0, 0, 0, 1, 0}, 2); }

TEST(InterCenterLoss, AsPrintedDividesByTheOwnDistancesOfTheSamplesOfOtherClasses) {
  LossOptions text = loss_options("inter_center", "{tau: 2, reduction: sum}");
  const LossOptions printed =
      loss_options("inter_center", "{tau: 2, reduction: sum, denominator: as_printed}");
  const auto value_of = [](const LossOptions& options) {
    return loss_with_centers(options, centers())->forward(two_samples(), of_classes_0_and_1());
  };
  EXPECT_NEAR(value_of(text).center, 1.0 / (4.0 + 4.0 + 1.0) + 4.0 / (1.0 + 4.0 + 1.0), 1e-12);
  EXPECT_NEAR(value_of(printed).center, 1.0 / (4.0 + 1.0) + 4.0 / (1.0 + 1.0), 1e-12);
  // What is told of the loss as printed is that of eq. 11 as printed, whatever is trained with,
  // and a sum over the batch, whatever the reduction.
  test::change(text, "reduction: mean");
  for (const LossOptions& options : {text, printed}) {
    const auto loss = loss_with_centers(options, centers());
    const LossValue value = loss->forward(two_samples(), of_classes_0_and_1());
    EXPECT_NEAR(loss->as_printed(value.printed), 2.0 * std::log(3.0) + 1.0 / 5.0 + 4.0 / 2.0,
                1e-12);
  }
}

/// Of a random batch of five rows: its parts of two and three add up to the whole.
/// @param all_reduce_of  what the parts share, given the whole batch's printed terms
void expect_parts_to_add_up(Loss& loss, torch::ScalarType type,
                            const std::function<AllReduce(const PrintedTerms&)>& all_reduce_of,
                            double tolerance, double gradient_tolerance) {
  NetworkOutput output;
  output.embedding = torch::randn({5, 4}, type).requires_grad_();
  output.logits = torch::randn({5, 3}, type).requires_grad_();
  const torch::Tensor targets = torch::softmax(torch::randn({5, 3}, type), 1);
  const LossValue whole = loss.forward(output, targets);
  whole.total.backward();
  const torch::Tensor gradient = output.embedding.grad().clone();
  output.embedding.mutable_grad().zero_();

  loss.share_batch(all_reduce_of(whole.printed), 5);
  double total = 0.0;
  PrintedTerms printed;
  for (const auto& [first, count] : {std::pair{0, 2}, {2, 3}}) {
    NetworkOutput part;
    part.embedding = output.embedding.narrow(0, first, count);
    part.logits = output.logits.narrow(0, first, count);
    const LossValue value = loss.forward(part, targets.narrow(0, first, count));
    value.total.backward();
    total += value.total.item<double>();
    printed.add(value.printed);
  }
  EXPECT_NEAR(total, whole.total.item<double>(), tolerance);
  EXPECT_NEAR(loss.as_printed(printed), loss.as_printed(whole.printed), tolerance);
  EXPECT_LT((output.embedding.grad() - gradient).abs().max().item<double>(), gradient_tolerance);
}

TEST(InterCenterLoss, AsPrintedOfWorkersIsTheSumOfTheirShares) {
  const auto loss = make_loss(loss_options("inter_center", "denominator: as_printed"), 3, 4, 1);
  loss->to(torch::kDouble);
  EXPECT_FALSE(loss->takes_parts_in_turn());
  const auto sums_of_all = [](const PrintedTerms& whole) -> AllReduce {
    const torch::Tensor of_all = torch::tensor(whole.own_distances, torch::kDouble);
    return [of_all](const torch::Tensor& sums) { sums.copy_(of_all); };
  };
  expect_parts_to_add_up(*loss, torch::kDouble, sums_of_all, 1e-12, 1e-12);
}

TEST(InterCenterLoss, OfTheBatchIsTheSumOfItsParts) {
  const auto alone = [](const PrintedTerms&) { return AllReduce(); };
  for (const std::string reduction : {"mean", "sum"}) {
    const auto loss = make_loss(loss_options("inter_center", "reduction: " + reduction), 3, 4, 1);
    expect_parts_to_add_up(*loss, torch::kFloat, alone, 1e-5, 1e-6);
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

/// Class scores of one head for samples of length `norm` at the given angles to each class.
NetworkOutput at_angles(double norm, std::initializer_list<double> degrees, std::int64_t rows) {
  NetworkOutput output;
  output.logits = norm * torch::cos(doubles(degrees, rows) * std::numbers::pi / 180.0);
  output.embedding = torch::zeros({rows, 2}, torch::kDouble);
  output.angular.push_back({output.logits, torch::full({rows, 1}, norm, torch::kDouble)});
  return output;
}

/// A margin without annealing: lambda is 0 from the beginning.
LossOptions margin_alone(int margin) {
  return loss_options("a_softmax",
                      "{lambda_start: 0, lambda_end: 0, margin: " + std::to_string(margin) + "}");
}

double value_of(const LossOptions& options, const NetworkOutput& output,
                const torch::Tensor& targets, std::int64_t iteration = 1) {
  const auto loss = make_loss(options, static_cast<int>(targets.size(1)), 2, 1);
  loss->start_step(iteration);
  return loss->forward(output, targets).total.item<double>();
}

TEST(ASoftmaxLoss, IsTheHandComputedValue) {
  // ‖x‖ = 2, 60° to its class, 30° to the other: with m = 4 the angle is in [π/4, π/2], so k = 1
  // and ψ = −cos(240°) − 2 = −1.5; the scores are 2 · (−1.5) and 2 · √3/2.
  const NetworkOutput output = at_angles(2.0, {60, 30}, 1);
  const torch::Tensor targets = doubles({1, 0}, 1);
  EXPECT_NEAR(value_of(margin_alone(4), output, targets),
              std::log(1.0 + std::exp(std::sqrt(3.0) + 3.0)), 1e-12);
  // m = 2: k = 0, ψ = cos(120°) = −0.5. m = 3: k = 1 (60° = π/3), ψ = −cos(180°) − 2 = −1.
  EXPECT_NEAR(value_of(margin_alone(2), output, targets),
              std::log(1.0 + std::exp(std::sqrt(3.0) + 1.0)), 1e-12);
  EXPECT_NEAR(value_of(margin_alone(3), output, targets),
              std::log(1.0 + std::exp(std::sqrt(3.0) + 2.0)), 1e-12);
}

TEST(ASoftmaxLoss, WithoutMarginIsTheCrossEntropyOfTheAngularScores) {
  LossOptions options = margin_alone(1);
  test::change(options, "lambda_start: 1000");  // must not matter
  EXPECT_NEAR(value_of(options, at_angles(2.0, {60, 30}, 1), doubles({1, 0}, 1)),
              std::log(1.0 + std::exp(std::sqrt(3.0) - 1.0)), 1e-12);
}

TEST(ASoftmaxLoss, FadesFromThePlainScoreToTheMarginAsIterationsGoOn) {
  LossOptions options = margin_alone(4);
  test::change(options, "{lambda_start: 12, lambda_gamma: 0.5, lambda_power: 2, lambda_end: 1}");
  // The score is (lambda · 1 + 1 · (−3)) / (1 + lambda): see IsTheHandComputedValue.
  const auto expected = [](double lambda) {
    return std::log(1.0 + std::exp(std::sqrt(3.0) - (lambda - 3.0) / (1.0 + lambda)));
  };
  const NetworkOutput output = at_angles(2.0, {60, 30}, 1);
  const torch::Tensor targets = doubles({1, 0}, 1);
  EXPECT_NEAR(value_of(options, output, targets, 2), expected(12.0 / 4.0), 1e-12);
  EXPECT_NEAR(value_of(options, output, targets, 4), expected(12.0 / 9.0), 1e-12);
  EXPECT_NEAR(value_of(options, output, targets, 6), expected(1.0), 1e-12)
      << "12/16 is below the end";
}

TEST(ASoftmaxLoss, AsksForAnAngleSmallerByTheMargin) {
  // At θ/m with a margin a sample costs what it costs at θ without one.
  for (const int margin : {1, 2, 3, 4}) {
    for (const double theta : {0.0, 20.0, 90.0, 150.0, 180.0}) {
      EXPECT_NEAR(value_of(margin_alone(margin), at_angles(3.0, {theta / margin, 70}, 1),
                           doubles({1, 0}, 1)),
                  value_of(margin_alone(1), at_angles(3.0, {theta, 70}, 1), doubles({1, 0}, 1)),
                  1e-9)
          << "margin " << margin << ", " << theta << " degrees";
    }
  }
}

TEST(ASoftmaxLoss, FallsWithTheAngleWithoutAJumpFromAllToNothing) {
  for (const int margin : {2, 3, 4}) {
    double before = value_of(margin_alone(margin), at_angles(1.0, {0, 90}, 1), doubles({1, 0}, 1));
    for (double theta = 0.5; theta <= 180.0; theta += 0.5) {
      const double here =
          value_of(margin_alone(margin), at_angles(1.0, {theta, 90}, 1), doubles({1, 0}, 1));
      EXPECT_GT(here, before) << "margin " << margin << " at " << theta;
      EXPECT_LT(here - before, 0.04) << "margin " << margin << " at " << theta;  // m · 0.5° = 0.035
      before = here;
    }
  }
}

TEST(ASoftmaxLoss, OfAMixedTargetIsTheMixtureOfTheLosses) {
  const NetworkOutput output = at_angles(2.0, {60, 30, 100}, 1);
  const auto with = [&](std::initializer_list<double> target) {
    return value_of(margin_alone(4), output, doubles(target, 1));
  };
  EXPECT_NEAR(with({0.3, 0.7, 0}), 0.3 * with({1, 0, 0}) + 0.7 * with({0, 1, 0}), 1e-12);
}

TEST(ASoftmaxLoss, SmoothsTheTargetBehindTheMargin) {
  LossOptions options = margin_alone(4);
  test::change(options, "label_smoothing: 0.3");
  const NetworkOutput output = at_angles(2.0, {60, 30}, 1);
  // Scores −3 and √3: targets 0.85 and 0.15.
  const double first = std::log(1.0 + std::exp(std::sqrt(3.0) + 3.0));
  const double second = std::log(1.0 + std::exp(-3.0 - std::sqrt(3.0)));
  const auto loss = make_loss(options, 2, 2, 1);
  const LossValue value = loss->forward(output, doubles({1, 0}, 1));
  EXPECT_NEAR(value.softmax, 0.85 * first + 0.15 * second, 1e-12);
  EXPECT_NEAR(value.printed.softmax, first, 1e-12);
}

TEST(ASoftmaxLoss, PutsTheMarginIntoEachOfTwoHeads) {
  const NetworkOutput first = at_angles(2.0, {60, 30}, 1);
  const NetworkOutput second = at_angles(1.0, {20, 80}, 1);
  NetworkOutput both = first;
  both.angular.push_back(second.angular.front());
  both.first_head_weight = 0.3;
  const torch::Tensor targets = doubles({1, 0}, 1);
  const double probability = 0.3 * std::exp(-value_of(margin_alone(4), first, targets)) +
                             0.7 * std::exp(-value_of(margin_alone(4), second, targets));
  EXPECT_NEAR(value_of(margin_alone(4), both, targets), -std::log(probability), 1e-12);
}

TEST(ASoftmaxLoss, HasFiniteGradientsForAnEmbeddingOfZeros) {
  NetworkOutput output;
  torch::Tensor x = torch::zeros({1, 2}, torch::kDouble).set_requires_grad(true);
  output.logits = x.matmul(torch::eye(2, torch::kDouble));
  output.embedding = x;
  output.angular.push_back({output.logits, x.norm(2, 1, true)});
  make_loss(margin_alone(4), 2, 2, 1)->forward(output, doubles({1, 0}, 1)).total.backward();
  EXPECT_TRUE(torch::isfinite(x.grad()).all().item<bool>());
}

TEST(ASoftmaxLoss, RefusesANetworkWithLinearScores) {
  EXPECT_THROW(value_of(margin_alone(4), one_sample(), of_class_0()), std::invalid_argument);
}

TEST(LossOptions, AskForAngularScoresForASoftmaxAlone) {
  LossOptions options;
  for (const char* name : {"softmax", "center", "inter_center"}) {
    options.name = name;
    EXPECT_EQ(options.class_scores(), NetworkShape::ClassScores::kLinear) << name;
  }
  options.name = "a_softmax";
  EXPECT_EQ(options.class_scores(), NetworkShape::ClassScores::kAngular);
}

TEST(LossOptions, RefuseALambdaThatWouldRise) {
  auto options = loss_options("a_softmax");
  options.choose<ASoftmaxLossOptions>().lambda_start = 1.0;
  EXPECT_THAT(test::message_of<UsageError>([&] { options.validate(); }),
              testing::HasSubstr("'lambda_end' is 5, allowed: at most 'lambda_start', 1"));
}

TEST(CenterLoss, IsTheHandComputedSquaredDistance) {
  const LossOptions options = loss_options("center", "tau: 0.5");
  const LossValue value =
      loss_with_centers(options, centers())->forward(one_sample(), doubles({0.25, 0.75, 0}, 1));
  // Squared distances 1 and 4, weighted by the mixed target.
  EXPECT_NEAR(value.center, 0.5 / 2.0 * (0.25 * 1.0 + 0.75 * 4.0), 1e-12);
  EXPECT_NEAR(value.total.item<double>(), std::log(3.0) + value.center, 1e-12);
}

TEST(CenterLoss, PullsTheSampleStraightToItsCenterAndLeavesTheOthersAlone) {
  const LossOptions options = loss_options("center", "{tau: 0.5, center_update: gradient}");
  const auto loss = loss_with_centers(options, centers());
  NetworkOutput output = one_sample();
  output.embedding.set_requires_grad(true);
  loss->forward(output, of_class_0()).total.backward();
  // d/dx tau/2 · ‖x − Q‖² = tau · (x − Q), for the center the opposite.
  const torch::Tensor pull = 0.5 * (output.embedding.detach()[0] - centers()[0]);
  EXPECT_TRUE(torch::allclose(output.embedding.grad()[0], pull));
  EXPECT_TRUE(torch::allclose(centers_of(*loss).grad()[0], -pull));
  EXPECT_EQ(centers_of(*loss).grad().slice(0, 1).abs().max().item<double>(), 0.0);
}

/// Compares the gradient of `total` with central differences in every element of `variable`.
/// @param output_of  makes the network's output anew from the variables
void expect_gradient_as_measured(Loss& loss, const std::function<NetworkOutput()>& output_of,
                                 const torch::Tensor& targets, const torch::Tensor& variable,
                                 const char* what) {
  constexpr double kStep = 1e-6;
  if (variable.grad().defined()) variable.mutable_grad().reset();
  loss.forward(output_of(), targets).total.backward();
  const torch::Tensor gradient = variable.grad().contiguous().view(-1);
  const torch::NoGradGuard no_grad;
  auto* values = variable.data_ptr<double>();
  for (std::int64_t i = 0; i < variable.numel(); ++i) {
    const double value = values[i];
    values[i] = value + kStep;
    const auto above = loss.forward(output_of(), targets).total.item<double>();
    values[i] = value - kStep;
    const auto below = loss.forward(output_of(), targets).total.item<double>();
    values[i] = value;
    EXPECT_NEAR(gradient[i].item<double>(), (above - below) / (2.0 * kStep), 1e-8)
        << what << " " << i;
  }
}

TEST(Losses, HaveTheGradientsThatDifferencesMeasure) {
  torch::manual_seed(4);
  for (const char* name : {"softmax", "center", "inter_center", "as_printed"}) {
    const bool as_printed = std::string_view(name) == "as_printed";
    for (const std::string update : {"gradient", "wen"}) {
      for (const double smoothing : {0.0, 0.2}) {
        const LossOptions options =
            loss_options(as_printed ? "inter_center" : name,
                         "{tau: 0.7, center_update: " + update +
                             (as_printed ? ", denominator: as_printed" : "") +
                             ", label_smoothing: " + std::to_string(smoothing) + "}");
        const auto loss = make_loss(options, 3, 4, 2);
        loss->to(torch::kDouble);
        const NetworkOutput output{torch::randn({5, 3}, torch::kDouble).set_requires_grad(true),
                                   torch::randn({5, 4}, torch::kDouble).set_requires_grad(true)};
        const torch::Tensor targets = torch::softmax(torch::randn({5, 3}, torch::kDouble), 1);
        const auto output_of = [&] { return output; };
        SCOPED_TRACE(name);
        expect_gradient_as_measured(*loss, output_of, targets, output.logits, "logit");
        if (options.name == "softmax") continue;
        expect_gradient_as_measured(*loss, output_of, targets, output.embedding, "embedding");
        if (update == "wen") continue;
        expect_gradient_as_measured(*loss, output_of, targets, centers_of(*loss), "center");
      }
    }
  }
}

TEST(ASoftmaxLoss, HasTheGradientsThatDifferencesMeasure) {
  torch::manual_seed(4);
  for (const int margin : {1, 2, 3, 4}) {
    for (const double smoothing : {0.0, 0.2}) {
      LossOptions options;
      auto& own = options.choose<ASoftmaxLossOptions>();
      own.margin = margin;
      own.lambda_start = own.lambda_end = 0.5;
      own.label_smoothing = smoothing;
      const auto loss = make_loss(options, 3, 4, 2);
      // Several samples and two heads: angles in every piece of ψ.
      const torch::Tensor targets = torch::softmax(torch::randn({9, 3}, torch::kDouble), 1);
      std::vector<torch::Tensor> samples, weights;
      for (int head = 0; head < 2; ++head) {
        samples.push_back(torch::randn({9, 4}, torch::kDouble).set_requires_grad(true));
        weights.push_back(torch::randn({3, 4}, torch::kDouble).set_requires_grad(true));
      }
      const auto output_of = [&] {
        NetworkOutput output;
        for (std::size_t head = 0; head < 2; ++head) {
          const torch::Tensor& w = weights[head];
          const torch::Tensor logits = samples[head].matmul((w / w.norm(2, 1, true)).t());
          output.angular.push_back({logits, samples[head].norm(2, 1, true)});
        }
        output.logits = output.angular.front().logits;
        output.first_head_weight = 0.3;
        return output;
      };
      SCOPED_TRACE("margin " + std::to_string(margin));
      for (std::size_t head = 0; head < 2; ++head) {
        expect_gradient_as_measured(*loss, output_of, targets, samples[head], "sample");
        expect_gradient_as_measured(*loss, output_of, targets, weights[head], "weight");
      }
    }
  }
}

TEST(CenterUpdate, OfWenMovesCentersTowardsTheirClassMeans) {
  const LossOptions options = loss_options("inter_center", "{center_update: wen, alpha: 0.5}");
  const auto loss = loss_with_centers(options, doubles({0, 0, 4, 0}, 2));
  loss->update_centers(doubles({1, 1, 3, 1}, 2), doubles({1, 0, 1, 0}, 2));
  // Delta_0 = ((0,0)−(1,1) + (0,0)−(3,1)) / (1 + 2) = (−4/3, −2/3); center 1 has no sample.
  EXPECT_TRUE(torch::allclose(centers_of(*loss), doubles({2.0 / 3.0, 1.0 / 3.0, 4, 0}, 2)));
}

TEST(CenterUpdate, OfWenCountsAMixedSampleByItsShares) {
  const LossOptions options = loss_options("inter_center", "{center_update: wen, alpha: 1}");
  const auto loss = loss_with_centers(options, doubles({0, 2}, 2));
  loss->update_centers(doubles({1}, 1), doubles({0.25, 0.75}, 1));
  // Delta_0 = 0.25 · (0 − 1) / 1.25 = −0.2; Delta_1 = 0.75 · (2 − 1) / 1.75 = 3/7
  EXPECT_TRUE(torch::allclose(centers_of(*loss), doubles({0.2, 2.0 - 3.0 / 7.0}, 2)));
}

TEST(CenterUpdate, OfTheGradientKindMakesCentersParametersThatOnlyTheOptimizerMoves) {
  LossOptions options;
  const auto by_gradient = make_loss(options, 3, 4, 1);
  EXPECT_EQ(by_gradient->parameters().size(), 1U);
  const torch::Tensor before = centers_of(*by_gradient).detach().clone();
  by_gradient->update_centers(torch::ones({1, 4}), torch::tensor({{1.0F, 0.0F, 0.0F}}));
  EXPECT_TRUE(torch::equal(centers_of(*by_gradient), before));

  test::change(options, "center_update: wen");
  const auto by_means = make_loss(options, 3, 4, 1);
  EXPECT_TRUE(by_means->parameters().empty());
  EXPECT_EQ(by_means->buffers().size(), 1U);
}

TEST(CenterUpdate, LeftToTheLossIsWensForCenterAndTheGradientForInterCenter) {
  LossOptions options;
  EXPECT_EQ(make_loss(options, 3, 4, 1)->parameters().size(), 1U);
  options.name = "center";
  EXPECT_TRUE(make_loss(options, 3, 4, 1)->parameters().empty());
  EXPECT_EQ(make_loss(options, 3, 4, 1)->buffers().size(), 1U);
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
  options.name = "inter_centr";
  EXPECT_THAT(test::message_of<UsageError>([&] { make_loss(options, 3, 4, 1); }),
              testing::HasSubstr("did you mean 'inter_center'?"));
}

TEST(Losses, RefuseTargetsOfAnotherShape) {
  const auto loss = make_loss(LossOptions{}, 3, 2, 1);
  EXPECT_THROW(loss->forward(one_sample(), doubles({1, 0}, 1)), std::invalid_argument);
}

}  // namespace
}  // namespace mer
