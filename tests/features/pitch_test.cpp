#include "mer/features/pitch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/synthetic_sounds.hpp"
#include "mer/core/error.hpp"
#include "reference.hpp"

namespace mer {
namespace {

using ::testing::HasSubstr;

double cents(double found_hz, double true_hz) { return 1200.0 * std::log2(found_hz / true_hz); }

TEST(Pitch, OfSixtyHarmonicTonesIsWithin50CentsAndTypicallyWithinHalfACent) {
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  for (const int partials : {1, 5, 20}) {
    std::vector<double> errors;
    for (const double hz : test::detuned_pitches_hz()) {
      const Pitch pitch = tracker.compute(test::tone(hz, partials, 2048, 0.3, test::kRate, 0.7));
      errors.push_back(std::abs(cents(pitch.frequency_hz, hz)));
      EXPECT_LT(errors.back(), 50.0) << hz << " Hz, " << partials << " partials";
      EXPECT_GT(pitch.voicing, 0.95F) << hz << " Hz, " << partials << " partials";
    }
    std::nth_element(errors.begin(), errors.begin() + 30, errors.end());
    EXPECT_LT(errors[30], 0.5) << partials << " partials";
  }
}

TEST(Pitch, OfTheNotesOfAMajorTriadAloneIsWithinOnePerCent) {
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  for (const double hz : {261.626, 329.628, 391.995}) {
    const Pitch pitch = tracker.compute(test::tone(hz, 8, 2048));
    EXPECT_NEAR(pitch.frequency_hz, hz, 0.01 * hz);
    EXPECT_TRUE(pitch.voiced);
  }
}

TEST(Pitch, OfTheReferencesVowelAndSineIsWithinOnePerCent) {
  const std::vector<float> signal = test::reference_signal();
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  for (const std::size_t frame : {2U, 9U, 18U}) {
    EXPECT_NEAR(tracker.compute({signal.data() + 1024 * frame, 2048}).frequency_hz, 140.0, 1.4);
  }
  for (const std::size_t frame : {66U, 75U, 84U}) {
    EXPECT_NEAR(tracker.compute({signal.data() + 1024 * frame, 2048}).frequency_hz, 440.0, 4.4);
  }
}

TEST(Pitch, OfAChordIsTheCommonFundamental) {
  // 4 : 5 : 6 repeats with the period of 1.
  const std::vector<float> signal = test::reference_signal();
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  const Pitch pitch = tracker.compute({signal.data() + 1024 * 30, 2048});
  EXPECT_NEAR(pitch.frequency_hz, 261.626 / 4, 0.5);
}

TEST(Pitch, DoesNotDependOnGainOrOffset) {
  std::vector<float> frame = test::tone(331.0, 7, 2048);
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  const Pitch plain = tracker.compute(frame);
  for (float& x : frame) x = 0.125F * x + 0.25F;
  const Pitch changed = tracker.compute(frame);
  EXPECT_NEAR(changed.frequency_hz, plain.frequency_hz, 0.01);
  EXPECT_NEAR(changed.voicing, plain.voicing, 1e-3);
}

TEST(Pitch, OfWhiteNoiseIsUnvoiced) {
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  for (unsigned seed = 1; seed <= 200; ++seed) {
    const Pitch pitch = tracker.compute(test::noise(2048, 0.1, seed));
    EXPECT_FALSE(pitch.voiced);
    EXPECT_LT(pitch.voicing, 0.3F) << "seed " << seed;
  }
}

// Frames of struck sounds over their first second, with noise 60 dB below full scale.
struct Verdicts {
  int voiced = 0;
  int octaves = 0;
  int others = 0;
};
Verdicts verdicts_of(const std::vector<test::Struck>& sounds) {
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  Verdicts verdicts;
  const std::vector<float> hiss = test::noise(44100, 1e-3);
  for (const test::Struck& sound : sounds) {
    std::vector<float> samples = test::samples_of(sound, 44100);
    for (std::size_t n = 0; n < samples.size(); ++n) samples[n] += hiss[n];
    for (std::size_t start = 0; start + 2048 <= samples.size(); start += 1024) {
      const Pitch pitch = tracker.compute({samples.data() + start, 2048});
      if (!pitch.voiced) continue;
      const test::PitchVerdict verdict = test::judge_pitch(pitch.frequency_hz, sound);
      ++verdicts.voiced;
      verdicts.octaves += verdict == test::PitchVerdict::kOctaveOfNote;
      verdicts.others += verdict == test::PitchVerdict::kOther;
    }
  }
  return verdicts;
}

TEST(Pitch, OfDecayingNotesIsTheNoteAndHardlyEverItsOctave) {
  const Verdicts verdicts = verdicts_of(test::struck_notes());
  EXPECT_GT(verdicts.voiced, 24 * 42 * 8 / 10);  // of 24 notes of 42 frames
  EXPECT_LE(verdicts.octaves, verdicts.voiced / 100);
  EXPECT_LE(verdicts.others, verdicts.voiced / 100);
}

TEST(Pitch, OfDecayingChordsIsANoteOrAnOctaveOfOneInMostFrames) {
  // A triad has no pitch of its own: the common period of 4 : 5 : 6 is two octaves below the root,
  // that of 10 : 12 : 15 is below the range.
  const Verdicts verdicts = verdicts_of(test::struck_chords());
  EXPECT_GT(verdicts.voiced, 24 * 42 * 4 / 10);
  EXPECT_LE(verdicts.others, verdicts.voiced * 3 / 10);
}

TEST(Pitch, OfSilenceAndOfAConstantIsNone) {
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  for (const float level : {0.0F, 1.0F, -0.3F, 1e-30F}) {
    const Pitch pitch = tracker.compute(std::vector<float>(2048, level));
    EXPECT_EQ(pitch.frequency_hz, 0.0F);
    EXPECT_EQ(pitch.voicing, 0.0F);
    EXPECT_FALSE(pitch.voiced);
  }
}

TEST(Pitch, OfAnOnsetAfterSilenceIsUnvoiced) {
  // The first three quarters of the frame are silent: nothing is compared with itself.
  std::vector<float> frame(1536, 0.0F);
  const std::vector<float> sine = test::tone(440.0, 1, 512);
  frame.insert(frame.end(), sine.begin(), sine.end());
  PitchTracker tracker(PitchOptions(), 2048, test::kRate);
  EXPECT_FALSE(tracker.compute(frame).voiced);
}

TEST(Pitch, NeedsTwoPeriodsOfTheLowestPitchInTheFrame) {
  PitchOptions options;
  options.min_hz = 100.0;  // 441 samples
  EXPECT_NO_THROW(PitchTracker(options, 882, test::kRate));
  try {
    PitchTracker(options, 880, test::kRate);
    FAIL() << "880 samples were accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("features.pitch.min_hz is 100: its period must fit twice"));
    EXPECT_THAT(error.hint(), HasSubstr("features.frame.window_samples to at least 882"));
  }
}

TEST(Pitch, OfAShortFrameWorks) {
  PitchOptions options;
  options.min_hz = 100.0;
  PitchTracker tracker(options, 882, test::kRate);
  EXPECT_NEAR(tracker.compute(test::tone(123.0, 5, 882)).frequency_hz, 123.0, 0.5);
}

TEST(Pitch, RefusesRangesThatMakeNoSense) {
  PitchOptions options;
  options.max_hz = options.min_hz;
  EXPECT_THROW(options.validate(), UsageError);
  options.max_hz = 8000.0;
  EXPECT_THROW(PitchTracker(options, 2048, 8000), UsageError);
}

TEST(Semitones, CountTwelveToTheOctaveFrom55Hz) {
  EXPECT_FLOAT_EQ(semitones_above_55_hz(55.0F), 0.0F);
  EXPECT_FLOAT_EQ(semitones_above_55_hz(440.0F), 36.0F);
}

}  // namespace
}  // namespace mer
