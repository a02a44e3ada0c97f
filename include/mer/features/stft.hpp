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
/// Log-mel, MFCC, contrast and chroma all rest on this one transform. Silence gives zeros.
class PowerSpectrum {
 public:
  explicit PowerSpectrum(const FrameOptions& options);

  int num_bins() const { return fft_.num_bins(); }

  /// @param frame  [window_samples]
  /// @return       [window_samples / 2 + 1], valid until the next call
  const Eigen::ArrayXf& compute(std::span<const float> frame);

 private:
  RealFft fft_;
  Eigen::ArrayXf window_;
  Eigen::ArrayXf windowed_;
  Eigen::ArrayXcf bins_;
  Eigen::ArrayXf power_;
};

}  // namespace mer
