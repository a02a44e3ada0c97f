#include "mer/metrics/paired_tests.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace mer {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(McNemar, IsTwiceTheSmallerBinomialTail) {
  // 1 and 8: 2 · (C(9,0) + C(9,1)) / 2⁹ = 20 / 512.
  EXPECT_NEAR(mcnemar_p(1, 8), 20.0 / 512.0, 1e-12);
  EXPECT_NEAR(mcnemar_p(8, 1), 20.0 / 512.0, 1e-12);
  // 0 and 5: 2 / 2⁵.
  EXPECT_NEAR(mcnemar_p(0, 5), 2.0 / 32.0, 1e-12);
  // 2 and 4: 2 · (1 + 6 + 15) / 64.
  EXPECT_NEAR(mcnemar_p(2, 4), 44.0 / 64.0, 1e-12);
}

TEST(McNemar, IsOneForNoDifferenceAndForEquallyManyOnBothSides) {
  EXPECT_EQ(mcnemar_p(0, 0), 1.0);
  EXPECT_EQ(mcnemar_p(7, 7), 1.0);
  EXPECT_NEAR(mcnemar_p(500, 500), 1.0, 1e-9);
}

TEST(McNemar, OfManyItemsIsNearTheNormalApproximation) {
  // z with continuity correction: (|400 − 500| − 1) / sqrt(900) = 3.3, p = 0.000967.
  EXPECT_NEAR(mcnemar_p(400, 500), 0.000967, 2e-5);
  EXPECT_THROW(mcnemar_p(-1, 2), std::invalid_argument);
}

TEST(Holm, MultipliesTheSmallestMostAndNeverFallsBack) {
  // Sorted 0.01, 0.02, 0.03, 0.04: 4·0.01, then 3·0.02 = 0.06, 2·0.03 = 0.06, 0.04 → 0.06.
  const std::vector<double> p = {0.04, 0.01, 0.03, 0.02};
  const std::vector<double> corrected = holm(p);
  EXPECT_DOUBLE_EQ(corrected[1], 0.04);
  EXPECT_DOUBLE_EQ(corrected[3], 0.06);
  EXPECT_DOUBLE_EQ(corrected[2], 0.06);
  EXPECT_DOUBLE_EQ(corrected[0], 0.06);
}

TEST(Holm, DoesNotCountTestsThatWereNotMadeAndEndsAtOne) {
  const std::vector<double> p = {0.6, kNan, 0.7};
  const std::vector<double> corrected = holm(p);
  EXPECT_DOUBLE_EQ(corrected[0], 1.0);  // 2 · 0.6
  EXPECT_TRUE(std::isnan(corrected[1]));
  EXPECT_DOUBLE_EQ(corrected[2], 1.0);
  EXPECT_TRUE(holm({}).empty());
}

TEST(StudentT, HasTheTablesCriticalValues) {
  struct Row {
    int degrees;
    double t;
    double p;
  };
  // Two-sided 5 % and 1 % of any printed table.
  for (const Row& row :
       {Row{1, 12.706, 0.05}, Row{2, 4.303, 0.05}, Row{3, 3.182, 0.05}, Row{9, 2.262, 0.05},
        Row{10, 2.228, 0.05}, Row{29, 2.045, 0.05}, Row{4, 4.604, 0.01}, Row{30, 2.750, 0.01}}) {
    EXPECT_NEAR(student_t_p(row.t, row.degrees), row.p, 2e-4 * (row.p / 0.05 + 0.1)) << row.degrees;
    EXPECT_NEAR(student_t_quantile(row.p, row.degrees), row.t, 6e-4) << row.degrees;
  }
  EXPECT_EQ(student_t_p(0.0, 5), 1.0);
  EXPECT_THROW(student_t_p(1.0, 0), std::invalid_argument);
}

