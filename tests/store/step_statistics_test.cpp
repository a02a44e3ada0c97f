#include "step_statistics.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

namespace mer {
namespace {

using testing::ElementsAre;

/// Three rows of seven columns: 10 · row + column.
struct Rows {
  Rows() {
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 7; ++column) {
        values.push_back(static_cast<float>(10 * row + column));
      }
    }
  }
  StepFrames frames() const { return {values.data(), 7, numbers}; }

  std::vector<float> values;
  std::vector<std::int32_t> numbers = {0, 2};  // means are 10 + column
  std::vector<float> zeros = std::vector<float>(7, 0.0F);
  std::vector<float> ones = std::vector<float>(7, 1.0F);
};

TEST(SpectrogramStep, PoolsAnyNumberOfNeighboringBandsAndTheRestByItself) {
  const Rows rows;
  const auto pooled = [&](std::int64_t pool, std::size_t size) {
    std::vector<float> bands(7);
    std::vector<float> out(size);
    spectrogram_step(rows.frames(), {rows.zeros.data(), rows.ones.data()}, pool, bands.data(),
                     out.data());
    return out;
  };
  EXPECT_THAT(pooled(1, 7), ElementsAre(10, 11, 12, 13, 14, 15, 16));
  EXPECT_THAT(pooled(2, 4), ElementsAre(10.5, 12.5, 14.5, 16));
  EXPECT_THAT(pooled(3, 3), ElementsAre(11, 14, 16));
  EXPECT_THAT(pooled(9, 1), ElementsAre(13));
}

TEST(CombineStep, AddsABlockToWhatAnEarlierOneHasPutThere) {
  const Rows rows;
  const std::vector<float> mean(7, 1.0F);
  const std::vector<float> scale(7, 2.0F);
  const LldPlan::Branch branch = {{"first", 4, 0, 2, 0.5F, false}, {"second", 0, 0, 2, 1.0F, true}};
  std::vector<float> combined(4);
  combine_step(rows.frames(), {mean.data(), scale.data()}, branch, 2, combined.data());
  // Column 4 of row 0: 0.5 · (4 − 1) · 2 + (0 − 1) · 2 = 1; each column and ten rows add 1 + 2 of
  // it.
  EXPECT_THAT(combined, ElementsAre(1, 4, 61, 64));
}

TEST(StepMoments, AreMeanAndDeviationOfEveryColumn) {
  constexpr std::int64_t kWidth = 37;  // whole vectors and a remainder
  std::vector<float> combined;
  for (const int row : {0, 1, 2, 3}) {
    for (int column = 0; column < kWidth; ++column) {
      combined.push_back(static_cast<float>(row * column));
    }
  }
  std::vector<float> means(kWidth);
  std::vector<float> deviations(kWidth);
  step_moments(combined.data(), 4, kWidth, means.data(), deviations.data());
  for (std::size_t column = 0; column < kWidth; ++column) {
    const auto c = static_cast<float>(column);
    EXPECT_EQ(means[column], 1.5F * c);
    EXPECT_EQ(deviations[column], std::sqrt(1.25F * c * c)) << column;  // (1.5² + 0.5²) / 2 = 1.25
  }
}

}  // namespace
}  // namespace mer
