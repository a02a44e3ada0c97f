#include "mer/features/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

#include "mer/core/error.hpp"
#include "mer/features/stft.hpp"
#include "mer/signal/fft.hpp"
#include "reference.hpp"

namespace mer {
namespace {

FrameOptions frames_of(int window_samples, int hop_samples, WindowKind window) {
  FrameOptions options;
  options.window_samples = window_samples;
  options.hop_samples = hop_samples;
  options.window = window;
  return options;
}

TEST(Window, BlackmanHarrisStartsAtTheSumOfItsTermsAndPeaksAtOne) {
  const Eigen::ArrayXd window = make_window(WindowKind::kBlackmanHarris, 8);
  EXPECT_NEAR(window[0], 0.35875 - 0.48829 + 0.14128 - 0.01168, 1e-15);
  EXPECT_NEAR(window[4], 0.35875 + 0.48829 + 0.14128 + 0.01168, 1e-15);  // x = π
  EXPECT_NEAR(window[2], 0.35875 - 0.14128, 1e-15);                      // x = π/2
}

TEST(Window, IsPeriodic) {
  // The periodic window repeats its second sample at the end; the symmetric one would repeat the
  // first.
  for (const WindowKind kind : {WindowKind::kBlackmanHarris, WindowKind::kHann}) {
    const Eigen::ArrayXd window = make_window(kind, 16);
    for (int n = 1; n < 16; ++n) EXPECT_NEAR(window[n], window[16 - n], 1e-15) << n;
    EXPECT_GT(window[15], window[0]);
  }
}

TEST(Frames, AreCountedWithoutPadding) {
  const FrameOptions options = frames_of(2048, 1024, WindowKind::kHann);
  EXPECT_EQ(count_frames(0, options), 0);
  EXPECT_EQ(count_frames(2047, options), 0);
  EXPECT_EQ(count_frames(2048, options), 1);
  EXPECT_EQ(count_frames(2049, options), 1);
  EXPECT_EQ(count_frames(3071, options), 1);
  EXPECT_EQ(count_frames(3072, options), 2);
}

TEST(CountFrames, CentresLieAtEveryHopUntilTheEnd) {
  FrameOptions options;
  options.padding = FramePadding::kCenter;
  EXPECT_EQ(count_frames(2047, options), 0);  // less than a window is no music
  EXPECT_EQ(count_frames(2048, options), 3);  // centers at 0, 1024 and 2048
  EXPECT_EQ(count_frames(3071, options), 3);
  EXPECT_EQ(count_frames(3072, options), 4);
}

TEST(Frames, OfOddLengthAreRefused) {
  FrameOptions options;
  options.window_samples = 2047;
  try {
    options.validate();
    FAIL() << "2047 was accepted";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "window_samples is 2047: it must be an even number");
  }
}

TEST(RealFft, AgreesWithTheDefinition) {
  // Sizes with every kind of half: even, odd, one, smaller and larger than a vector; from 512 on
  // powers of two are the library's own, the last pass with two or four points.
  for (const int size : {2, 4, 6, 10, 16, 30, 64, 100, 258, 512, 1024, 2048, 8192}) {
    const std::vector<float> noise = test::noise(static_cast<std::size_t>(size), 1.0);
    RealFft<double> fft(size);
    const Eigen::ArrayXd samples =
        Eigen::Map<const Eigen::ArrayXf>(noise.data(), size).cast<double>();
    Eigen::ArrayXcd bins(fft.num_bins());
    fft.forward(samples.data(), bins.data());
    for (int k = 0; k <= size / 2; ++k) {
      std::complex<double> expected = 0.0;
      for (int n = 0; n < size; ++n) {
        expected += samples[n] * std::polar(1.0, -2.0 * std::numbers::pi * k * n / size);
      }
      EXPECT_NEAR(std::abs(bins[k] - expected), 0.0, 1e-12 * size) << size << " bin " << k;
    }
  }
}

TEST(RealFft, InverseOfForwardIsTheSignalTimesTheSize) {
  for (const int size : {2, 6, 8, 18, 128, 2048}) {
    const std::vector<float> noise = test::noise(static_cast<std::size_t>(size), 1.0);
    RealFft<float> fft(size);
    const Eigen::ArrayXf samples = Eigen::Map<const Eigen::ArrayXf>(noise.data(), size);
    Eigen::ArrayXcf bins(fft.num_bins());
    Eigen::ArrayXf back(size);
    fft.forward(samples.data(), bins.data());
    fft.inverse(bins.data(), back.data());
    EXPECT_LT((back / static_cast<float>(size) - samples).abs().maxCoeff(), 3e-6F) << size;
  }
}

TEST(PowerSpectrum, OfASineOnABinIsThatOfTheWindow) {
  // cos on bin 8 of 64 with a Hann window: bin 8 gets N/2 · 1/2 = 16, its neighbors half of that.
  const FrameOptions options = frames_of(64, 32, WindowKind::kHann);
  PowerSpectrum spectrum(options);
  std::vector<float> frame(64);
  for (std::size_t n = 0; n < 64; ++n) {
    frame[n] =
        static_cast<float>(std::cos(2.0 * std::numbers::pi * 8.0 * static_cast<double>(n) / 64.0));
  }
  const Eigen::ArrayXf& power = spectrum.compute(frame);
  for (int k = 0; k < 33; ++k) {
    const double expected = k == 8 ? 256.0 : (k == 7 || k == 9) ? 64.0 : 0.0;
    EXPECT_NEAR(power[k], expected, 1e-4) << "bin " << k;
  }
}

TEST(PowerSpectrum, ScalesWithTheSquareOfTheAmplitude) {
  PowerSpectrum spectrum((FrameOptions()));
  std::vector<float> frame = test::noise(2048, 0.1);
  const Eigen::ArrayXf once = spectrum.compute(frame);
  for (float& x : frame) x *= 4.0F;
  const Eigen::ArrayXf& power = spectrum.compute(frame);
  for (int k = 0; k < once.size(); ++k) EXPECT_FLOAT_EQ(power[k], 16.0F * once[k]) << k;
}

TEST(PowerSpectrum, OfSilenceIsZero) {
  PowerSpectrum spectrum((FrameOptions()));
  EXPECT_EQ(spectrum.compute(std::vector<float>(2048, 0.0F)).maxCoeff(), 0.0F);
}

TEST(PowerSpectrum, RefusesAFrameOfAnotherLength) {
  PowerSpectrum spectrum((FrameOptions()));
  EXPECT_THROW(spectrum.compute(std::vector<float>(2047)), std::invalid_argument);
  EXPECT_THROW(spectrum.compute(std::vector<float>(2049)), std::invalid_argument);
}

}  // namespace
}  // namespace mer