TEST(CorrectedResampledT, WidensTheVarianceByTheSizeOfTheTestSet) {
  // Differences 1, 2, 3: mean 2, s² = 1. J = 3, test/train = 1/2:
  // t = 2 / sqrt(1/3 + 1/2) = 2.19089; without the correction 2 / sqrt(1/3) = 3.4641.
  const std::vector<double> differences = {1.0, 2.0, 3.0};
  const ResampledT corrected = corrected_resampled_t(differences, 0.5);
  EXPECT_NEAR(corrected.t, 2.0 / std::sqrt(5.0 / 6.0), 1e-12);
  EXPECT_EQ(corrected.degrees_of_freedom, 2);
  EXPECT_DOUBLE_EQ(corrected.mean, 2.0);
  // Student's distribution of two degrees in closed form: p = 1 − t / sqrt(2 + t²).
  EXPECT_NEAR(corrected.p, 1.0 - corrected.t / std::hypot(std::sqrt(2.0), corrected.t), 1e-12);
  EXPECT_NEAR(corrected_resampled_t(differences, 0.0).t, 2.0 * std::sqrt(3.0), 1e-12);
}

TEST(CorrectedResampledT, OfEqualDifferencesIsCertain) {
  EXPECT_EQ(corrected_resampled_t(std::vector<double>{0.0, 0.0}, 0.1).p, 1.0);
  EXPECT_EQ(corrected_resampled_t(std::vector<double>{0.5, 0.5}, 0.1).p, 0.0);
  EXPECT_THROW(corrected_resampled_t(std::vector<double>{0.5}, 0.1), std::invalid_argument);
}

/// The mean of a value a group, each drawn as often as it was.
auto mean_of(std::vector<double> values) {
  return [values = std::move(values)](std::span<const double> times) {
    double sum = 0.0;
    for (std::size_t g = 0; g < values.size(); ++g) sum += times[g] * values[g];
    return sum / static_cast<double>(values.size());
  };
}

TEST(BootstrapOverGroups, OfAMeanHasTheWidthOfItsStandardError) {
  // 200 groups of which half have 1, half −1: the mean's standard error is 1/sqrt(200) = 0.0707.
  std::vector<double> values(200, 1.0);
  std::fill(values.begin() + 100, values.end(), -1.0);
  const Bootstrap bootstrap = bootstrap_over_groups(values.size(), 1, mean_of(values));
  EXPECT_NEAR(bootstrap.ci95[0], -1.96 * 0.0707, 0.015);
  EXPECT_NEAR(bootstrap.ci95[1], 1.96 * 0.0707, 0.015);
  EXPECT_GT(bootstrap.p, 0.8);
}

TEST(BootstrapOverGroups, HasItsSmallestPWhenEveryDrawIsOnOneSide) {
  const Bootstrap bootstrap = bootstrap_over_groups(20, 1, mean_of(std::vector<double>(20, 0.3)));
  EXPECT_DOUBLE_EQ(bootstrap.p, 2.0 / 2001.0);
  EXPECT_NEAR(bootstrap.ci95[0], 0.3, 1e-12);
  EXPECT_NEAR(bootstrap.ci95[1], 0.3, 1e-12);
}

TEST(BootstrapOverGroups, DrawsGroupsWhole) {
  // One group of three has all the weight: its share of draws is 0, 1, 2 or 3 times, so that the
  // statistic is one of four values whatever the number of items.
  const Bootstrap bootstrap = bootstrap_over_groups(3, 4, [](std::span<const double> times) {
    EXPECT_DOUBLE_EQ(times[0] + times[1] + times[2], 3.0);
    return times[0];
  });
  EXPECT_EQ(bootstrap.ci95[0], 0.0);
  EXPECT_GE(bootstrap.ci95[1], 2.0);
}

TEST(BootstrapOverGroups, LeavesOutDrawsWithoutAValue) {
  const Bootstrap bootstrap = bootstrap_over_groups(2, 0, [](std::span<const double> times) {
    return times[0] == 0.0 ? std::numeric_limits<double>::quiet_NaN() : 1.0;
  });
  EXPECT_EQ(bootstrap.ci95[0], 1.0);
  EXPECT_EQ(bootstrap_over_groups(0, 0, mean_of({})).p, 1.0);
}

}  // namespace
}  // namespace mer
