#include "mer/features/formants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "../support/synthetic_sounds.hpp"
#include "mer/core/error.hpp"
#include "mer/features/pitch.hpp"
#include "mer/features/stft.hpp"
#include "reference.hpp"

namespace mer {
namespace {

// Formants of a frame of about 46 ms in the middle of the signal, with its own pitch.
Formants formants_of(const std::vector<float>& samples, int rate_hz,
                     const FormantOptions& options = {}) {
  FrameOptions frame_options;
  frame_options.window_samples = 1 << std::lround(std::log2(0.0464 * rate_hz));
  const int window = frame_options.window_samples;
  const std::size_t size = static_cast<std::size_t>(window);
  const std::span<const float> frame(samples.data() + (samples.size() - size) / 2, size);
  PowerSpectrum spectrum(frame_options);
  PitchOptions pitch_options;
  pitch_options.min_hz = std::max(55.0, 2.1 * rate_hz / window);
  const Pitch pitch = PitchTracker(pitch_options, window, rate_hz).compute(frame);
  FormantTracker tracker(options, window, rate_hz);
  return tracker.compute(spectrum.compute(frame), pitch.voiced ? pitch.frequency_hz : 0.0F);
}

// Errors of F1, F2 and F3 for all vowels at all pitches.
std::array<std::vector<double>, 3> vowel_errors(int num_low_passes,
                                                const FormantOptions& options = {}) {
  std::array<std::vector<double>, 3> errors;
  for (const test::Vowel& vowel : test::kVowels) {
    for (const double pitch_hz : test::kVowelPitchHz) {
      const Formants found =
          formants_of(test::sung_vowel(vowel, pitch_hz, num_low_passes, 12000), 44100, options);
      for (std::size_t i = 0; i < 3; ++i) {
        errors[i].push_back(
            std::abs(static_cast<double>(found.frequency_hz[i]) - vowel.formant_hz[i]));
      }
    }
  }
  return errors;
}

TEST(Formants, OfResonantNoiseAreTypicallyItsResonances) {
  // Resonators in series excited by noise: nothing harmonic to be drawn to. A frame of noise is a
  // random estimate, so the median of several is judged. Order 10 wants five resonances.
  constexpr std::array<test::Resonance, 5> kResonances{
      {{600, 80}, {1500, 100}, {2700, 140}, {3600, 175}, {4600, 250}}};
  std::array<std::vector<double>, 3> found;
  for (unsigned seed = 1; seed <= 15; ++seed) {
    const Formants formants =
        formants_of(test::resonate(test::noise(6000, 1.0, seed), kResonances), 44100);
    ASSERT_EQ(formants.found, 3);
    for (std::size_t i = 0; i < 3; ++i) found[i].push_back(formants.frequency_hz[i]);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    std::sort(found[i].begin(), found[i].end());
    const double expected = kResonances[i].frequency_hz;
    EXPECT_NEAR(found[i][7], expected, 0.1 * expected) << "F" << i + 1;
  }
}

TEST(Formants, OfTheReferencesVowelAreWithinTenPerCentOfTheTruth) {
  const std::vector<float> signal = test::reference_signal();
  const std::vector<float> part(signal.begin(), signal.begin() + 22050);
  const Formants formants = formants_of(part, 44100);
  ASSERT_EQ(formants.found, 3);
  // Praat 6.3 says 722 / 1245 / 2335 Hz.
  EXPECT_NEAR(formants.frequency_hz[0], 700.0, 22.0);
  EXPECT_NEAR(formants.frequency_hz[1], 1220.0, 25.0);
  EXPECT_NEAR(formants.frequency_hz[2], 2600.0, 65.0);
  EXPECT_NEAR(formants.bandwidth_hz[0], 80.0, 60.0);
  EXPECT_NEAR(formants.bandwidth_hz[1], 90.0, 60.0);
  EXPECT_NEAR(formants.bandwidth_hz[2], 120.0, 60.0);
}

// What Praat 6.3's "To Formant (burg)" reaches on synthetic vowels: medians of 5, 13 and 24 Hz.
constexpr std::array<double, 3> kPraatMedianHz{5, 13, 24};

TEST(Formants, OfTenVowelsOfABarePulseTrainAreWithinPraatsMedians) {
  const std::array<std::vector<double>, 3> errors = vowel_errors(0);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(test::quantile(errors[i], 0.5), kPraatMedianHz[i]) << "F" << i + 1;
    EXPECT_LE(test::quantile(errors[i], 0.9), 24.0) << "F" << i + 1;
  }
}

TEST(Formants, OfTenVowelsOfAFallingSourceAreWithinPraatsMedians) {
  const std::array<std::vector<double>, 3> errors = vowel_errors(1);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(test::quantile(errors[i], 0.5), kPraatMedianHz[i]) << "F" << i + 1;
    EXPECT_LE(test::quantile(errors[i], 0.9), 24.0) << "F" << i + 1;
  }
}

