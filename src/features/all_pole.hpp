#pragma once

#include <Eigen/Core>
#include <complex>
#include <span>
#include <vector>

#include "mer/signal/aligned_vector.hpp"

// The pieces of FormantTracker that take the time.
namespace mer {

/// r[k] = Σ_b c[b] P[b] cos(π·k·b / B), b = 0 … B, with c = 1/2 at both ends: the autocorrelation
/// of the signal whose power spectrum, from 0 to half its rate, are the B + 1 bins ("selective
/// linear prediction": Makhoul 1975).
class SpectrumAutocorrelation {
 public:
  SpectrumAutocorrelation(int num_bins, int num_lags);

  /// @param power  [num_bins]
  /// @param lags   [num_lags]
  void compute(const float* power, double* lags) const;

 private:
  int num_bins_;
  int num_lags_;
  AlignedVector<double> cosines_;        // [num_lags, num_bins]
  mutable AlignedVector<double> power_;  // [num_bins]
};

/// All-pole model of a spectrum known at some frequencies only, the harmonics of a pitch.
///
/// Ordinary linear prediction matches the autocorrelation of the lines, which is aliased when they
/// are far apart; its poles are drawn towards the strongest lines. Discrete all-pole modelling
/// finds the model whose autocorrelation, sampled at the same lines, has the same aliasing: it
/// minimizes the Itakura–Saito distance Σ P/P̂ − ln(P/P̂) − 1 over the lines, by
///   h[n] = mean_k Re(e^(−iωn) / A(ω_k)),   a ← a + step · (R⁻¹ h − a),
/// R the lines' autocorrelation matrix, starting from linear prediction.
/// Source: El-Jaroudi & Makhoul (1991), "Discrete all-pole modeling".
class DiscreteAllPole {
 public:
  /// @param order  at most kernels::kMaxRoots
  explicit DiscreteAllPole(int order, int max_lines);

  /// @param power          of the lines, at most `max_lines`
  /// @param cosine, sine   of their frequencies in radians a sample
  /// @return a[0 … order] with a[0] = 1, valid until the next call; empty when there are too few
  ///         lines for the order, or no power
  std::span<const double> compute(const Eigen::Ref<const Eigen::ArrayXd>& power,
                                  const Eigen::Ref<const Eigen::ArrayXd>& cosine,
                                  const Eigen::Ref<const Eigen::ArrayXd>& sine);

 private:
  int order_;
  int stride_;  // order + 1 in whole vectors, like the number of lines below
  // cos(nω) of all lines, then sin(nω), a row for each n ≤ order.
  AlignedVector<double> waves_;
  AlignedVector<double> power_;
  AlignedVector<double> inverse_filter_;  // 1 / A at the lines, real parts, then imaginary ones
  std::vector<double> lags_;
  std::vector<double> inverse_;  // R⁻¹, [order + 1, stride]
  std::vector<double> response_;
  std::vector<double> step_;
  std::vector<double> model_;
  std::vector<double> coefficients_;
};

inline constexpr int kMaxRoots = 32;
/// Moves guesses to the roots of a real polynomial by Aberth's simultaneous iteration.
/// @param coefficients  c[0 … p] of z^p, …, 1, with c[0] = 1, p at most 32
/// @return              whether they converged; if not they are left as they were
bool aberth_roots(std::span<const double> coefficients, std::span<std::complex<double>> roots);

/// White noise that keeps nearly singular autocorrelations soluble, relative to the power (−90 dB).
inline constexpr double kSpectrumFloor = 1e-9;

}  // namespace mer
