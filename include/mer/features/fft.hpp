#pragma once

#include <complex>
#include <memory>

namespace mer {

/// A real FFT of one size, in single precision (FFTW).
///
///   forward: X[k] = Σ_n x[n] e^(−2πi·kn/N), k = 0 … N/2          inverse: x[n]·N from X
///
/// FFTW plans for a size are made once in the process and shared; making them is serialised, using
/// them is not. They are made with FFTW_ESTIMATE: a measured plan depends on timings, so that two
/// runs could round differently, and features must not change from run to run.
class RealFft {
 public:
  /// @param size  even, at least 2
  explicit RealFft(int size);

  int size() const { return size_; }
  int num_bins() const { return size_ / 2 + 1; }

  /// Both arrays must be aligned to 16 bytes (Eigen's own arrays are) and must not overlap.
  void forward(const float* samples, std::complex<float>* bins) const;
  /// Not normalised: the result is `size` times the samples. Overwrites `bins`.
  void inverse(std::complex<float>* bins, float* samples) const;

 private:
  struct Plans;
  int size_;
  std::shared_ptr<const Plans> plans_;
};

}  // namespace mer
