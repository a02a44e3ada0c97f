#include "mer/signal/fft.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "mer/signal/aligned_vector.hpp"

namespace mer {
namespace {

using Samples = AlignedVector<double>;
using Bins = AlignedVector<std::complex<double>>;

Samples noise(std::size_t count) {
  std::mt19937_64 engine(count);
  std::normal_distribution<double> normal;
  Samples samples(count);
  for (double& x : samples) x = normal(engine);
  return samples;
}

Bins transform(const Samples& samples) {
  const RealFft<double> fft(static_cast<int>(samples.size()));
  Bins bins(static_cast<std::size_t>(fft.num_bins()));
  fft.forward(samples.data(), bins.data());
  return bins;
}

TEST(RealFft, IsTheDefinitionForPowersOfTwoAndOthers) {
  for (const int size : {2, 30, 512, 882, 2048}) {
    const Samples samples = noise(static_cast<std::size_t>(size));
    Bins bins = transform(samples);
    for (std::size_t k = 0; k < bins.size(); ++k) {
      std::complex<double> expected;
      for (std::size_t n = 0; n < samples.size(); ++n) {
        const double turns = static_cast<double>(k * n % samples.size()) / size;
        expected += samples[n] * std::polar(1.0, -2.0 * std::numbers::pi * turns);
      }
      EXPECT_LT(std::abs(bins[k] - expected), 1e-10) << size << " bin " << k;
    }
    Samples back(samples.size());
    RealFft<double>(size).inverse(bins.data(), back.data());
    for (std::size_t n = 0; n < samples.size(); ++n) {
      EXPECT_NEAR(back[n] / size, samples[n], 1e-13) << size << " sample " << n;
    }
  }
}

TEST(RealFft, HilbertsTransformTurnsCosinesIntoSinesAndDropsTheFirstAndTheLastBin) {
  for (const int size : {2, 30, 66, 882, 2048}) {
    AlignedVector<float> samples(static_cast<std::size_t>(size));
    std::vector<double> expected(samples.size());
    for (std::size_t n = 0; n < samples.size(); ++n) {
      double sum = 3.0 + (n % 2 == 0 ? 0.5 : -0.5);
      for (const int k : {1, 5, 14, 32, size / 2 - 1}) {
        if (k <= 0 || 2 * k >= size) continue;
        const double angle = 2.0 * std::numbers::pi * k * static_cast<double>(n) / size + 0.1 * k;
        sum += std::cos(angle) / k;
        expected[n] += std::sin(angle) / k;
      }
      samples[n] = static_cast<float>(sum);
    }
    AlignedVector<std::complex<float>> scratch(samples.size() / 2);
    AlignedVector<float> transformed(samples.size());
    RealFft<float>(size).hilbert(samples.data(), scratch.data(), transformed.data());
    for (std::size_t n = 0; n < samples.size(); ++n) {
      EXPECT_NEAR(transformed[n], expected[n], 2e-6) << size << " sample " << n;
    }
  }
}

TEST(RealFft, ThreadsThatMakePlansAtOnceGetTheSameBits) {
  std::vector<Bins> found(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < found.size(); ++i) {
    threads.emplace_back([&found, i] {
      for (const std::size_t size : {700U, 702U, 1400U}) found[i] = transform(noise(size));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Bins& bins : found) EXPECT_EQ(bins, found.front());
}

TEST(RealFft, OfAnOddSizeIsRefused) {
  EXPECT_THROW(RealFft<float>(7), std::invalid_argument);
  EXPECT_THROW(RealFft<double>(0), std::invalid_argument);
}

}  // namespace
}  // namespace mer
