#include "mer/metrics/scores.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <stdexcept>

#include "mer/core/random.hpp"

namespace mer {
namespace {

// Truth 0: 3 right, 1 taken for class 1. Truth 1: 2 right, 2 taken for class 0. Truth 2: 2 right.
const std::vector<int> kTruth = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2};
const std::vector<int> kPredicted = {0, 0, 0, 1, 1, 1, 0, 0, 2, 2};

std::vector<int> numbers(int count) {
  std::vector<int> result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

TEST(ConfusionMatrix, HasTruthInRowsAndPredictionInColumns) {
  ConfusionMatrix expected(3, 3);
  expected << 3, 1, 0, 2, 2, 0, 0, 0, 2;
  EXPECT_EQ(confusion_matrix(kTruth, kPredicted, 3), expected);
}

TEST(ConfusionMatrix, RefusesListsOfDifferentLengthAndUnknownClasses) {
  const std::vector<int> one = {0};
  const std::vector<int> two = {0, 1};
  const std::vector<int> negative = {0, -1};
  EXPECT_THROW(confusion_matrix(one, two, 2), std::invalid_argument);
  EXPECT_THROW(confusion_matrix(two, two, 1), std::invalid_argument);
  EXPECT_THROW(confusion_matrix(two, negative, 2), std::invalid_argument);
}

TEST(RowPercent, SumsToHundredWhereThereAreSongsAndIsZeroElsewhere) {
  ConfusionMatrix confusion(3, 3);
  confusion << 3, 1, 0, 0, 0, 0, 1, 1, 2;
  Eigen::MatrixXd expected(3, 3);
  expected << 75, 25, 0, 0, 0, 0, 25, 25, 50;
  EXPECT_TRUE(row_percent(confusion).isApprox(expected, 1e-12));
}

TEST(Scores, AreThoseOfTheHandComputedExample) {
  const Scores result = scores(confusion_matrix(kTruth, kPredicted, 3));
  EXPECT_EQ(result.count, 10);
  EXPECT_DOUBLE_EQ(result.accuracy, 0.7);  // 3 + 2 + 2 of 10
  EXPECT_DOUBLE_EQ(result.per_class[0].precision, 3.0 / 5.0);
  EXPECT_DOUBLE_EQ(result.per_class[0].recall, 3.0 / 4.0);
  EXPECT_DOUBLE_EQ(result.per_class[0].f1, 2.0 / 3.0);  // 2 · 0.6 · 0.75 / 1.35
  EXPECT_DOUBLE_EQ(result.per_class[1].precision, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(result.per_class[1].recall, 0.5);
  EXPECT_DOUBLE_EQ(result.per_class[1].f1, 4.0 / 7.0);
  EXPECT_DOUBLE_EQ(result.per_class[2].f1, 1.0);
  EXPECT_EQ(result.per_class[1].support, 4);
  EXPECT_DOUBLE_EQ(result.macro_f1, (2.0 / 3.0 + 4.0 / 7.0 + 1.0) / 3.0);
}

TEST(Scores, LeaveClassesThatNeverOccurOutOfMacroF1) {
  ConfusionMatrix confusion = ConfusionMatrix::Zero(3, 3);
  confusion(0, 0) = 2;
  confusion(1, 0) =
      2;  // class 1 occurs but is never predicted: F1 0, counted; class 2 is not there
  const Scores result = scores(confusion);
  // class 0: precision 1/2, recall 1 → F1 2/3
  EXPECT_DOUBLE_EQ(result.macro_f1, (2.0 / 3.0 + 0.0) / 2.0);
  EXPECT_EQ(result.per_class[1].precision, 0.0);
  EXPECT_EQ(result.per_class[2].recall, 0.0);
  EXPECT_EQ(result.per_class[2].f1, 0.0);
}

TEST(Scores, OfNothingAreZeroNotNan) {
  const std::vector<int> nothing;
  const Scores result = scores_with_intervals(nothing, nothing, nothing, 4, 1);
  EXPECT_EQ(result.count, 0);
  EXPECT_EQ(result.accuracy, 0.0);
  EXPECT_EQ(result.macro_f1, 0.0);
  EXPECT_EQ(result.accuracy_ci95, (Interval{0.0, 0.0}));
}

TEST(Intervals, ContainTheEstimateAndDependOnTheSeedAlone) {
  const std::vector<int> groups = numbers(10);
  const Scores first = scores_with_intervals(kTruth, kPredicted, groups, 3, 7);
  const Scores again = scores_with_intervals(kTruth, kPredicted, groups, 3, 7);
  EXPECT_EQ(first.accuracy_ci95, again.accuracy_ci95);
  EXPECT_EQ(first.macro_f1_ci95, again.macro_f1_ci95);
  EXPECT_LT(first.accuracy_ci95[0], first.accuracy);
  EXPECT_GT(first.accuracy_ci95[1], first.accuracy);
  EXPECT_LT(first.macro_f1_ci95[0], first.macro_f1);
  EXPECT_GT(first.macro_f1_ci95[1], first.macro_f1);
}

TEST(Intervals, AreAsWideAsTheBinomialDistributionSays) {
  // 400 items of which 200 are right: the standard error is sqrt(0.25 / 400) = 0.025, so the
  // interval is 0.5 ± 1.96 · 0.025 = 0.451…0.549.
  std::vector<int> truth(400, 0);
  std::vector<int> predicted(400, 0);
  std::fill_n(predicted.begin(), 200, 1);
  const Scores result = scores_with_intervals(truth, predicted, numbers(400), 2, 3);
  EXPECT_NEAR(result.accuracy_ci95[0], 0.451, 0.005);
  EXPECT_NEAR(result.accuracy_ci95[1], 0.549, 0.005);
}

TEST(Intervals, CoverTheTrueAccuracyInAboutNinetyFiveOfHundredSamples) {
  // Samples of 100 items, each right with probability 0.7. With 200 samples the share that covers
  // 0.7 has a standard error of 1.5 points; 90…99 per cent is more than three of them each way.
  std::mt19937_64 rng(11);
  const std::vector<int> truth(100, 0);
  int num_covering = 0;
  for (int sample = 0; sample < 200; ++sample) {
    std::vector<int> predicted;
    for (int item = 0; item < 100; ++item) predicted.push_back(uniform_real(rng) < 0.7 ? 0 : 1);
    const Interval interval =
        scores_with_intervals(truth, predicted, numbers(100), 2, static_cast<std::uint64_t>(sample))
            .accuracy_ci95;
    if (interval[0] <= 0.7 && 0.7 <= interval[1]) ++num_covering;
  }
  EXPECT_THAT(num_covering, testing::AllOf(testing::Ge(180), testing::Le(198)));
}

TEST(Intervals, OverGroupsAreWiderWhenGroupsAreAllRightOrAllWrong) {
  // 20 groups of 10 items, every second group wrong: only 20 independent observations, so the
  // interval is sqrt(10) = 3.2 times as wide as over 200 single items.
  std::vector<int> truth(200, 0);
  std::vector<int> predicted;
  std::vector<int> groups;
  for (int item = 0; item < 200; ++item) {
    predicted.push_back(item / 10 % 2);
    groups.push_back(item / 10);
  }
  const auto width = [](const Scores& s) { return s.accuracy_ci95[1] - s.accuracy_ci95[0]; };
  const double over_groups = width(scores_with_intervals(truth, predicted, groups, 2, 5));
  const double over_items = width(scores_with_intervals(truth, predicted, numbers(200), 2, 5));
  EXPECT_NEAR(over_groups / over_items, 3.16, 0.35);
}

TEST(Intervals, OfOneGroupAreTheEstimateItself) {
  const std::vector<int> one_group(10, 4);
  const Scores result = scores_with_intervals(kTruth, kPredicted, one_group, 3, 9);
  EXPECT_EQ(result.accuracy_ci95, (Interval{result.accuracy, result.accuracy}));
}

TEST(Intervals, RefuseAGroupListOfAnotherLength) {
  EXPECT_THROW(scores_with_intervals(kTruth, kPredicted, numbers(9), 3, 1), std::invalid_argument);
}

TEST(Argmax, IsTheFirstOfEquals) {
  const std::vector<double> probabilities = {0.1, 0.4, 0.4, 0.1};
  EXPECT_EQ(argmax(probabilities), 1);
  EXPECT_THROW(argmax({}), std::invalid_argument);
}

}  // namespace
}  // namespace mer
