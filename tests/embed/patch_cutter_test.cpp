#include "patch_cutter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace mer {
namespace {

using ::testing::ElementsAre;

/// Frame t of a spectrogram of two bands: t and −t.
RowMatrixXf frames(std::int64_t first, std::int64_t count) {
  RowMatrixXf rows(count, 2);
  for (std::int64_t i = 0; i < count; ++i) {
    rows(i, 0) = static_cast<float>(first + i);
    rows(i, 1) = -static_cast<float>(first + i);
  }
  return rows;
}

/// All patches put together, in batches as they come.
struct Collected {
  std::vector<float> spectrogram, valid;
  std::vector<std::int64_t> batch_sizes;

  PatchCutter::OnBatch callback() {
    return [this](const PatchBatch& batch) {
      const auto append = [](std::vector<float>& to, const FloatTensor& from) {
        to.insert(to.end(), from.values.begin(), from.values.end());
      };
      append(spectrogram, batch.spectrogram);
      append(valid, batch.valid);
      batch_sizes.push_back(batch.spectrogram.shape.front());
      EXPECT_EQ(batch.valid.shape.front(), batch_sizes.back());
    };
  }
};

TEST(PatchCutter, TurnsFramesIntoPatchesOfBandsByFrames) {
  Collected collected;
  PatchCutter cutter(3, 3, collected.callback());
  cutter.push(frames(0, 7));
  cutter.finish(0);
  EXPECT_THAT(collected.spectrogram, ElementsAre(0, 1, 2, 0, -1, -2, 3, 4, 5, -3, -4, -5));
  EXPECT_THAT(collected.valid, ElementsAre(1, 1, 1, 1, 1, 1));
  EXPECT_EQ(cutter.num_frames(), 7);
  EXPECT_EQ(cutter.num_patches(), 2);
}

TEST(PatchCutter, OverlapsPatchesWhenTheHopIsShorter) {
  Collected collected;
  PatchCutter cutter(3, 1, collected.callback());
  cutter.push(frames(0, 5));
  cutter.finish(0);
  EXPECT_THAT(collected.spectrogram,
              ElementsAre(0, 1, 2, 0, -1, -2, 1, 2, 3, -1, -2, -3, 2, 3, 4, -2, -3, -4));
}

TEST(PatchCutter, FillsTheTailWithMaskedZeros) {
  Collected collected;
  PatchCutter cutter(3, 3, collected.callback());
  cutter.push(frames(10, 5));
  cutter.finish(2);
  EXPECT_THAT(collected.spectrogram,
              ElementsAre(10, 11, 12, -10, -11, -12, 13, 14, 0, -13, -14, 0));
  EXPECT_THAT(collected.valid, ElementsAre(1, 1, 1, 1, 1, 0));
}

TEST(PatchCutter, GivesTheSamePatchesForAnyPieces) {
  Collected at_once;
  PatchCutter whole(5, 2, at_once.callback());
  whole.push(frames(0, 41));
  whole.finish(3);
  for (const std::int64_t piece : {1, 4, 17}) {
    Collected in_pieces;
    PatchCutter cutter(5, 2, in_pieces.callback());
    for (std::int64_t first = 0; first < 41; first += piece) {
      cutter.push(frames(first, std::min<std::int64_t>(piece, 41 - first)));
    }
    cutter.finish(3);
    EXPECT_EQ(in_pieces.spectrogram, at_once.spectrogram) << piece;
    EXPECT_EQ(in_pieces.valid, at_once.valid) << piece;
    EXPECT_EQ(in_pieces.batch_sizes, at_once.batch_sizes) << piece;
  }
}

TEST(PatchCutter, RefusesAHopThatLeavesMusicOut) {
  EXPECT_THROW(PatchCutter(3, 4, {}), std::invalid_argument);
  EXPECT_THROW(PatchCutter(3, 0, {}), std::invalid_argument);
}

}  // namespace
}  // namespace mer
