#pragma once

#include <Eigen/Core>
#include <array>
#include <complex>
#include <span>

#include "mer/features/frames.hpp"
#include "mer/signal/aligned_vector.hpp"
#include "mer/signal/fft.hpp"

namespace mer {

/// The spectrum of one frame without any window, in double precision:
///
///   X[k] = Σ_n x[n] e^(−2πi·kn/N)
///
/// A window that is a sum of cosines, w[n] = Σ_m t[m] cos(2πmn/N), adds up neighboring bins:
///
///   Σ_n w[n] x[n] e^(−2πi·kn/N) = t[0] X[k] + Σ_{m>0} t[m]/2 (X[k−m] + X[k+m])
///
/// so that this one transform serves the power spectrum (Blackman–Harris), linear prediction's
/// autocorrelation (Hann) and the pitch (no window). In single precision the rounding of a loud
/// tone would stand up to 0.5 dB above the true spectrum of its quiet valleys.
class FrameSpectrum {
 public:
  explicit FrameSpectrum(int window_samples);
  FrameSpectrum(FrameSpectrum&&) = default;  // no copies: samples() may lie in here
  FrameSpectrum& operator=(FrameSpectrum&&) = default;

  int window_samples() const { return fft_.size(); }
  int num_bins() const { return fft_.num_bins(); }

  /// @param frame  [window_samples]; samples() may lie there
  void compute(std::span<const double> frame);
  void compute(std::span<const float> frame);

  /// The last frame in double precision, [window_samples].
  const double* samples() const { return samples_; }
  /// Of the last frame, X[0 … N/2]; kReach bins before and behind these hold the spectrum's mirror
  /// images.
  static constexpr int kReach = 3;
  const std::complex<double>* bins() const { return bins_.data() + kMargin; }

 private:
  static constexpr int kMargin = 4;  // so that the bins lie at a cache line's start

  void transform(const double* samples);

  RealFft<double> fft_;
  const double* samples_ = nullptr;
  AlignedVector<double> copy_;  // of a frame that lies where FFTW can't read it
  AlignedVector<std::complex<double>> bins_;
};

/// The power spectrum of one windowed frame, not normalized:
///
///   P[k] = |Σ_n w[n] x[n] e^(−2πi·kn/N)|²,   k = 0 … N/2,   f[k] = k · rate / N   (Hz)
///
/// Log-mel, MFCC, contrast and chroma all rest on it. Silence gives zeros.
class PowerSpectrum {
 public:
  explicit PowerSpectrum(const FrameOptions& options);

  int num_bins() const { return spectrum_.num_bins(); }

  /// @param frame  [window_samples]
  /// @return       [window_samples / 2 + 1], valid until the next call
  const Eigen::ArrayXf& compute(std::span<const float> frame);
  const Eigen::ArrayXf& compute(const FrameSpectrum& spectrum);

 private:
  FrameSpectrum spectrum_;
  std::array<double, 2 * FrameSpectrum::kReach + 1> terms_;  // t[3]/2 … t[1]/2, t[0], t[1]/2 …
  AlignedVector<std::complex<double>> windowed_;
  Eigen::ArrayXf power_;
};

/// The same in single precision, in half the time: for frames that are themselves known to no more
/// than 1e-5, as the residual's phase is.
class SinglePowerSpectrum {
 public:
  explicit SinglePowerSpectrum(const FrameOptions& options);

  int num_bins() const { return fft_.num_bins(); }
  const Eigen::ArrayXf& compute(std::span<const float> frame);
  const Eigen::ArrayXf& compute(std::span<const double> frame);

 private:
  const Eigen::ArrayXf& compute_windowed();

  RealFft<float> fft_;
  Eigen::ArrayXf window_;
  Eigen::ArrayXf windowed_;
  Eigen::ArrayXcf bins_;
  Eigen::ArrayXf power_;
};

}  // namespace mer
