#include "mer/classic/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "../store/test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ColumnStatistics statistics_of(std::vector<float> values, std::vector<double> percentiles = {}) {
  const std::vector<std::uint8_t> follows(values.size() - 1, 1);
  return column_statistics(values, follows, percentiles);
}

TEST(ColumnStatistics, MomentsByHand) {
  // Mean 2; offsets −2, −1, −1, 4: squares 22 / 4, cubes (−8 − 1 − 1 + 64) / 4 = 13.5.
  const ColumnStatistics result = statistics_of({0, 1, 1, 6});
  EXPECT_DOUBLE_EQ(result.mean, 2.0);
  EXPECT_DOUBLE_EQ(result.deviation, std::sqrt(5.5));
  EXPECT_DOUBLE_EQ(result.skewness, 13.5 / std::pow(5.5, 1.5));
  EXPECT_DOUBLE_EQ(result.mean_change, (1.0 + 0.0 + 5.0) / 3.0);
}

TEST(ColumnStatistics, SkewnessTurnsItsSignWithTheColumnAndIsZeroForASymmetricOne) {
  EXPECT_DOUBLE_EQ(statistics_of({0, -1, -1, -6}).skewness, -statistics_of({0, 1, 1, 6}).skewness);
  EXPECT_DOUBLE_EQ(statistics_of({3, 1, 2, 5, 4}).skewness, 0.0);
}

TEST(ColumnStatistics, PercentilesAreLinearBetweenNeighborsInAnyOrder) {
  // Sorted 1 2 4 8: the percentile p lies at 3 p / 100.
  EXPECT_THAT(statistics_of({8, 2, 1, 4}, {75, 0, 50, 25, 100, 10}).percentiles,
              ElementsAre(4.0 + 0.25 * 4.0, 1.0, 3.0, 1.75, 8.0, testing::DoubleEq(1.3)));
}

TEST(ColumnStatistics, AConstantColumnHasNoDeviationSkewnessOrChange) {
  const ColumnStatistics result = statistics_of({0.1F, 0.1F, 0.1F}, {5, 95});
  EXPECT_EQ(result.deviation, 0.0);
  EXPECT_EQ(result.skewness, 0.0);
  EXPECT_EQ(result.mean_change, 0.0);
  EXPECT_THAT(result.percentiles, ElementsAre(0.1F, 0.1F));
}

TEST(ColumnStatistics, ASingleFrameIsItsOwnPercentile) {
  const ColumnStatistics result = statistics_of({7}, {5, 50});
  EXPECT_EQ(result.mean, 7.0);
  EXPECT_EQ(result.mean_change, 0.0);
  EXPECT_THAT(result.percentiles, ElementsAre(7.0, 7.0));
}

/// MFCC and residual phase of one column each, and two bands.
class FrameStatisticsTest : public testing::Test {
 protected:
  FrameStatisticsTest() {
    layout_.spectrogram.num_columns = 2;
    for (const auto& [name, column] :
         {std::pair<const char*, int>{"mfcc", 0}, {"residual_phase", 1}}) {
      ColumnGroup group;
      group.name = name;
      group.first_column = column;
      group.num_columns = 1;
      layout_.lld.push_back(group);
      layout_.lld_columns.push_back(name);
    }
  }
  SongFeatures song() const {
    RowMatrixXf spectrogram(4, 2);
    spectrogram << 10, 20, 10, 22, 99, 99, 10, 30;
    RowMatrixXf lld(4, 2);
    lld << 1, 100, 2, 300, 99, 99, 6, 200;
    return make_song(folder_ / "song", spectrogram, lld, {1, 1, 0, 1});
  }
  Standardization standardization() const {
    Standardization result;
    result.lld_mean = {3.0F, 200.0F};
    result.lld_deviation = {2.0F, 100.0F};
    return result;
  }

  TemporaryFolder folder_;
  FeatureLayout layout_;
  InputOptions inputs_;
};

