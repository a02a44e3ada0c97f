#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/features/lpc.hpp"

namespace mer {

struct FormantOptions {
  int order = 10;
  double pre_emphasis_hz = 50.0;
  double min_hz = 90.0;
  double max_bandwidth_hz = 700.0;

  void visit(OptionsVisitor& v);
};

/// Every `factor`-th sample of a signal after an anti-alias low-pass filter (Kaiser-windowed sinc,
/// linear phase, delay compensated: output m belongs to input sample m · factor).
///
/// The factor is the integer that brings the rate nearest to 11 kHz on a logarithmic scale: 4 for
/// 44.1 kHz (11025 Hz), 17 for 192 kHz (11294 Hz), 1 for 8 kHz.
class Decimator {
 public:
  explicit Decimator(int sample_rate_hz);

  int factor() const { return factor_; }
  double rate_hz() const { return rate_hz_; }
  /// How many input samples on either side of m · factor an output depends on.
  int half_length() const { return half_length_; }

  /// @param centre  points at input sample m · factor, with half_length() samples on either side
  float compute(const float* centre) const;

 private:
  int factor_;
  double rate_hz_;
  int half_length_;
  std::vector<float> taps_;
};

/// The lowest resonances of one frame; what is missing is 0.
struct Formants {
  static constexpr int kCount = 3;
  std::array<float, kCount> frequency_hz{};
  std::array<float, kCount> bandwidth_hz{};
  int found = 0;
};

/// Formant frequencies and bandwidths F1, B1, … F3, B3 from the poles of a linear prediction.
///
///   signal decimated to about 11 kHz (see Decimator) → pre-emphasis y[n] = x[n] − e^(−2πf/rate)
///   x[n−1] → Gaussian window over the frame → Burg, `order` → roots z of the polynomial F = rate ·
///   arg z / 2π,   B = −rate · ln|z| / π        (Hz)
///
/// A root is a formant when F lies between min_hz and half the rate less 50 Hz and B is below
/// max_bandwidth_hz; the three lowest are taken. In the LLD matrix a missing formant repeats the
/// last one found (0 before the first); a silent frame has none.
///
/// On music these are broad spectral resonances rather than a vocal tract's. Formant trackers by
/// linear prediction are drawn towards harmonics, the more the higher the pitch.
/// Source: Praat's "To Formant (burg)" (Boersma & Weenink); Markel & Gray (1976), "Linear
/// Prediction of Speech".
class FormantTracker {
 public:
  /// @param num_samples  length of a frame at the decimated rate
  /// @throws UsageError when the frame is too short for the order
  FormantTracker(const FormantOptions& options, int num_samples, double rate_hz);

  /// @param samples  [1 + num_samples] at the decimated rate: the sample before the frame, then it
  Formants compute(std::span<const float> samples);

 private:
  FormantOptions options_;
  int num_samples_;
  double rate_hz_;
  double pre_emphasis_;
  Burg burg_;
  std::vector<double> window_;
  std::vector<double> windowed_;
  std::vector<std::complex<double>> roots_;
};

/// All roots of the real polynomial z^p + c[1] z^(p−1) + … + c[p], by Aberth's simultaneous
/// iteration and, should that not converge, as eigenvalues of the companion matrix.
/// @param coefficients  c[0 … p] with c[0] = 1
/// @param roots         [p]; taken as first guesses when they are not all zero
void polynomial_roots(std::span<const double> coefficients, std::span<std::complex<double>> roots);

}  // namespace mer
