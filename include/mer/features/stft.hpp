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
/// precision: in single precision the rounding of a loud tone would stand up to 0.5 dB above the
/// true spectrum of its quiet valleys. Where the frame itself is known to no more than 1e-5, as the
/// residual's phase is, single precision is enough and takes half the time. Silence gives zeros.
template <class Real>
class BasicPowerSpectrum {
 public:
  explicit BasicPowerSpectrum(const FrameOptions& options);

  int num_bins() const { return fft_.num_bins(); }

  /// @param frame  [window_samples]
  /// @return       [window_samples / 2 + 1], valid until the next call
  const Eigen::ArrayXf& compute(std::span<const float> frame);

 private:
  RealFft<Real> fft_;
  Eigen::Array<Real, Eigen::Dynamic, 1> window_;  // its even values, then its odd ones
  Eigen::ArrayXf power_;
};

extern template class BasicPowerSpectrum<float>;
extern template class BasicPowerSpectrum<double>;

using PowerSpectrum = BasicPowerSpectrum<double>;
using SinglePowerSpectrum = BasicPowerSpectrum<float>;

}  // namespace mer
