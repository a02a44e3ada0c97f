#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

#include "mer/core/random.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/metrics/ensemble.hpp"

namespace mer {
namespace {

using testing::DoubleNear;
using testing::Each;
using testing::ElementsAre;
using testing::Pointwise;

/// Items whose truth is drawn from softmax(logits), logits uniform in ±2.
struct Sample {
  ProbabilityRows logits;
  std::vector<int> truth;

  Sample(int count, std::uint64_t seed) {
    std::mt19937_64 rng(seed);
    for (int item = 0; item < count; ++item) {
      std::vector<double> row(4);
      for (double& logit : row) logit = 4.0 * uniform_real(rng) - 2.0;
      const std::vector<double> probabilities = softmax(row, 1.0);
      double left = uniform_real(rng);
      int drawn = 0;
      while (drawn < 3 && left >= probabilities[static_cast<std::size_t>(drawn)]) {
        left -= probabilities[static_cast<std::size_t>(drawn++)];
      }
      logits.push_back(row);
      truth.push_back(drawn);
    }
  }

  static std::vector<double> softmax(const std::vector<double>& logits, double scale) {
    std::vector<double> result;
    for (const double logit : logits) result.push_back(std::exp(scale * logit));
    const double sum = std::accumulate(result.begin(), result.end(), 0.0);
    for (double& value : result) value /= sum;
    return result;
  }
  /// The probabilities of someone whose logits are so many times too large.
  ProbabilityRows overconfident(double times) const {
    ProbabilityRows rows;
    for (const auto& row : logits) rows.push_back(softmax(row, times));
    return rows;
  }
};

double nll(const ProbabilityRows& rows, const std::vector<int>& truth) {
  return calibration(rows, truth).nll;
}

TEST(WithTemperature, TakesRootsAndNormalizes) {
  // Roots of 0.64, 0.32, 0.04: 0.8, 0.5657, 0.2.
  const double sum = 0.8 + std::sqrt(0.32) + 0.2;
  EXPECT_THAT(
      with_temperature(std::vector{0.64, 0.32, 0.04}, 2.0),
      Pointwise(DoubleNear(1e-12), std::vector{0.8 / sum, std::sqrt(0.32) / sum, 0.2 / sum}));
}

TEST(WithTemperature, OfOneChangesNothingAtAll) {
  const std::vector<double> row = {0.1, 0.7, 0.2, 0.0};
  EXPECT_EQ(with_temperature(row, 1.0), row);
}

TEST(WithTemperature, KeepsTheOrderOfTheClasses) {
  const Sample sample(50, 3);
  for (const auto& row : sample.overconfident(1.0)) {
    for (const double temperature : {0.1, 0.7, 3.0, 10.0}) {
      const auto changed = with_temperature(row, temperature);
      EXPECT_EQ(argmax(changed), argmax(row));
      EXPECT_NEAR(std::accumulate(changed.begin(), changed.end(), 0.0), 1.0, 1e-12);
    }
  }
}

TEST(WithTemperature, IsUndoneByItsInverse) {
  const std::vector<double> row = {0.1, 0.6, 0.25, 0.05};
  EXPECT_THAT(with_temperature(with_temperature(row, 2.5), 1.0 / 2.5),
              Pointwise(DoubleNear(1e-12), row));
  EXPECT_THROW(with_temperature(row, 0.0), std::invalid_argument);
}

TEST(FitTemperature, FindsByHowMuchLogitsAreTooLarge) {
  const Sample sample(5000, 1);
  for (const double times : {0.5, 1.0, 2.0, 3.0}) {
    const auto fit = fit_temperature(sample.overconfident(times), sample.truth);
    // 5000 items tell the slope to about 2 %.
    EXPECT_NEAR(fit.temperature, times, 0.06 * times);
    EXPECT_EQ(fit.count, 5000);
  }
}

TEST(FitTemperature, IsWhereTheLikelihoodIsLargest) {
  const Sample sample(200, 2);
  const ProbabilityRows rows = sample.overconfident(2.0);
  const TemperatureFit fit = fit_temperature(rows, sample.truth);
  const auto nll_at = [&](double temperature) {
    ProbabilityRows changed;
    for (const auto& row : rows) changed.push_back(with_temperature(row, temperature));
    return nll(changed, sample.truth);
  };
  EXPECT_DOUBLE_EQ(fit.nll_before, nll_at(1.0));
  EXPECT_DOUBLE_EQ(fit.nll_after, nll_at(fit.temperature));
  EXPECT_LT(fit.nll_after, fit.nll_before);
  EXPECT_GT(nll_at(0.98 * fit.temperature), fit.nll_after);
  EXPECT_GT(nll_at(1.02 * fit.temperature), fit.nll_after);
}

TEST(FitTemperature, OfTwoClassesIsTheClosedForm) {
  // 10 items at 0.9, 7 right: 0.9^b / (0.9^b + 0.1^b) = 0.7 where b = ln(7/3) / ln 9.
  std::vector<int> truth(10, 0);
  std::fill_n(truth.begin(), 3, 1);
  const TemperatureFit fit = fit_temperature(ProbabilityRows(10, {0.9, 0.1}), truth);
  EXPECT_NEAR(fit.temperature, std::log(9.0) / std::log(7.0 / 3.0), 1e-9);
}

TEST(FitTemperature, StaysWithinItsBoundsWhereDataAskForMore) {
  const ProbabilityRows rows = {{0.6, 0.4}, {0.3, 0.7}};
  EXPECT_DOUBLE_EQ(fit_temperature(rows, std::vector{0, 1}).temperature, TemperatureFit::kLowest);
  EXPECT_DOUBLE_EQ(fit_temperature(rows, std::vector{1, 0}).temperature, TemperatureFit::kHighest);
}

TEST(FitTemperature, IsOneWhereNothingDependsOnIt) {
  EXPECT_EQ(
      fit_temperature(ProbabilityRows(6, {0.25, 0.25, 0.25, 0.25}), std::vector(6, 2)).temperature,
      1.0);
  const TemperatureFit nothing = fit_temperature({}, {});
  EXPECT_EQ(nothing.temperature, 1.0);
  EXPECT_TRUE(std::isnan(nothing.nll_after));
}

TEST(Ensemble, AnswersWithTheNormalizedWeightedGeometricMean) {
  const ProbabilityRows members = {{0.6, 0.2, 0.2}, {0.1, 0.8, 0.1}};
  const std::vector<double> weights = {0.75, 0.25};
  std::vector<double> expected;
  for (std::size_t c = 0; c < 3; ++c) {
    expected.push_back(std::pow(members[0][c], 0.75) * std::pow(members[1][c], 0.25));
  }
  const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
  for (double& value : expected) value /= sum;
  EXPECT_THAT((Ensemble{weights, 1.0}.answer(members)), Pointwise(DoubleNear(1e-12), expected));
  EXPECT_THAT((Ensemble{{1.0, 0.0}, 1.0}.answer(members)),
              Pointwise(DoubleNear(1e-12), members[0]));
  EXPECT_THROW((Ensemble{{1.0}, 1.0}.answer(members)), std::invalid_argument);
}

TEST(FitWeights, GiveAllToTheModelThatKnowsAndNoneToOneThatGuesses) {
  const Sample sample(400, 4);
  const Sample other(400, 5);  // of other items
  const std::vector<ProbabilityRows> models = {other.overconfident(1.0), sample.overconfident(1.0)};
  EXPECT_THAT(fit_weights(models, sample.truth),
              ElementsAre(DoubleNear(0.0, 0.05), DoubleNear(1.0, 0.05)));
}

TEST(FitWeights, AreEqualForModelsThatSayTheSame) {
  const Sample sample(50, 6);
  const std::vector<ProbabilityRows> models(3, sample.overconfident(1.0));
  EXPECT_THAT(fit_weights(models, sample.truth), Each(DoubleNear(1.0 / 3.0, 1e-12)));
  EXPECT_THAT(fit_weights(std::vector<ProbabilityRows>(2), {}), ElementsAre(0.5, 0.5));
  EXPECT_THROW(fit_weights({}, {}), std::invalid_argument);
}

TEST(FitWeights, HaveTheLargestLikelihoodOfAllOnTheSimplex) {
  // Each of three models sees the true logits under noise of its own.
  const Sample sample(300, 7);
  std::mt19937_64 rng(8);
  std::vector<ProbabilityRows> models;
  for (const double noise : {1.0, 2.0, 3.0}) {
    ProbabilityRows rows;
    for (auto row : sample.logits) {
      for (double& logit : row) logit += noise * (uniform_real(rng) - 0.5);
      rows.push_back(Sample::softmax(row, 1.0));
    }
    models.push_back(rows);
  }
  const auto nll_of = [&](const std::vector<double>& weights) {
    ProbabilityRows joined;
    for (std::size_t i = 0; i < sample.truth.size(); ++i) {
      joined.push_back(Ensemble{weights, 1.0}.answer({models[0][i], models[1][i], models[2][i]}));
    }
    return nll(joined, sample.truth);
  };
  const std::vector<double> fitted = fit_weights(models, sample.truth);
  EXPECT_NEAR(std::accumulate(fitted.begin(), fitted.end(), 0.0), 1.0, 1e-12);
  const double best = nll_of(fitted);
  constexpr int kSteps = 20;
  for (int a = 0; a <= kSteps; ++a) {
    for (int b = 0; a + b <= kSteps; ++b) {
      const std::vector<double> weights = {a / 20.0, b / 20.0, (kSteps - a - b) / 20.0};
      EXPECT_LE(best, nll_of(weights) + 1e-12) << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace mer
