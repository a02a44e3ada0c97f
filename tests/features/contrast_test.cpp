#include "mer/features/contrast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "mer/core/error.hpp"
#include "reference.hpp"

namespace mer {
namespace {

using ::testing::HasSubstr;

TEST(Contrast, OfAFlatSpectrumIsZero) {
  SpectralContrast contrast(ContrastOptions(), 2048, 44100);
  const Eigen::ArrayXf& values = contrast.compute(Eigen::ArrayXf::Constant(1025, 0.3F));
  ASSERT_EQ(values.size(), 7);
  EXPECT_LT(values.abs().maxCoeff(), 1e-5F);
}

TEST(Contrast, OfOneStrongBinIsItsLevelAboveTheRest) {
  // 1000 Hz lies in band 3 (800–1600 Hz: 37 bins, of which max(1, round(0.02 · 39)) = 1 is taken).
  // Magnitude 10 over 1: 10 · log10(10) = 10 dB.
  SpectralContrast contrast(ContrastOptions(), 2048, 44100);
  Eigen::ArrayXf power = Eigen::ArrayXf::Ones(1025);
  power[46] = 100.0F;  // 990.5 Hz
  const Eigen::ArrayXf& values = contrast.compute(power);
  for (int band = 0; band < 7; ++band) {
    EXPECT_NEAR(values[band], band == 3 ? 10.0 : 0.0, 1e-4) << band;
  }
}

TEST(Contrast, TakesTheMeanOfTheQuantile) {
  // The last band, 6400 Hz and up, has bins 297 … 1024 (the first above 6400 Hz is 298, one more
  // below): 728, of which round(0.02 · 728) = 15 make the peak. Three bins of magnitude 16 among
  // ones: (3 · 16 + 12) / 15 = 4, 10 · log10(4) = 6.0206 dB.
  SpectralContrast contrast(ContrastOptions(), 2048, 44100);
  Eigen::ArrayXf power = Eigen::ArrayXf::Ones(1025);
  power[400] = power[700] = power[1024] = 256.0F;
  EXPECT_NEAR(contrast.compute(power)[6], 6.0206, 1e-4);
}

TEST(Contrast, IsTheSameWhetherBinsAreSelectedOneByOneOrSorted) {
  // quantile 0.4 takes more bins than are kept sorted by insertion; checked against a plain sort of
  // the last band's 728 bins (round(0.4 · 728) = 291).
  const std::vector<float> values = test::noise(1025, 1.0);
  const Eigen::ArrayXf power = Eigen::Map<const Eigen::ArrayXf>(values.data(), 1025).square();
  for (const double quantile : {0.02, 0.4}) {
    ContrastOptions options;
    options.quantile = quantile;
    SpectralContrast contrast(options, 2048, 44100);
    std::vector<double> magnitudes;
    for (int bin = 297; bin <= 1024; ++bin) {
      magnitudes.push_back(std::sqrt(static_cast<double>(power[bin])));
    }
    std::sort(magnitudes.begin(), magnitudes.end());
    const std::size_t count = quantile == 0.4 ? 291 : 15;
    double valley = 0.0;
    double peak = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      valley += magnitudes[i];
      peak += magnitudes[magnitudes.size() - 1 - i];
    }
    EXPECT_NEAR(contrast.compute(power)[6], 10.0 * std::log10(peak / valley), 1e-4) << quantile;
  }
}

TEST(Contrast, DoesNotDependOnTheGain) {
  const std::vector<float> values = test::noise(1025, 1.0);
  const Eigen::ArrayXf power = Eigen::Map<const Eigen::ArrayXf>(values.data(), 1025).square();
  SpectralContrast contrast(ContrastOptions(), 2048, 44100);
  const Eigen::ArrayXf loud = contrast.compute(power);
  EXPECT_LT((contrast.compute(power * 0.01F) - loud).abs().maxCoeff(), 1e-4F);
}

TEST(Contrast, OfSilenceIsZero) {
  SpectralContrast contrast(ContrastOptions(), 2048, 44100);
  EXPECT_EQ(contrast.compute(Eigen::ArrayXf::Zero(1025)).abs().maxCoeff(), 0.0F);
}

TEST(Contrast, RefusesABandAboveHalfTheRate) {
  // The sixth octave above 200 Hz starts at 6400 Hz.
  EXPECT_NO_THROW(SpectralContrast(ContrastOptions(), 2048, 12802));
  try {
    SpectralContrast(ContrastOptions(), 2048, 8000);
    FAIL() << "8 kHz was accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("features.contrast.num_bands is 6"));
    EXPECT_THAT(error.what(), HasSubstr("6400 Hz"));
    EXPECT_THAT(error.hint(), HasSubstr("fewer features.contrast.num_bands"));
  }
}

TEST(Contrast, RefusesABandWithoutBins) {
  ContrastOptions options;
  options.min_hz = 10.0;  // bins are 21.5 Hz apart
  EXPECT_THROW(SpectralContrast(options, 2048, 44100), UsageError);
}

}  // namespace
}  // namespace mer
