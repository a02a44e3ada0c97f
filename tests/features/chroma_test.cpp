#include "mer/features/chroma.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "mer/core/error.hpp"
#include "reference.hpp"

namespace mer {
namespace {

int loudest(const Eigen::ArrayXf& chroma) {
  Eigen::Index index = 0;
  chroma.maxCoeff(&index);
  return static_cast<int>(index);
}

Eigen::ArrayXf chroma_of(const std::vector<float>& frame) {
  PowerSpectrum spectrum((FrameOptions()));
  Chroma chroma(ChromaOptions(), 2048, 44100);
  return chroma.compute(spectrum.compute(frame));
}

TEST(Chroma, OfEachNoteIsLoudestAtItsPitchClass) {
  for (int note = 0; note < 12; ++note) {
    const double hz = 440.0 * std::exp2((note - 9) / 12.0 + 2.0);  // C6 … B6: a semitone is 3 bins
    const Eigen::ArrayXf chroma = chroma_of(test::tone(hz, 1, 2048));
    EXPECT_EQ(loudest(chroma), note) << hz << " Hz";
    EXPECT_FLOAT_EQ(chroma.maxCoeff(), 1.0F);
  }
}

TEST(Chroma, FiltersHaveUnitNormTimesAGaussianOverOctaves) {
  // At 880 Hz, the center, the Gaussian is 1; two octaves away e^(−1/2).
  const Eigen::MatrixXd filters = chroma_filters(44100, 44100, 0.0);  // bins of 1 Hz
  EXPECT_NEAR(filters.col(880).norm(), 1.0, 1e-12);
  EXPECT_NEAR(filters.col(3520).norm(), std::exp(-0.5), 1e-12);
  EXPECT_NEAR(filters.col(220).norm(), std::exp(-0.5), 1e-12);
  // A bin on a pitch class: e^0 there, e^(−2) a semitone beside, e^(−8) two.
  EXPECT_NEAR(filters(8, 880) / filters(9, 880), std::exp(-2.0), 1e-9);
  EXPECT_NEAR(filters(11, 880) / filters(9, 880), std::exp(-8.0), 1e-9);
}

TEST(Chroma, WithATuningFollowsIt) {
  // A third of a semitone up, everything: filters see the same.
  const Eigen::MatrixXd plain = chroma_filters(44100, 44100, 0.0);
  const Eigen::MatrixXd tuned = chroma_filters(44100, 44100, 0.3);
  const int raised = static_cast<int>(std::lround(8800 * std::exp2(0.3 / 12.0)));
  EXPECT_LT((plain.col(8800) - tuned.col(raised)).norm(), 1e-3);
  EXPECT_GT((plain.col(8800) - tuned.col(8800)).norm(), 0.05);
}

TEST(Chroma, DoesNotDependOnTheGain) {
  std::vector<float> frame = test::tone(1000.0, 3, 2048);
  const Eigen::ArrayXf loud = chroma_of(frame);
  for (float& x : frame) x *= 0.125F;
  EXPECT_LT((chroma_of(frame) - loud).abs().maxCoeff(), 1e-6F);
}

TEST(Chroma, OfSilenceIsZero) {
  const Eigen::ArrayXf chroma = chroma_of(std::vector<float>(2048, 0.0F));
  EXPECT_EQ(chroma.abs().maxCoeff(), 0.0F);
}

TEST(Chroma, WithALongWindowSeparatesADetunedLowChord) {
  // C3, E3, G3 (130.8, 164.8, 196.0 Hz), 20 cents sharp: 21.5 Hz bins smear them over neighboring
  // pitch classes, 5.4 Hz bins with the tuning given do not.
  std::vector<float> samples(8192, 0.0F);
  for (const double hz : {130.813, 164.814, 195.998}) {
    const std::vector<float> note = test::tone(hz * std::exp2(0.2 / 12.0), 1, 8192, 0.2);
    for (std::size_t n = 0; n < samples.size(); ++n) samples[n] += note[n];
  }
  ChromaOptions options;
  options.window_samples = 8192;
  options.tuning = 0.2;
  Chroma chroma(options, 2048, 44100);
  ASSERT_EQ(chroma.margin_samples(), 3072);
  const Eigen::ArrayXf sharp = chroma.compute_long(samples);
  const Eigen::ArrayXf smeared =
      chroma_of(std::vector<float>(samples.begin() + 3072, samples.begin() + 5120));
  double sharp_rest = 0.0;
  double smeared_rest = 0.0;
  for (const int c : {1, 2, 3, 5, 6, 8, 9, 10, 11}) {
    sharp_rest = std::max(sharp_rest, static_cast<double>(sharp[c]));
    smeared_rest = std::max(smeared_rest, static_cast<double>(smeared[c]));
  }
  for (const int c : {0, 4, 7}) EXPECT_GT(sharp[c], sharp_rest) << c;
  EXPECT_LT(sharp_rest, 0.6 * smeared_rest);
}

// The three loudest pitch classes, in order of their number.
std::array<int, 3> three_loudest(Eigen::ArrayXf chroma) {
  std::array<int, 3> classes{};
  for (int& c : classes) {
    c = loudest(chroma);
    chroma[c] = -1.0F;
  }
  std::sort(classes.begin(), classes.end());
  return classes;
}

// Major triads whose notes all lie below 500 Hz, with four partials, detuned.
struct Chord {
  std::array<double, 3> note_hz;
  std::array<int, 3> classes;  // in order of their number
};
Chord detuned_chord(int root, double semitones) {  // root 0 is C3
  Chord chord{};
  for (std::size_t i = 0; i < 3; ++i) {
    const int note = root + std::array<int, 3>{0, 4, 7}[i];
    chord.note_hz[i] = 130.813 * std::exp2((note + semitones) / 12.0);
    chord.classes[i] = note % 12;
  }
  std::sort(chord.classes.begin(), chord.classes.end());
  return chord;
}
std::vector<float> samples_of(const Chord& chord, std::size_t count) {
  std::vector<float> samples(count, 0.0F);
  for (const double hz : chord.note_hz) {
    const std::vector<float> note = test::tone(hz, 4, count, 0.1, 44100, 0.7);
    for (std::size_t n = 0; n < count; ++n) samples[n] += note[n];
  }
  return samples;
}

TEST(Chroma, WithALongWindowAndTheEstimatedTuningNamesDetunedLowChordsThatTheShortOneSmears) {
  int long_right = 0;
  int short_right = 0;
  int chords = 0;
  for (int root = 0; root < 12; ++root) {  // up to B3, D♯4, F♯4 = 370 Hz
    for (const double semitones : {-0.4, -0.2, 0.15, 0.35}) {
      const Chord chord = detuned_chord(root, semitones);
      const std::vector<float> samples = samples_of(chord, 4 * 8192);
      ChromaOptions options;
      options.tuning = estimate_tuning(samples, 44100);
      options.window_samples = 8192;
      Chroma long_chroma(options, 2048, 44100);
      const std::span<const float> frame(samples.data() + 8192, 8192);
      long_right += three_loudest(long_chroma.compute_long(frame)) == chord.classes;
      // The frame's own spectrum, even with the tuning that the long one needed.
      options.window_samples = 0;
      Chroma short_chroma(options, 2048, 44100);
      PowerSpectrum spectrum((FrameOptions()));
      short_right +=
          three_loudest(short_chroma.compute(spectrum.compute(frame.subspan(3072, 2048)))) ==
          chord.classes;
      ++chords;
    }
  }
  EXPECT_EQ(long_right, chords);
  EXPECT_LT(short_right, chords / 2);
}

TEST(Tuning, OfDetunedChordsBelow500HertzIsTheirDetuning) {
  for (const double semitones : {-0.45, -0.3, -0.1, 0.0, 0.05, 0.25, 0.4}) {
    std::vector<float> song;
    for (const int root : {0, 5, 7, 9}) {
      const std::vector<float> part = samples_of(detuned_chord(root, semitones), 22050);
      song.insert(song.end(), part.begin(), part.end());
    }
    EXPECT_NEAR(estimate_tuning(song, 44100), semitones, 0.03) << semitones;
  }
}

TEST(Tuning, IsCircularAndAQuarterToneIsEitherHalf) {
  const std::vector<float> samples = samples_of(detuned_chord(3, 0.5), 44100);
  EXPECT_NEAR(std::abs(estimate_tuning(samples, 44100)), 0.5, 0.03);
}

TEST(Tuning, DoesNotDependOnTheGain) {
  std::vector<float> samples = samples_of(detuned_chord(3, 0.2), 44100);
  const double loud = estimate_tuning(samples, 44100);
  for (float& x : samples) x *= 0.125F;
  EXPECT_NEAR(estimate_tuning(samples, 44100), loud, 1e-6);
}

TEST(Tuning, OfSilenceOrOfLessThanAWindowIsZero) {
  EXPECT_EQ(estimate_tuning(std::vector<float>(44100, 0.0F), 44100), 0.0);
  EXPECT_EQ(estimate_tuning(test::tone(450.0, 1, 8191), 44100), 0.0);
  EXPECT_NE(estimate_tuning(test::tone(450.0, 1, 8192), 44100), 0.0);
  EXPECT_EQ(TuningEstimator(44100).tuning(), 0.0);
}

TEST(Tuning, DoesNotDependOnHowTheSamplesAreCutIntoBlocks) {
  const std::vector<float> samples = samples_of(detuned_chord(3, 0.2), 44100);
  TuningEstimator estimator(44100);
  std::mt19937_64 engine(5);
  for (std::size_t at = 0; at < samples.size();) {
    const std::size_t count = std::min<std::size_t>(samples.size() - at, engine() % 20000);
    estimator.push(std::span<const float>(samples).subspan(at, count));
    at += count;
  }
  EXPECT_EQ(estimator.tuning(), estimate_tuning(samples, 44100));
}

TEST(Chroma, RefusesAWindowShorterThanTheFrameOrOdd) {
  ChromaOptions options;
  options.window_samples = 2046;
  EXPECT_THROW(Chroma(options, 2048, 44100), UsageError);
  options.window_samples = 2048;
  EXPECT_NO_THROW(Chroma(options, 2048, 44100));
  options.window_samples = 8191;
  EXPECT_THROW(options.validate(), UsageError);
}

}  // namespace
}  // namespace mer
