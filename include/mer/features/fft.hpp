#pragma once

#include <Eigen/Core>
#include <complex>
#include <memory>

#include "mer/features/aligned_vector.hpp"

namespace mer {

/// A real FFT of one size, in single or double precision.
///
///   forward: X[k] = Σ_n x[n] e^(−2πi·kn/N), k = 0 … N/2          inverse: x[n]·N from X
///
/// Powers of two from 512 on have kernels of this library, which use the processor's vectors whole
/// (about three times as fast as FFTW's estimated plans on a processor with AVX-512); other sizes
/// are FFTW's. Tables and plans are made once in the process and shared; making them is serialised,
/// using them is not. FFTW's plans are made with FFTW_ESTIMATE: a measured plan depends on timings,
/// so that two runs could round differently, and features must not change from run to run.
template <class Real>
class RealFft {
 public:
  /// @param size  even, at least 2
  explicit RealFft(int size);

  int size() const { return size_; }
  int num_bins() const { return size_ / 2 + 1; }

  /// In all of these the arrays must be aligned to 16 bytes (Eigen's own arrays are) and must not
  /// overlap.
  void forward(const Real* samples, std::complex<Real>* bins);
  /// Not normalised: the result is `size` times the samples. Overwrites `bins`.
  void inverse(std::complex<Real>* bins, Real* samples);

  /// The power spectrum |X[k]|² of the windowed samples; the samples need no alignment.
  /// @param window  as paired() gives it
  /// @param power   [num_bins]
  void power(const float* samples, const Real* window, float* power);
  /// The window's even values before its odd ones, as power() wants them.
  static Eigen::Array<Real, Eigen::Dynamic, 1> paired(const Eigen::ArrayXd& window);

  /// The Hilbert transform of the samples as one period of a periodic signal: the bins 1 … N/2 − 1
  /// are turned by −90°, bins 0 and N/2 are dropped.
  /// @param hilbert  [size]
  void hilbert(const Real* samples, Real* hilbert);

  /// The bins of samples of single precision, their real and their imaginary parts apart. These
  /// arrays need no alignment.
  /// @param real, imag  [num_bins]
  void spectrum(const float* samples, Real* real, Real* imag);

  /// size · Σ_n fixed[n] · (moved[(n + τ) mod size] − offset) for all τ.
  /// @param real, imag   the bins of `moved`
  /// @param correlation  [size]
  void correlation(const double* real, const double* imag, double offset, const Real* fixed,
                   Real* correlation);

 private:
  struct Plans;

  std::complex<Real>* own_bins();  // of the scratch, behind what the kernels use

  int size_;
  std::shared_ptr<const Plans> plans_;
  AlignedVector<Real> scratch_;
};

extern template class RealFft<float>;
extern template class RealFft<double>;

}  // namespace mer