TEST(Formants, PreEmphasisOfTheWrongKindOfSourceCostsAccuracy) {
  // What "auto" is for: a raised flat source seems to have a zero at 0 Hz, which draws F1 upwards;
  // a source falling by 12 dB an octave has two poles there that the model has no room for.
  FormantOptions always;
  always.pre_emphasis = PreEmphasis::kAlways;
  FormantOptions never;
  never.pre_emphasis = PreEmphasis::kNever;
  EXPECT_GT(test::quantile(vowel_errors(0, always)[0], 0.5), 20.0);
  EXPECT_GT(test::quantile(vowel_errors(2, never)[0], 0.5), 20.0);
  EXPECT_LT(test::quantile(vowel_errors(0)[0], 0.5), 10.0);
  EXPECT_LT(test::quantile(vowel_errors(2)[0], 0.5), 10.0);
}

TEST(Formants, OfAVoicedFrameComeFromItsHarmonics) {
  // /a/ at 250 Hz: the lines at 750 and 1250 Hz lie on F1 and 100 Hz below F2 = 1350 Hz. Linear
  // prediction of the whole spectrum follows the lines, the discrete model the envelope over them.
  PowerSpectrum spectrum((FrameOptions()));
  const std::vector<float> samples = test::sung_vowel(test::kVowels[3], 250.0, 1, 12000);
  const Eigen::ArrayXf& power = spectrum.compute({samples.data() + 8000, 2048});
  FormantTracker tracker(FormantOptions(), 2048, 44100);
  const double with_pitch = tracker.compute(power, 250.0F).frequency_hz[1];
  const double without = tracker.compute(power, 0.0F).frequency_hz[1];
  EXPECT_LT(std::abs(with_pitch - 1350.0), 15.0);
  EXPECT_GT(std::abs(without - 1350.0), 20.0);
}

TEST(Formants, OfAPitchWithTooFewHarmonicsAreThoseOfTheWholeSpectrum) {
  // Ten poles want twelve harmonics below 5450 Hz: 454 Hz has them, 455 Hz has not.
  PowerSpectrum spectrum((FrameOptions()));
  const std::vector<float> samples = test::sung_vowel(test::kVowels[3], 100.0, 1, 12000);
  const Eigen::ArrayXf& power = spectrum.compute({samples.data() + 8000, 2048});
  const auto first = [&](float pitch_hz) {
    return FormantTracker(FormantOptions(), 2048, 44100).compute(power, pitch_hz).frequency_hz[0];
  };
  EXPECT_EQ(first(460.0F), first(0.0F));
  EXPECT_EQ(first(60.0F), first(0.0F));  // lines nearer than three bins of 21.5 Hz
  EXPECT_NE(first(440.0F), first(0.0F));
  EXPECT_NE(first(66.0F), first(0.0F));
}

TEST(Formants, HardlyDependOnTheSampleRate) {
  const std::array<test::Resonance, 3> resonances{{{650, 70}, {1300, 80}, {2500, 110}}};
  for (const int rate_hz : {8000, 22050, 44100, 48000, 192000}) {
    const std::vector<float> samples =
        test::vowel(120.0, resonances, static_cast<std::size_t>(rate_hz) / 4, rate_hz);
    const Formants formants = formants_of(samples, rate_hz);
    ASSERT_GE(formants.found, 2) << rate_hz;
    EXPECT_NEAR(formants.frequency_hz[0], 650.0, 65.0) << rate_hz;
    EXPECT_NEAR(formants.frequency_hz[1], 1300.0, 130.0) << rate_hz;
  }
}

TEST(Formants, DoNotDependOnTheAmplitude) {
  const std::array<test::Resonance, 3> resonances{{{650, 70}, {1300, 80}, {2500, 110}}};
  std::vector<float> samples = test::vowel(120.0, resonances, 12000);
  const Formants loud = formants_of(samples, 44100);
  for (float& x : samples) x *= 0.0625F;
  const Formants quiet = formants_of(samples, 44100);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(quiet.frequency_hz[i], loud.frequency_hz[i], 0.01) << i;
    EXPECT_NEAR(quiet.bandwidth_hz[i], loud.bandwidth_hz[i], 0.01) << i;
  }
}

TEST(Formants, OfSilenceAreNone) {
  const Formants formants = formants_of(std::vector<float>(8192, 0.0F), 44100);
  EXPECT_EQ(formants.found, 0);
  EXPECT_EQ(formants.frequency_hz[0], 0.0F);
}

TEST(Formants, NeedTwiceAsManyBinsAsTheOrder) {
  // 20 bins below 5500 Hz: 20 · 44100 / window ≤ 5500, so a window of at least 160.
  EXPECT_NO_THROW(FormantTracker(FormantOptions(), 162, 44100));
  EXPECT_THROW(FormantTracker(FormantOptions(), 150, 44100), UsageError);
  FormantTracker tracker(FormantOptions(), 2048, 44100);
  EXPECT_NO_THROW(tracker.compute(Eigen::ArrayXf::Ones(1025), 0.0F));
  EXPECT_THROW(tracker.compute(Eigen::ArrayXf::Ones(1024), 0.0F), std::invalid_argument);
}

TEST(Formants, OfAPureToneAndOfAClickAreFinite) {
  std::vector<float> click(2048, 0.0F);
  click[1000] = 1.0F;
  for (const std::vector<float>& samples : {test::tone(440.0, 1, 2048), click}) {
    const Formants formants = formants_of(samples, 44100);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(std::isfinite(formants.frequency_hz[i]));
      EXPECT_GE(formants.bandwidth_hz[i], 0.0F);
      EXPECT_LT(formants.bandwidth_hz[i], 700.0F);
    }
  }
}

}  // namespace
}  // namespace mer
