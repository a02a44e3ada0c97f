#pragma once

#include <Eigen/Core>
#include <complex>
#include <memory>

namespace mer {

/// A real FFT of one size (FFTW), in single or double precision.
///
///   forward: X[k] = Σ_n x[n] e^(−2πi·kn/N), k = 0 … N/2          inverse: x[n]·N from X
///
/// It is made of a complex transform of half the size, whose FFTW plan is made once in the process
/// and shared; making plans is serialised, using them is not. Plans are made with FFTW_ESTIMATE: a
/// measured plan depends on timings, so that two runs could round differently, and features must
/// not change from run to run. (Estimated real-data plans are slow; estimated complex ones are
/// not.)
template <class Real>
class RealFft {
 public:
  /// @param size  even, at least 2
  explicit RealFft(int size);

  int size() const { return size_; }
  int num_bins() const { return size_ / 2 + 1; }

  /// Both arrays must be aligned to 16 bytes (Eigen's own arrays are) and must not overlap.
  void forward(const Real* samples, std::complex<Real>* bins) const;
  /// Not normalised: the result is `size` times the samples. Overwrites `bins`.
  void inverse(std::complex<Real>* bins, Real* samples) const;

 private:
  struct Plans;
  int size_;
  std::shared_ptr<const Plans> plans_;
};

extern template class RealFft<float>;
extern template class RealFft<double>;

}  // namespace mer
