#include "mer/features/vad.hpp"

#include <gtest/gtest.h>

namespace mer {
namespace {

using Mask = std::vector<std::uint8_t>;

// A frame every 0.1 s; a rest of up to two frames is kept.
VadOptions options() {
  VadOptions options;
  options.threshold_db = -40.0;
  options.loudest_percentile = 100.0;
  options.floor_dbfs = -70.0;
  options.hangover_s = 0.2;
  return options;
}

Mask mask(const std::vector<float>& levels, const VadOptions& options) {
  return voice_activity(levels, 0.1, options);
}

TEST(VoiceActivity, DropsSilenceAtBothEndsAndLongRestsButKeepsShortOnes) {
  const std::vector<float> levels{-90, -20, -90, -90, -20, -90, -90, -90, -20, -90};
  EXPECT_EQ(mask(levels, options()), (Mask{0, 1, 1, 1, 1, 0, 0, 0, 1, 0}));
}

TEST(VoiceActivity, IsRelativeToTheLoudestFrames) {
  // −61 is more than 40 dB below −20, though not below −22.
  EXPECT_EQ(mask({-20, -60, -61}, options()), (Mask{1, 1, 0}));
  EXPECT_EQ(mask({-22, -60, -61}, options()), (Mask{1, 1, 1}));
}

TEST(VoiceActivity, TakesThePercentileOfTheLevels) {
  // The median of −10, −30, −50 is −30: what lies above −70 stays; of the maximum, above −50.
  VadOptions by_median = options();
  by_median.loudest_percentile = 50.0;
  EXPECT_EQ(mask({-10, -30, -51}, by_median), (Mask{1, 1, 1}));
  EXPECT_EQ(mask({-10, -30, -51}, options()), (Mask{1, 1, 0}));
}

TEST(VoiceActivity, NeverKeepsFramesBelowTheAbsoluteFloor) {
  EXPECT_EQ(mask({-69, -71, -69.5}, options()), (Mask{1, 1, 1}));  // a short rest
  EXPECT_EQ(mask({-71, -72}, options()), (Mask{0, 0}));
}

TEST(VoiceActivity, OfSilenceKeepsNothing) {
  EXPECT_EQ(mask({-120, -120, -120}, options()), (Mask{0, 0, 0}));
  VadOptions lenient = options();
  lenient.floor_dbfs = -120.0;
  EXPECT_EQ(mask({-120, -120}, lenient), (Mask{0, 0}));
}

TEST(VoiceActivity, OfNoFramesIsEmptyAndOfOneFrameIsThatFrame) {
  EXPECT_EQ(mask({}, options()), Mask{});
  EXPECT_EQ(mask({-10}, options()), Mask{1});
}

TEST(VoiceActivity, DisabledKeepsEverything) {
  VadOptions off = options();
  off.enabled = false;
  EXPECT_EQ(mask({-120, -10}, off), (Mask{1, 1}));
}

TEST(VoiceActivity, ShiftsWithTheGain) {
  const std::vector<float> loud{-10, -45, -55, -10};
  std::vector<float> quiet = loud;
  for (float& level : quiet) level -= 12.0F;
  VadOptions no_hangover = options();
  no_hangover.hangover_s = 0.0;
  EXPECT_EQ(mask(loud, no_hangover), mask(quiet, no_hangover));
}

}  // namespace
}  // namespace mer
