#include "mer/features/formants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "mer/core/error.hpp"
#include "reference.hpp"

namespace mer {
namespace {

// The signal at the decimated rate, without the ends where the filter would look beyond it.
std::vector<float> decimated(const std::vector<float>& samples, const Decimator& decimator) {
  std::vector<float> out;
  const std::size_t half = static_cast<std::size_t>(decimator.half_length());
  for (std::size_t n = half; n + half < samples.size();
       n += static_cast<std::size_t>(decimator.factor())) {
    out.push_back(decimator.compute(samples.data() + n));
  }
  return out;
}

// Formants of a frame of about 46 ms in the middle of the signal.
Formants formants_of(const std::vector<float>& samples, int rate_hz,
                     const FormantOptions& options = {}) {
  const Decimator decimator(rate_hz);
  const std::vector<float> low = decimated(samples, decimator);
  const int count = static_cast<int>(0.046 * decimator.rate_hz());
  FormantTracker tracker(options, count, decimator.rate_hz());
  const std::size_t middle = (low.size() - static_cast<std::size_t>(count) - 1) / 2;
  return tracker.compute({low.data() + middle, static_cast<std::size_t>(count) + 1});
}

TEST(Decimator, BringsEveryRateNear11Kilohertz) {
  EXPECT_EQ(Decimator(44100).factor(), 4);
  EXPECT_EQ(Decimator(48000).factor(), 4);
  EXPECT_EQ(Decimator(22050).factor(), 2);
  EXPECT_EQ(Decimator(16000).factor(), 2);
  EXPECT_EQ(Decimator(8000).factor(), 1);
  EXPECT_EQ(Decimator(192000).factor(), 17);
  for (const int rate_hz : {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}) {
    EXPECT_GE(Decimator(rate_hz).rate_hz(), 7700.0) << rate_hz;
    EXPECT_LE(Decimator(rate_hz).rate_hz(), 15600.0) << rate_hz;
  }
}

TEST(Decimator, PassesLowFrequenciesInPhaseAndStopsWhatWouldFoldBack) {
  const Decimator decimator(44100);  // half the new rate: 5512 Hz
  const auto peak = [&](double hz) {
    const std::vector<float> low = decimated(test::tone(hz, 1, 8192, 1.0), decimator);
    return *std::max_element(low.begin(), low.end());
  };
  EXPECT_NEAR(peak(500.0), 1.0, 2e-3);
  EXPECT_NEAR(peak(4600.0), 1.0, 2e-3);
  EXPECT_LT(peak(6100.0), 1.2e-3);  // would appear at 4925 Hz; −58 dB
  EXPECT_LT(peak(10000.0), 1.2e-3);
  const std::vector<float> sine = test::tone(300.0, 1, 1024, 1.0);
  EXPECT_NEAR(decimator.compute(sine.data() + 500), sine[500], 2e-3);
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

TEST(Formants, OfTenVowelsAreTypicallyNearTheTruthAndNeverLost) {
  // Averages of Peterson & Barney's men, with a fourth and fifth resonance.
  constexpr std::array<std::array<double, 3>, 10> kVowels{{{270, 2290, 3010},
                                                           {390, 1990, 2550},
                                                           {530, 1840, 2480},
                                                           {660, 1720, 2410},
                                                           {730, 1090, 2440},
                                                           {570, 840, 2410},
                                                           {440, 1020, 2240},
                                                           {300, 870, 2240},
                                                           {640, 1190, 2390},
                                                           {490, 1350, 1690}}};
  std::array<std::vector<double>, 3> errors;
  for (const auto& f : kVowels) {
    for (const double pitch_hz : {100.0, 140.0, 190.0}) {
      const std::array<test::Resonance, 5> resonances{
          {{f[0], 60}, {f[1], 90}, {f[2], 120}, {3500, 175}, {4500, 250}}};
      const Formants formants = formants_of(test::vowel(pitch_hz, resonances, 12000), 44100);
      ASSERT_EQ(formants.found, 3) << f[0] << " Hz at " << pitch_hz;
      for (std::size_t i = 0; i < 3; ++i) {
        errors[i].push_back(std::abs(static_cast<double>(formants.frequency_hz[i]) - f[i]));
      }
    }
  }
  constexpr std::array<double, 3> kMedian{50, 25, 30};
  constexpr std::array<double, 3> kNinetieth{110, 80, 80};
  for (std::size_t i = 0; i < 3; ++i) {
    std::sort(errors[i].begin(), errors[i].end());
    EXPECT_LT(errors[i][15], kMedian[i]) << "F" << i + 1;
    EXPECT_LT(errors[i][27], kNinetieth[i]) << "F" << i + 1;
  }
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

TEST(Formants, NeedFourTimesAsManySamplesAsTheOrder) {
  EXPECT_NO_THROW(FormantTracker(FormantOptions(), 40, 11025.0));
  EXPECT_THROW(FormantTracker(FormantOptions(), 39, 11025.0), UsageError);
  FormantTracker tracker(FormantOptions(), 40, 11025.0);
  EXPECT_NO_THROW(tracker.compute(test::noise(41, 0.1)));
  EXPECT_THROW(tracker.compute(test::noise(40, 0.1)), std::invalid_argument);
}

}  // namespace
}  // namespace mer
