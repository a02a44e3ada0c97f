#include "mer/metrics/curve_scores.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace mer {
namespace {

using testing::ElementsAre;

// A step from 0 to 1 that is answered 1 s late.
CurvePair late() { return {{0, 1, 2, 3, 4, 5}, {0, 0, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 1}, {}, 0}; }

TEST(CurveScores, CompareEachSongAndTakeTheMean) {
  // One of six is wrong by 1. Truth has mean 2/3, prediction 1/2: variances 2/9 and 1/4, covariance
  // 1/2 − 1/3, shift 1/6: 2/6 / (17/36 + 1/36).
  CurvePair right = late();
  right.predicted = right.truth;
  right.group = 1;
  const CurveScores one = curve_scores(std::vector{late()}, 1);
  EXPECT_DOUBLE_EQ(one.rmse, std::sqrt(1.0 / 6.0));
  EXPECT_NEAR(one.concordance, (2.0 / 6.0) / 0.5, 1e-12);
  const CurveScores both = curve_scores(std::vector{late(), right}, 1);
  EXPECT_EQ(both.songs, 2);
  EXPECT_EQ(both.points, 12);
  EXPECT_DOUBLE_EQ(both.rmse, one.rmse / 2.0);
  EXPECT_NEAR(both.concordance, (one.concordance + 1.0) / 2.0, 1e-12);
  EXPECT_NEAR(both.concordance_ci95[0], one.concordance, 1e-12);  // one song or the other
  EXPECT_NEAR(both.concordance_ci95[1], 1.0, 1e-12);
}

TEST(CurveScores, ForgiveALateAnswerWithinTheTolerance) {
  EXPECT_THAT(tolerant_truth(late(), 2.0), ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(tolerant_truth(late(), 0.5), ElementsAre(0, 0, 1, 1, 1, 1));
  const CurveScores scores = curve_scores(std::vector{late()}, 1);
  EXPECT_DOUBLE_EQ(scores.tolerant_rmse, 0.0);
  EXPECT_DOUBLE_EQ(scores.tolerant_concordance, 1.0);
  // Beyond what the truth has nearby it counts from the nearest value.
  EXPECT_THAT(tolerant_truth({{0, 1}, {0.25, 0.5}, {1.0, -1.0}, {}, 0}, 2.0),
              ElementsAre(0.5, 0.25));
}

TEST(CurveScores, SayHowFarRatersAreApart) {
  CurvePair rated = late();
  rated.truth_sd = {0.1, 0.1, 0.1, 0.7, 0.7, 0.7};
  EXPECT_TRUE(std::isnan(curve_scores(std::vector{late()}, 1).rater_rmse));
  EXPECT_DOUBLE_EQ(curve_scores(std::vector{late(), rated}, 1).rater_rmse, 0.5);
}

TEST(CurveScores, OfNothingAreUnknown) {
  EXPECT_EQ(curve_scores({}, 1).songs, 0);
  EXPECT_TRUE(std::isnan(curve_scores({}, 1).rmse));
  EXPECT_TRUE(std::isnan(curve_scores(std::vector{CurvePair{{0, 1}, {0, 0}, {0, 0}, {}, 0}}, 1)
                             .concordance));  // nothing varies
  EXPECT_THROW(curve_scores(std::vector{CurvePair{{0, 1}, {0}, {0, 0}, {}, 0}}, 1),
               std::invalid_argument);
}

TEST(Interpolate, IsLinearBetweenAndConstantBeyond) {
  const std::vector<double> times = {1, 2, 4};
  const std::vector<double> values = {0, 1, 0};
  const std::vector<double> at = {0, 1, 1.5, 3, 4, 9};
  EXPECT_THAT(interpolate(times, values, at), ElementsAre(0, 0, 0.5, 0.5, 0, 0));
  EXPECT_THROW(interpolate({}, {}, at), std::invalid_argument);
}

}  // namespace
}  // namespace mer
