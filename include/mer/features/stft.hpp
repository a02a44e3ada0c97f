#pragma once

#include <Eigen/Core>
#include <span>

#include "mer/features/fft.hpp"
#include "mer/features/frames.hpp"

namespace mer {

/// The power spectrum of one windowed frame, not normalised:
///
///   P[k] = |Σ_n w[n] x[n] e^(−2πi·kn/N)|²,   k = 0 … N/2,   f[k] = k · rate / N   (Hz)
///
/// Log-mel, MFCC, contrast and chroma all rest on this one transform. It is made in double
/// precision (with FFTW's complex plans as fast as single): in single precision the rounding of a
/// loud tone would stand up to 0.5 dB above the true spectrum of its quiet valleys. Silence gives
/// zeros.
class PowerSpectrum {
 public:
  explicit PowerSpectrum(const FrameOptions& options);

  int num_bins() const { return fft_.num_bins(); }

  /// @param frame  [window_samples]
  /// @return       [window_samples / 2 + 1], valid until the next call
  const Eigen::ArrayXf& compute(std::span<const float> frame);

 private:
  RealFft<double> fft_;
  Eigen::ArrayXd window_;
  Eigen::ArrayXd windowed_;
  Eigen::ArrayXcd bins_;
  Eigen::ArrayXf power_;
};

}  // namespace mer
