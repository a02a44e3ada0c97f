#include "mer/metrics/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

#include "mer/core/random.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// Chosen: class 0 (right), 0 (wrong), 1 (right), 2 (right).
const ProbabilityRows kRows = {
    {0.70, 0.20, 0.10}, {0.72, 0.18, 0.10}, {0.10, 0.90, 0.00}, {0.05, 0.00, 0.95}};
const std::vector<int> kCalibrationTruth = {0, 1, 1, 2};

std::vector<int> numbers(std::size_t count) {
  std::vector<int> result(count);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

TEST(Calibration, IsThatOfTheHandComputedExample) {
  const Calibration result = calibration(kRows, kCalibrationTruth);
  EXPECT_EQ(result.count, 4);
  // Bins are 1/15 = 0.0667 wide. (0.667, 0.733] holds 0.70 and 0.72: half are right, mean 0.71.
  // (0.867, 0.933] holds 0.90, (0.933, 1] holds 0.95: both right.
  EXPECT_NEAR(result.ece, (2.0 * 0.21 + 0.10 + 0.05) / 4.0, 1e-12);
  const double brier = (0.09 + 0.04 + 0.01) +              // 0.7 0.2 0.1 of 1 0 0
                       (0.5184 + 0.6724 + 0.01) +          // 0.72 0.18 0.1 of 0 1 0
                       (0.01 + 0.01) + (0.0025 + 0.0025);  // 0.1 0.9 0 and 0.05 0 0.95
  EXPECT_NEAR(result.brier, brier / 4.0, 1e-12);
  EXPECT_NEAR(result.nll, -std::log(0.70 * 0.18 * 0.90 * 0.95) / 4.0, 1e-12);
  ASSERT_THAT(result.bins, SizeIs(15));
  EXPECT_EQ(result.bins[10].count, 2);
  EXPECT_NEAR(result.bins[10].from, 10.0 / 15.0, 1e-12);
  EXPECT_NEAR(result.bins[10].to, 11.0 / 15.0, 1e-12);
  EXPECT_NEAR(result.bins[10].mean_confidence, 0.71, 1e-12);
  EXPECT_NEAR(result.bins[10].accuracy, 0.5, 1e-12);
  EXPECT_EQ(result.bins[13].count, 1);
  EXPECT_EQ(result.bins[14].count, 1);
  EXPECT_EQ(result.bins[11].count, 0);
  EXPECT_TRUE(std::isnan(result.bins[11].accuracy));
}

TEST(Calibration, PutsAConfidenceOnABorderIntoTheBinBelowIt) {
  const Calibration result = calibration({{0.8, 0.2}, {1.0, 0.0}}, std::vector{0, 0});
  EXPECT_EQ(result.bins[11].count, 1);  // (11/15, 12/15]
  EXPECT_EQ(result.bins[14].count, 1);
}

TEST(Calibration, HasNoErrorWhereEachConfidenceIsRightAsOftenAsItSays) {
  // 10 items at 0.6 of which 6 are right, 10 at 0.9 of which 9 are.
  ProbabilityRows rows;
  std::vector<int> truth;
  for (int item = 0; item < 10; ++item) {
    rows.push_back({0.6, 0.4});
    truth.push_back(item < 6 ? 0 : 1);
    rows.push_back({0.1, 0.9});
    truth.push_back(item < 9 ? 1 : 0);
  }
  const Calibration result = calibration(rows, truth);
  EXPECT_NEAR(result.ece, 0.0, 1e-12);
  // 2 (1 − p)² where right, 2 p² where wrong.
  EXPECT_NEAR(result.brier, (6 * 2 * 0.16 + 4 * 2 * 0.36 + 9 * 2 * 0.01 + 1 * 2 * 0.81) / 20.0,
              1e-12);
}

TEST(Calibration, OfCertaintyIsNothingWhenRightAndTheWorstWhenWrong) {
  const ProbabilityRows sure = {{1.0, 0.0}, {0.0, 1.0}};
  const Calibration right = calibration(sure, std::vector{0, 1});
  EXPECT_EQ(right.ece, 0.0);
  EXPECT_EQ(right.brier, 0.0);
  EXPECT_EQ(right.nll, 0.0);
  const Calibration wrong = calibration(sure, std::vector{1, 0});
  EXPECT_EQ(wrong.ece, 1.0);
  EXPECT_EQ(wrong.brier, 2.0);
  EXPECT_NEAR(wrong.nll, -std::log(kSmallestProbability), 1e-9);  // not infinite
}

TEST(Calibration, OfNothingIsZeroNotNan) {
  const Calibration result = calibration_with_intervals({}, {}, {}, 1);
  EXPECT_EQ(result.count, 0);
  EXPECT_EQ(result.ece, 0.0);
  EXPECT_EQ(result.brier, 0.0);
  EXPECT_EQ(result.nll_ci95, (Interval{0.0, 0.0}));
  EXPECT_THAT(result.bins, SizeIs(15));
}

TEST(Calibration, RefusesListsOfDifferentLengthAndUnknownClasses) {
  EXPECT_THROW(calibration(kRows, std::vector{0, 1}), std::invalid_argument);
  EXPECT_THROW(calibration(kRows, std::vector{0, 1, 1, 3}), std::invalid_argument);
  EXPECT_THROW(calibration(kRows, std::vector{0, 1, 1, -1}), std::invalid_argument);
  EXPECT_THROW(calibration_with_intervals(kRows, kCalibrationTruth, numbers(3), 1),
               std::invalid_argument);
}

TEST(CalibrationIntervals, AreAsWideAsTheNormalDistributionSays) {
  // 400 items of confidence 0.8, 320 of them right: 2·0.04 each where right, 2·0.64 where wrong.
  // The mean is 0.32, one item's deviation 1.2 · sqrt(0.8 · 0.2) = 0.48, that of the mean 0.024.
  const ProbabilityRows rows(400, {0.8, 0.2});
  std::vector<int> truth(400, 0);
  std::fill_n(truth.begin(), 80, 1);
  const Calibration result = calibration_with_intervals(rows, truth, numbers(400), 3);
  EXPECT_NEAR(result.brier, 0.32, 1e-12);
  EXPECT_NEAR(result.brier_ci95[0], 0.32 - 1.96 * 0.024, 0.006);
  EXPECT_NEAR(result.brier_ci95[1], 0.32 + 1.96 * 0.024, 0.006);
  // The right answers' share scatters by 0.02 about the confidence: |·| reaches 1.96 · 0.02 … 2.24
  // · 0.02 (its 97.5 % quantile).
  EXPECT_NEAR(result.ece_ci95[1], 2.24 * 0.02, 0.006);
  const double per_flip = std::log(0.8 / 0.2);  // what a wrong answer costs more, deviation 0.4
  EXPECT_NEAR(result.nll_ci95[1] - result.nll, 1.96 * per_flip * 0.4 / 20.0, 0.006);
}

TEST(CalibrationIntervals, ResampleWholeGroups) {
  const std::vector<int> one_group(4, 7);
  const Calibration result = calibration_with_intervals(kRows, kCalibrationTruth, one_group, 3);
  EXPECT_NEAR(result.brier_ci95[0], result.brier, 1e-12);
  EXPECT_NEAR(result.brier_ci95[1], result.brier, 1e-12);
}

TEST(Coverage, IsCountedFromTheSurestItems) {
  const auto points = accuracy_over_coverage(kRows, kCalibrationTruth);
  ASSERT_THAT(points, SizeIs(4));
  const auto expect = [&](std::size_t i, double coverage, double confidence, double accuracy) {
    EXPECT_DOUBLE_EQ(points[i].coverage, coverage);
    EXPECT_DOUBLE_EQ(points[i].min_confidence, confidence);
    EXPECT_DOUBLE_EQ(points[i].accuracy, accuracy);
    EXPECT_EQ(points[i].count, static_cast<std::int64_t>(i) + 1);
  };
  expect(0, 0.25, 0.95, 1.0);
  expect(1, 0.50, 0.90, 1.0);
  expect(2, 0.75, 0.72, 2.0 / 3.0);
  expect(3, 1.00, 0.70, 3.0 / 4.0);
}

TEST(Coverage, TakesItemsThatAreAsSureAsEachOtherTogether) {
  const auto points =
      accuracy_over_coverage({{0.9, 0.1}, {0.6, 0.4}, {0.4, 0.6}}, std::vector{0, 0, 0});
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_DOUBLE_EQ(points[1].coverage, 1.0);
  EXPECT_DOUBLE_EQ(points[1].accuracy, 2.0 / 3.0);
  EXPECT_THAT(accuracy_over_coverage({}, {}), SizeIs(0));
}

TEST(Coverage, ThinnedKeepsTheFirstPointOfEachStepAndTheLast) {
  std::vector<CoveragePoint> points;
  for (int count = 1; count <= 40; ++count) points.push_back({count / 40.0, count, 0.5, 0.5});
  const auto thin = thinned(points, 0.05);
  ASSERT_THAT(thin, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(thin[i].count, 2 * (static_cast<int>(i) + 1));
  // Three points for twenty steps: each is kept once.
  EXPECT_THAT(thinned({{0.3, 3, 0.9, 1.0}, {0.5, 5, 0.8, 1.0}, {1.0, 10, 0.5, 0.7}}, 0.05),
              SizeIs(3));
}

}  // namespace
}  // namespace mer
