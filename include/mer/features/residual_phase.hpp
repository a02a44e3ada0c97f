#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/signal/fft.hpp"

namespace mer {

struct ResidualPhaseOptions {
  int order = 16;
  double white_noise_correction = 1e-4;
  double envelope_floor = 1e-6;

  void visit(OptionsVisitor& v);
};

/// The phase of the linear-prediction residual, as its cosine: what prediction leaves of a frame,
/// without its strength.
///
///   a      LPC by the autocorrelation method: periodic Hann window, r(0) ← r(0) · (1 + c)
///   r(n)   = s(n) + Σ_{i=1…p} a[i] s(n − i)      of the frame *without* window
///   RP(n)  = r(n) / sqrt(r(n)² + H{r}(n)²)       H: Hilbert transform by FFT over the frame
///
/// RP lies in −1…1 and is 0 where the envelope (the square root) is below the floor, so also in
/// digital silence. Where the envelope is small the phase is arbitrary.
///
/// Its descriptor in the LLD matrix is the mel-cepstrum of RP: window, filter bank and DCT are
/// those of the MFCC. Silence gives that of zeros: −100·sqrt(B), 0, 0, ….
///
/// Costs two FFTs of the frame's length here, and the cepstrum a third, all in single precision;
/// the prediction itself is made in double.
/// Sources: Nalini & Palanivel (2015), "Music emotion recognition: The combined evidence of MFCC
/// and residual phase"; Makhoul (1975), "Linear prediction: a tutorial review".
class ResidualPhase {
 public:
  ResidualPhase(const ResidualPhaseOptions& options, int window_samples);

  /// How many samples before the frame compute() wants.
  int history_samples() const { return options_.order; }

  /// @param samples  [order + window_samples]: the samples before the frame (zeros at the start of
  ///                 a song), then the frame
  /// @return         RP [window_samples], valid until the next call
  const Eigen::ArrayXf& compute(std::span<const double> samples);
  const Eigen::ArrayXf& compute(std::span<const float> samples);

  /// Of the last frame: a[0 … order]; r; the envelope. [order + 1], [window], [window]
  std::span<const double> coefficients() const { return coefficients_; }
  const Eigen::ArrayXf& residual() const { return residual_; }
  Eigen::ArrayXf envelope() const { return (residual_.square() + hilbert_.square()).sqrt(); }

 private:
  ResidualPhaseOptions options_;
  RealFft<float> fft_;
  Eigen::ArrayXd window_;    // Hann's
  Eigen::ArrayXd windowed_;  // the frame, then zeros
  std::vector<double> lags_;
  std::vector<double> coefficients_;
  Eigen::ArrayXf residual_;
  Eigen::ArrayXcf bins_;
  Eigen::ArrayXf hilbert_;
  Eigen::ArrayXf phase_;
};

}  // namespace mer
