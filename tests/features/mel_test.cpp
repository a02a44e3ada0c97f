#include "mer/features/mel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mer/core/error.hpp"
#include "mer/features/mfcc.hpp"
#include "reference.hpp"

namespace mer {
namespace {

using ::testing::HasSubstr;

TEST(MelScale, SlaneyIsLinearBelow1000HzAndLogarithmicAbove) {
  EXPECT_NEAR(hz_to_mel(500.0, MelScale::kSlaney), 7.5, 1e-12);
  EXPECT_NEAR(hz_to_mel(1000.0, MelScale::kSlaney), 15.0, 1e-12);
  EXPECT_NEAR(hz_to_mel(6400.0, MelScale::kSlaney), 42.0, 1e-12);  // a factor 6.4 is 27 mel
}

TEST(MelScale, HtkPuts700HzAtLog10Of2) {
  EXPECT_NEAR(hz_to_mel(700.0, MelScale::kHtk), 2595.0 * std::log10(2.0), 1e-9);
}

TEST(MelScale, GoesThereAndBack) {
  for (const MelScale scale : {MelScale::kSlaney, MelScale::kHtk}) {
    for (const double hz : {0.0, 20.0, 440.0, 999.0, 1001.0, 22050.0}) {
      EXPECT_NEAR(mel_to_hz(hz_to_mel(hz, scale), scale), hz, 1e-8);
    }
  }
}

TEST(MelFilterBank, HtkFiltersOfAFlatSpectrumSumToOneBetweenTheOuterCenters) {
  // Neighboring triangles of peak 1 overlap so that every bin counts once in all: from the first
  // to the last center the bands' total is the number of bins.
  MelOptions options;
  options.scale = MelScale::kHtk;
  options.num_bands = 20;
  MelFilterBank mel(options, 2048, 44100);
  for (const int bin : {50, 200, 600}) {
    Eigen::ArrayXf power = Eigen::ArrayXf::Zero(1025);
    power[bin] = 1.0F;
    EXPECT_NEAR(mel.compute(power).sum(), 1.0, 1e-6) << bin;
  }
}

TEST(MelFilterBank, SlaneyFiltersHaveEqualArea) {
  // Height 2 / width and width in Hz: the area over frequency is 1, over bins 1 / (Hz per bin).
  MelOptions options;
  options.num_bands = 24;
  MelFilterBank mel(options, 8192, 44100);
  const Eigen::ArrayXf& bands = mel.compute(Eigen::ArrayXf::Ones(4097));
  for (int band = 4; band < 24; ++band) EXPECT_NEAR(bands[band], 8192.0 / 44100.0, 0.002) << band;
}

TEST(MelFilterBank, IsLinear) {
  MelFilterBank mel(MelOptions(), 2048, 44100);
  const Eigen::ArrayXf power = Eigen::ArrayXf::LinSpaced(1025, 0.0F, 1.0F);
  const Eigen::ArrayXf once = mel.compute(power);
  EXPECT_LT((mel.compute(power * 8.0F) - 8.0F * once).abs().maxCoeff(), 1e-5F);
}

TEST(MelFilterBank, OfSilenceIsZeroAndMinus100Decibels) {
  MelFilterBank mel(MelOptions(), 2048, 44100);
  const Eigen::ArrayXf& bands = mel.compute(Eigen::ArrayXf::Zero(1025));
  EXPECT_EQ(bands.maxCoeff(), 0.0F);
  Eigen::ArrayXf db;
  power_to_db(bands, db);
  for (const float value : db) EXPECT_NEAR(value, -100.0F, 1e-4F);
}

TEST(PowerToDb, IsTenTimesTheDecimalLogarithm) {
  Eigen::ArrayXf power(5);
  power << 1.0F, 10.0F, 0.5F, 1e-10F, 1e-20F;
  Eigen::ArrayXf db;
  power_to_db(power, db);
  EXPECT_NEAR(db[0], 0.0, 1e-6);
  EXPECT_NEAR(db[1], 10.0, 1e-5);
  EXPECT_NEAR(db[2], -3.0103, 1e-5);
  EXPECT_NEAR(db[3], -100.0, 1e-4);
  EXPECT_NEAR(db[4], -100.0, 1e-4);
}

TEST(CompressPower, IsZeroInSilenceAndFourAtAPowerOfOne) {
  Eigen::ArrayXf power(4);
  power << 0.0F, 1.0F, 9e-4F, 99e-4F;
  Eigen::ArrayXf compressed;
  compress_power(power, compressed);
  EXPECT_EQ(compressed[0], 0.0F);
  EXPECT_NEAR(compressed[1], 4.0F + 4.3e-5F, 1e-5F);  // log10(10001)
  EXPECT_NEAR(compressed[2], 1.0F, 1e-5F);
  EXPECT_NEAR(compressed[3], 2.0F, 1e-5F);
}

TEST(MelFilterBank, RefusesABandBetweenTwoBinsAndSaysWhatToDo) {
  try {
    MelFilterBank(MelOptions(), 256, 44100);  // bins 172 Hz apart, bands 31 Hz apart
    FAIL() << "128 bands of 129 bins were accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("features.mel.num_bands is 128: band 0"));
    EXPECT_THAT(error.what(), HasSubstr("falls between two FFT bins"));
    EXPECT_THAT(error.hint(), HasSubstr("features.frame.window_samples"));
  }
}

TEST(MelFilterBank, RefusesFrequenciesAboveHalfTheRate) {
  MelOptions options;
  options.max_hz = 8000.0;
  EXPECT_NO_THROW(MelFilterBank(options, 2048, 16000));
  options.max_hz = 8001.0;
  EXPECT_THROW(MelFilterBank(options, 2048, 16000), UsageError);
  options.max_hz = 0.0;
  options.min_hz = 8000.0;
  EXPECT_THROW(MelFilterBank(options, 2048, 16000), UsageError);
}

TEST(Mfcc, OfAFlatSpectrumHasOnlyAZerothCoefficient) {
  // sqrt(1/128) · 128 · L = L · sqrt(128)
  Mfcc mfcc(MfccOptions(), 128);
  const Eigen::VectorXf& c = mfcc.compute(Eigen::ArrayXf::Constant(128, -30.0F));
  ASSERT_EQ(c.size(), 20);
  EXPECT_NEAR(c[0], -30.0 * std::sqrt(128.0), 1e-3);
  for (int i = 1; i < 20; ++i) EXPECT_NEAR(c[i], 0.0, 1e-4) << i;
}

TEST(Mfcc, OfACosineRippleIsOneCoefficient) {
  // The rows of the DCT are orthonormal: row 5 times 7 gives 7 at place 5.
  Mfcc mfcc(MfccOptions(), 64);
  Eigen::ArrayXf ripple(64);
  for (int b = 0; b < 64; ++b) {
    ripple[b] = static_cast<float>(7.0 * std::sqrt(2.0 / 64) *
                                   std::cos(3.14159265358979 * 5 * (b + 0.5) / 64));
  }
  const Eigen::VectorXf& c = mfcc.compute(ripple);
  for (int i = 0; i < 20; ++i) EXPECT_NEAR(c[i], i == 5 ? 7.0 : 0.0, 1e-5) << i;
}

TEST(Mfcc, TurnsAGainIntoAShiftOfTheZerothCoefficient) {
  Mfcc mfcc(MfccOptions(), 128);
  const Eigen::ArrayXf db = Eigen::ArrayXf::Random(128) * 40.0F;
  const Eigen::VectorXf quiet = mfcc.compute(db);
  const Eigen::VectorXf& loud = mfcc.compute(db + 20.0F);
  EXPECT_NEAR(loud[0] - quiet[0], 20.0 * std::sqrt(128.0), 1e-3);
  EXPECT_LT((loud - quiet).tail(19).cwiseAbs().maxCoeff(), 1e-4F);
}

TEST(Mfcc, RefusesMoreCoefficientsThanBands) {
  MfccOptions options;
  options.num_coefficients = 16;
  EXPECT_NO_THROW(Mfcc(options, 16));
  EXPECT_THROW(Mfcc(options, 15), UsageError);
}

}  // namespace
}  // namespace mer
