#include "mer/metrics/tag_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace mer {
namespace {

Eigen::MatrixXd column(std::initializer_list<double> values) {
  Eigen::MatrixXd matrix(std::ssize(values), 1);
  Eigen::Index row = 0;
  for (const double value : values) matrix(row++, 0) = value;
  return matrix;
}

/// Five items of two tags; the second tag has no negative item.
const Eigen::MatrixXd kTagTruth =
    (Eigen::MatrixXd(5, 2) << 1, 1, 0, 1, 1, 1, 0, 1, 1, 1).finished();
const Eigen::MatrixXd kTagProbabilities =
    (Eigen::MatrixXd(5, 2) << 0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.7, 0.4, 0.1, 0.5).finished();

TEST(TagScores, AreTheAreasUnderBothCurves) {
  // Positives .9 .7 .1, negatives .8 .7: of six pairs two and a half are in order. Precision 1,
  // 2/4 and 3/5 where a third of the positives each is reached.
  const TagScores scores = tag_scores(kTagTruth, kTagProbabilities);
  EXPECT_EQ(scores.count, 5);
  ASSERT_EQ(scores.per_tag.size(), 2U);
  EXPECT_DOUBLE_EQ(scores.per_tag[0].roc_auc, 2.5 / 6.0);
  EXPECT_DOUBLE_EQ(scores.per_tag[0].pr_auc, (1.0 + 0.5 + 0.6) / 3.0);
  EXPECT_EQ(scores.per_tag[0].positives, 3);
  EXPECT_TRUE(std::isnan(scores.per_tag[1].roc_auc));
  EXPECT_DOUBLE_EQ(scores.macro.roc_auc, scores.per_tag[0].roc_auc);  // of those that have both
  EXPECT_EQ(scores.macro.positives, 8);
}

TEST(TagScores, OfItemsInOrderAreOneAndOfEqualOnesAHalf) {
  const TagScore right = tag_scores(column({0, 0, 1}), column({0.1, 0.2, 0.3})).macro;
  EXPECT_DOUBLE_EQ(right.roc_auc, 1.0);
  EXPECT_DOUBLE_EQ(right.pr_auc, 1.0);
  const TagScore equal = tag_scores(column({0, 0, 1}), column({0.5, 0.5, 0.5})).macro;
  EXPECT_DOUBLE_EQ(equal.roc_auc, 0.5);
  EXPECT_DOUBLE_EQ(equal.pr_auc, 1.0 / 3.0);
}

TEST(TagScores, HaveIntervalsThatResampleGroups) {
  const std::vector<int> one_group(5, 0);
  const TagScores point = tag_scores_with_intervals(kTagTruth, kTagProbabilities, one_group, 1);
  EXPECT_EQ(point.macro.roc_auc_ci95, (Interval{2.5 / 6.0, 2.5 / 6.0}));
  EXPECT_TRUE(std::isnan(point.per_tag[1].pr_auc_ci95[0]));  // in no draw there is a negative item
  const std::vector<int> groups = {0, 1, 2, 3, 4};
  const TagScores spread = tag_scores_with_intervals(kTagTruth, kTagProbabilities, groups, 1);
  EXPECT_LT(spread.macro.roc_auc_ci95[0], 2.5 / 6.0);
  EXPECT_GT(spread.macro.roc_auc_ci95[1], 2.5 / 6.0);
  EXPECT_THROW(tag_scores_with_intervals(kTagTruth, kTagProbabilities, std::vector<int>(4, 0), 1),
               std::invalid_argument);
}

TEST(TagScores, FindTheThresholdOfTheBestF1) {
  // From .7 on: 2 of 3 found among 4, F1 = 4/7; from .9 on 1/2; all: 6/8.
  EXPECT_DOUBLE_EQ(best_f1_thresholds(kTagTruth, kTagProbabilities)[0], 0.05);
  EXPECT_DOUBLE_EQ(best_f1_thresholds(column({0, 1, 1}), column({0.2, 0.6, 0.7}))[0], 0.4);
  EXPECT_DOUBLE_EQ(best_f1_thresholds(column({0, 0}), column({0.2, 0.6}))[0], 0.5);
}

}  // namespace
}  // namespace mer
