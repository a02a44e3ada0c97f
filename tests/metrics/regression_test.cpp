#include "mer/metrics/regression.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace mer {
namespace {

TEST(Regression, ScoresByHand) {
  // Truth 0 1 2 3: mean 1.5, variance 1.25. Prediction 1 1 2 4: mean 2, variance 1.5.
  // Offsets −1.5 −0.5 0.5 1.5 and −1 −1 0 2: covariance (1.5 + 0.5 + 0 + 3) / 4 = 1.25.
  const std::vector<double> truth = {0, 1, 2, 3};
  const std::vector<double> predicted = {1, 1, 2, 4};
  const RegressionScores scores = regression_scores(truth, predicted);
  EXPECT_EQ(scores.count, 4);
  EXPECT_DOUBLE_EQ(scores.rmse, std::sqrt(0.5));
  EXPECT_DOUBLE_EQ(scores.r2, 1.0 - 0.5 / 1.25);
  EXPECT_DOUBLE_EQ(scores.pearson, 1.25 / std::sqrt(1.25 * 1.5));
  EXPECT_DOUBLE_EQ(scores.concordance, 2.0 * 1.25 / (1.25 + 1.5 + 0.25));
}

TEST(Regression, IntervalsResampleGroupsAndHoldTheScores) {
  std::vector<double> truth, predicted;
  std::vector<int> groups;
  for (int i = 0; i < 60; ++i) {
    truth.push_back(std::sin(i));
    predicted.push_back(0.8 * std::sin(i) + 0.2 * std::cos(3.0 * i));
    groups.push_back(i / 2);
  }
  const RegressionScores scores = regression_scores_with_intervals(truth, predicted, groups, 1);
  EXPECT_EQ(scores.r2, regression_scores(truth, predicted).r2);
  for (const auto& [score, interval] : {std::pair(scores.r2, scores.r2_ci95),
                                        {scores.rmse, scores.rmse_ci95},
                                        {scores.pearson, scores.pearson_ci95},
                                        {scores.concordance, scores.concordance_ci95}}) {
    EXPECT_LT(interval[0], score);
    EXPECT_GT(interval[1], score);
  }
  // One group has nothing to resample.
  const std::vector<int> one(60, 0);
  const RegressionScores same = regression_scores_with_intervals(truth, predicted, one, 1);
  EXPECT_NEAR(same.rmse_ci95[0], same.rmse, 1e-12);
  EXPECT_NEAR(same.rmse_ci95[1], same.rmse, 1e-12);
}

TEST(Regression, APerfectPredictionScoresOne) {
  const std::vector<double> truth = {-0.5, 0.25, 1.0};
  const RegressionScores scores = regression_scores(truth, truth);
  EXPECT_DOUBLE_EQ(scores.r2, 1.0);
  EXPECT_EQ(scores.rmse, 0.0);
  EXPECT_DOUBLE_EQ(scores.pearson, 1.0);
  EXPECT_DOUBLE_EQ(scores.concordance, 1.0);
}

TEST(Regression, PearsonForgivesShiftsAndScalesAndConcordanceDoesNot) {
  const std::vector<double> truth = {-1, 0, 1};
  const RegressionScores shifted = regression_scores(truth, std::vector<double>{0, 1, 2});
  EXPECT_DOUBLE_EQ(shifted.pearson, 1.0);
  EXPECT_DOUBLE_EQ(shifted.concordance, (4.0 / 3.0) / (4.0 / 3.0 + 1.0));
  const RegressionScores turned = regression_scores(truth, std::vector<double>{1, 0, -1});
  EXPECT_DOUBLE_EQ(turned.pearson, -1.0);
  EXPECT_DOUBLE_EQ(turned.concordance, -1.0);
}

TEST(Regression, TheMeanAsPredictionExplainsNothingAndCorrelatesWithNothing) {
  const RegressionScores scores =
      regression_scores(std::vector<double>{0, 1, 2}, std::vector<double>{1, 1, 1});
  EXPECT_DOUBLE_EQ(scores.r2, 0.0);
  EXPECT_TRUE(std::isnan(scores.pearson));
  EXPECT_EQ(scores.concordance, 0.0);
}

TEST(Regression, RefusesNothingAndUnequalSizes) {
  EXPECT_THROW(regression_scores({}, {}), std::invalid_argument);
  EXPECT_THROW(regression_scores(std::vector<double>{1}, std::vector<double>{1, 2}),
               std::invalid_argument);
}

}  // namespace
}  // namespace mer
