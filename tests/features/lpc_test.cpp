#include "mer/features/lpc.hpp"

#include <gtest/gtest.h>

#include <array>
#include <complex>
#include <numbers>

#include "mer/core/error.hpp"
#include "mer/features/formants.hpp"
#include "mer/features/residual_phase.hpp"
#include "reference.hpp"

namespace mer {
namespace {

// White noise through 1 / (1 + a1 z⁻¹ + a2 z⁻²).
std::vector<double> autoregressive(double a1, double a2, std::size_t count) {
  const std::vector<float> source = test::noise(count, 1.0);
  std::vector<double> samples(count);
  for (std::size_t n = 0; n < count; ++n) {
    samples[n] =
        source[n] - (n > 0 ? a1 * samples[n - 1] : 0.0) - (n > 1 ? a2 * samples[n - 2] : 0.0);
  }
  return samples;
}

TEST(Autocorrelation, OfAShortSignalIsTheSumOfProducts) {
  const std::array<double, 3> samples{1.0, 2.0, 3.0};
  std::array<double, 4> lags{};
  autocorrelation(samples, lags);
  EXPECT_EQ(lags, (std::array<double, 4>{14.0, 8.0, 3.0, 0.0}));
}

TEST(LevinsonDurbin, SolvesAFirstOrderProcess) {
  // r[k] = ρ^k has a = (1, −ρ, 0, …) and the error 1 − ρ².
  const double rho = 0.8;
  const std::array<double, 4> lags{1.0, rho, rho * rho, rho * rho * rho};
  std::array<double, 4> a{};
  EXPECT_NEAR(levinson_durbin(lags, a), 1.0 - rho * rho, 1e-15);
  EXPECT_NEAR(a[0], 1.0, 0.0);
  EXPECT_NEAR(a[1], -rho, 1e-15);
  EXPECT_NEAR(a[2], 0.0, 1e-15);
  EXPECT_NEAR(a[3], 0.0, 1e-15);
}

TEST(LevinsonDurbin, FulfilsTheNormalEquations) {
  const std::vector<double> samples = autoregressive(-1.5, 0.8, 500);
  std::array<double, 13> r{};
  std::array<double, 13> a{};
  autocorrelation(samples, r);
  levinson_durbin(r, a);
  for (std::size_t k = 1; k < r.size(); ++k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * r[i > k ? i - k : k - i];
    EXPECT_NEAR(sum / r[0], 0.0, 1e-12) << "lag " << k;
  }
}

TEST(LevinsonDurbin, OfSilencePredictsNothing) {
  const std::array<double, 3> lags{};
  std::array<double, 3> a{9.0, 9.0, 9.0};
  EXPECT_EQ(levinson_durbin(lags, a), 0.0);
  EXPECT_EQ(a, (std::array<double, 3>{1.0, 0.0, 0.0}));
}

TEST(Burg, FindsTheCoefficientsOfAnAutoregressiveProcess) {
  Burg burg(2, 20000);
  const auto a = burg.compute(autoregressive(-1.2, 0.7, 20000));
  EXPECT_NEAR(a[1], -1.2, 0.02);  // deviation of the estimate: about sqrt(1 / 20000) = 0.007
  EXPECT_NEAR(a[2], 0.7, 0.02);
}

TEST(Burg, DoesNotDependOnTheScale) {
  std::vector<double> samples = autoregressive(-1.2, 0.7, 300);
  Burg burg(8, 300);
  const auto span = burg.compute(samples);
  const std::vector<double> first(span.begin(), span.end());
  for (double& x : samples) x *= 1e-3;
  const auto second = burg.compute(samples);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(first[i], second[i], 1e-12) << i;
}

TEST(Burg, OfSilenceAndOfTheShortestInputIsFinite) {
  Burg silent(4, 16);
  const auto a = silent.compute(std::vector<double>(16, 0.0));
  EXPECT_EQ(std::vector<double>(a.begin(), a.end()), (std::vector<double>{1, 0, 0, 0, 0}));
  Burg shortest(4, 5);
  for (const double c : shortest.compute(std::vector<double>{1.0, -2.0, 0.5, 0.0, 3.0})) {
    EXPECT_TRUE(std::isfinite(c));
  }
  EXPECT_THROW(Burg(4, 4), std::invalid_argument);
}

TEST(PolynomialRoots, FindsKnownRoots) {
  // (z − 0.5)(z + 0.25)(z² − 2·0.9·cos(1)·z + 0.81)
  const std::complex<double> pole = std::polar(0.9, 1.0);
  std::vector<std::complex<double>> expected{0.5, -0.25, pole, std::conj(pole)};
  std::vector<std::complex<double>> polynomial{1.0};
  for (const auto& root : expected) {
    polynomial.push_back(0.0);
    for (std::size_t i = polynomial.size() - 1; i > 0; --i)
      polynomial[i] -= root * polynomial[i - 1];
  }
  std::vector<double> coefficients;
  for (const auto& c : polynomial) coefficients.push_back(c.real());
  std::vector<std::complex<double>> roots(4);
  for (int round = 0; round < 2; ++round) {  // the second time from the first one's roots
    polynomial_roots(coefficients, roots);
    for (const auto& root : expected) {
      double nearest = 1.0;
      for (const auto& found : roots) nearest = std::min(nearest, std::abs(found - root));
      EXPECT_LT(nearest, 1e-10) << root;
    }
  }
}

TEST(PolynomialRoots, FindsRootsAfterAGuessThatHelpsNothing) {
  // All guesses in one place make the simultaneous iteration divide by zero.
  std::vector<std::complex<double>> roots(3, std::complex<double>(0.3, 0.1));
  polynomial_roots(std::vector<double>{1.0, 0.0, 0.0, -1.0}, roots);  // z³ = 1
  for (const auto& root : roots) EXPECT_LT(std::abs(root * root * root - 1.0), 1e-9);
}

std::vector<float> with_zero_history(const std::vector<float>& frame, int order) {
  std::vector<float> samples(static_cast<std::size_t>(order), 0.0F);
  samples.insert(samples.end(), frame.begin(), frame.end());
  return samples;
}

TEST(ResidualPhase, OfWhiteNoiseIsNearlyTheNoisesOwnPhase) {
  // Noise can't be predicted: the coefficients are small (deviation about sqrt(1.5/2048) = 0.03)
  // and the residual is nearly the signal.
  const std::vector<float> frame = test::noise(2048, 0.1);
  ResidualPhase phase(ResidualPhaseOptions(), 2048);
  phase.compute(with_zero_history(frame, 16));
  for (std::size_t i = 1; i <= 16; ++i) EXPECT_NEAR(phase.coefficients()[i], 0.0, 0.13) << i;
}

TEST(ResidualPhase, IsTheCosineOfASinesPhaseWhenNothingIsPredicted) {
  // With r(0) doubled … the prediction is weak but linear and time-invariant: the residual of a
  // sine is a sine. On an exact bin of the frame its Hilbert transform is exact, so that RP is its
  // cosine and the envelope constant, once the filter's start-up is given as history.
  ResidualPhaseOptions options;
  options.order = 4;
  options.white_noise_correction = 0.1;
  std::vector<float> samples(4 + 2048);
  for (std::size_t n = 0; n < samples.size(); ++n) {
    samples[n] = static_cast<float>(
        0.5 * std::sin(2.0 * std::numbers::pi * 100.0 * (static_cast<double>(n) - 4.0) / 2048.0));
  }
  ResidualPhase phase(options, 2048);
  const Eigen::ArrayXf rp = phase.compute(samples);
  const Eigen::ArrayXf& envelope = phase.envelope();
  EXPECT_LT(envelope.maxCoeff() - envelope.minCoeff(), 1e-5F * envelope.maxCoeff());
  // cos(φ₀ + 2π·100·n/2048), φ₀ from the first sample
  const double start = std::acos(static_cast<double>(rp[0]));
  const double sign = rp[1] < rp[0] ? 1.0 : -1.0;
  for (int n = 0; n < 2048; ++n) {
    const double expected = std::cos(start + sign * 2.0 * std::numbers::pi * 100.0 * n / 2048.0);
    EXPECT_NEAR(rp[n], expected, 2e-4) << n;
  }
}

TEST(ResidualPhase, DoesNotDependOnTheAmplitude) {
  std::vector<float> samples = test::tone(220.0, 6, 2048 + 16);
  ResidualPhase phase(ResidualPhaseOptions(), 2048);
  const Eigen::ArrayXf loud = phase.compute(samples);
  for (float& x : samples) x *= 0.25F;
  EXPECT_LT((phase.compute(samples) - loud).abs().maxCoeff(), 1e-6F);
}

TEST(ResidualPhase, LiesBetweenMinusOneAndOne) {
  for (const auto& samples : {test::noise(2064, 0.3), test::tone(440.0, 1, 2064)}) {
    ResidualPhase phase(ResidualPhaseOptions(), 2048);
    EXPECT_LE(phase.compute(samples).abs().maxCoeff(), 1.0F + 1e-6F);
  }
}

TEST(ResidualPhase, OfSilenceIsZero) {
  ResidualPhase phase(ResidualPhaseOptions(), 2048);
  EXPECT_EQ(phase.compute(std::vector<float>(2064, 0.0F)).abs().maxCoeff(), 0.0F);
}

TEST(ResidualPhase, BelowTheFloorIsZero) {
  ResidualPhaseOptions options;
  options.envelope_floor = 0.5;
  ResidualPhase phase(options, 2048);
  EXPECT_EQ(phase.compute(test::noise(2064, 0.01)).abs().maxCoeff(), 0.0F);
}

TEST(ResidualPhase, RefusesInputOfAnotherLengthAndAFrameTooShortForItsOrder) {
  ResidualPhase phase(ResidualPhaseOptions(), 2048);
  EXPECT_THROW(phase.compute(std::vector<float>(2063)), std::invalid_argument);
  ResidualPhaseOptions options;
  options.order = 31;
  EXPECT_NO_THROW(ResidualPhase(options, 64));
  options.order = 32;
  EXPECT_THROW(ResidualPhase(options, 64), UsageError);
}

}  // namespace
}  // namespace mer