TEST_F(FrameStatisticsTest, TakesKeptFramesAndChangesOfNeighborsOnly) {
  inputs_.mfcc_weight = 0.5;
  const FrameStatistics statistics(layout_, inputs_, {50}, std::nullopt);
  EXPECT_EQ(statistics.num_columns(), 4 * 5);
  const RowMatrixXf rows = statistics.compute(song(), {0, 3});
  ASSERT_EQ(rows.rows(), 1);
  // Half of the MFCC, half of the residual phase, the bands.
  EXPECT_FLOAT_EQ(rows(0, 0), 1.5F);
  EXPECT_FLOAT_EQ(rows(0, 1), 100.0F);
  EXPECT_FLOAT_EQ(rows(0, 2), 10.0F);
  EXPECT_FLOAT_EQ(rows(0, 3), 24.0F);
  EXPECT_FLOAT_EQ(rows(0, 6), 0.0F);  // deviation of the constant band
  // Frames 0 and 1 are neighbors, 1 and 3 are not.
  EXPECT_FLOAT_EQ(rows(0, 12), 0.5F);
  EXPECT_FLOAT_EQ(rows(0, 15), 2.0F);
  EXPECT_FLOAT_EQ(rows(0, 19), 22.0F);  // median
  // A part of the song.
  EXPECT_FLOAT_EQ(statistics.compute(song(), {1, 2})(0, 3), 26.0F);
  EXPECT_THROW(statistics.compute(song(), {1, 3}), std::invalid_argument);
}

TEST_F(FrameStatisticsTest, SumAddsStandardizedFramesSoThatTheWeightMatters) {
  inputs_.combine = InputOptions::Combine::kSum;
  EXPECT_TRUE(FrameStatistics::needs_standardization(layout_, inputs_));
  // Standardized MFCC −1, −½, 1½; residual phase −1, 1, 0.
  for (const double weight : {0.0, 0.25, 1.0}) {
    inputs_.mfcc_weight = weight;
    const FrameStatistics statistics(layout_, inputs_, {100}, standardization());
    EXPECT_EQ(statistics.num_columns(), 3 * 5);
    const RowMatrixXf rows = statistics.compute(song(), {0, 3});
    const double sums[] = {-1.0, -0.5 * weight + (1.0 - weight), 1.5 * weight};
    EXPECT_NEAR(rows(0, 0), (sums[0] + sums[1] + sums[2]) / 3.0, 1e-6);
    EXPECT_NEAR(rows(0, 12), std::max(sums[1], sums[2]), 1e-6);
  }
}

TEST_F(FrameStatisticsTest, ScoreMakesARowForEachOfTheTwo) {
  inputs_.combine = InputOptions::Combine::kLateFusion;
  EXPECT_FALSE(FrameStatistics::needs_standardization(layout_, inputs_));
  const FrameStatistics statistics(layout_, inputs_, {}, std::nullopt);
  const RowMatrixXf rows = statistics.compute(song(), {0, 3});
  ASSERT_EQ(rows.rows(), 2);
  EXPECT_FLOAT_EQ(rows(0, 0), 3.0F);
  EXPECT_FLOAT_EQ(rows(1, 0), 200.0F);
  EXPECT_EQ(rows(0, 1), rows(1, 1));
}

TEST_F(FrameStatisticsTest, LeavesOutGroupsAndTheSpectrogramButNotEverything) {
  inputs_.leave_out = {"spectrogram", "mfcc"};
  const FrameStatistics statistics(layout_, inputs_, {}, std::nullopt);
  EXPECT_EQ(statistics.num_columns(), 4);
  EXPECT_FLOAT_EQ(statistics.compute(song(), {0, 3})(0, 0), 200.0F);
  inputs_.leave_out = {"mfcc", "residual_phase"};
  EXPECT_EQ(FrameStatistics(layout_, inputs_, {}, std::nullopt).num_columns(), 8);
  inputs_.leave_out.push_back("spectrogram");
  EXPECT_THAT(message_of<UsageError>([&] { FrameStatistics(layout_, inputs_, {}, std::nullopt); }),
              HasSubstr("inputs.leave_out: leaves out everything"));
}

}  // namespace
}  // namespace mer
