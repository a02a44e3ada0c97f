#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/features/stft.hpp"
#include "mer/signal/fft.hpp"

namespace mer {

struct PitchOptions {
  double min_hz = 55.0;
  double max_hz = 2000.0;
  double threshold = 0.1;
  double min_voicing = 0.5;

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// The pitch of one frame.
struct Pitch {
  float frequency_hz = 0.0F;  ///< of the strongest periodicity; 0 when there is none at all
  float voicing = 0.0F;       ///< 0…1, how periodic the frame is
  bool voiced = false;        ///< voicing ≥ min_voicing
};

/// Fundamental frequency by YIN with its difference function from FFTs. In polyphonic music it is
/// the dominant (often the common) periodicity.
///
///   d(τ)  = Σ_{n<W} (x[n] − x[n+τ])²,  W = window − longest lag         difference
///   d'(τ) = d(τ) · τ / Σ_{1≤j≤τ} d(j)                                   cumulative-mean normalized
///   τ*    = the first minimum of d' below `threshold`, else the lowest one; refined between
///   samples
///           by a parabola, then by windowed-sinc interpolation of d
///   voicing = 1 − max(d'(τ*), d(τ*) / Σ_{n<W} (x[n]² + x[n+τ*]²)), clipped to 0…1
///
/// White noise has a voicing of about 0.1, far below min_voicing. A frame whose alternating part is
/// below −100 dBFS, or within rounding of a constant, has no pitch and voicing 0.
///
/// In the LLD matrix: "f0" in semitones above 55 Hz, 12 · log2(f / 55); in an unvoiced frame the
/// last voiced one's value is held (0 before the first); "voicing" always is the frame's own.
///
/// Costs two FFTs of the frame's length besides its spectrum.
/// Source: de Cheveigné & Kawahara (2002), "YIN, a fundamental frequency estimator for speech and
/// music".
class PitchTracker {
 public:
  /// @throws UsageError when the longest period doesn't fit twice into the window
  PitchTracker(const PitchOptions& options, int window_samples, int sample_rate_hz);

  /// @param frame  [window_samples], without window
  Pitch compute(std::span<const float> frame);
  Pitch compute(const FrameSpectrum& spectrum);

 private:
  bool compute_curves(const FrameSpectrum& spectrum);
  const float* difference() const;  // of lag 0 …
  float interpolated(float lag) const;
  float vertex(int lag) const;
  float refined_lag(int lag) const;
  float normalized_at(float lag) const;

  PitchOptions options_;
  int sample_rate_hz_;
  int min_lag_;
  int max_lag_;
  int last_lag_;  // the longest lag whose difference is known, for interpolating at max_lag_
  int integration_samples_;
  int num_lags_;  // computed: last_lag_ in whole vectors
  RealFft<float> fft_;
  FrameSpectrum own_spectrum_;
  Eigen::ArrayXf frame_;  // without its mean
  Eigen::ArrayXf head_;   // its first integration_samples_, then zeros
  Eigen::ArrayXcf bins_;  // of the head
  Eigen::ArrayXf correlation_;
  std::vector<int> minima_;
  std::vector<float> difference_;  // with a margin on both sides
  std::vector<float> exists_;      // 1 for its lags, 0 for the margins
  std::vector<float> energies_;
  std::vector<float> cumulative_;
  std::vector<float> normalized_;
};

/// Semitones above 55 Hz.
float semitones_above_55_hz(float frequency_hz);

}  // namespace mer
