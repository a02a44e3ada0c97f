#pragma once

#include <complex>
#include <concepts>
#include <memory>

namespace mer {

/// FFTW's arrays here lie at multiples of this, as those of AlignedVector and of Eigen do.
inline constexpr int kFftAlignment = 16;

/// FFTW's plans of one size.
template <class Real>
struct FftPlans;

/// A real Fourier transform of one size by FFTW.
///
///   forward: X[k] = Σ_n x[n] e^(−2πi·kn/N), k = 0 … N/2          inverse: N · x[n] from X
///
/// In double precision this is FFTW's real transform. In single precision it is FFTW's complex one
/// of the N/2 pairs of samples, split into the real one's bins here, which takes half the time.
///
/// Plans are made once in the process for each size and shared; making them is serialized, using
/// them is not. They are FFTW's estimates: a measured plan depends on timings, so that two runs
/// could round differently, and features must not change from run to run.
template <class Real>
class RealFft {
 public:
  /// @param size  even, at least 2
  explicit RealFft(int size);

  int size() const { return size_; }
  int num_bins() const { return size_ / 2 + 1; }

  /// In both the arrays must be aligned to kFftAlignment and must not overlap.
  /// @param samples  [size]
  /// @param bins     [num_bins]
  void forward(const Real* samples, std::complex<Real>* bins) const;
  /// Not normalized: the result is `size` times the samples. Overwrites `bins`.
  void inverse(std::complex<Real>* bins, Real* samples) const;
  /// The Hilbert transform of the samples taken for one period: all bins turned by −90°, the first
  /// and the last one dropped. Half the pairs' bins need one step in place of split, turn and
  /// merge.
  /// @param scratch  [size / 2], aligned as well
  void hilbert(const Real* samples, std::complex<Real>* scratch,
               Real* transformed) const requires std::same_as<Real, float>;

 private:
  int size_;
  std::shared_ptr<const FftPlans<Real>> plans_;
};

extern template class RealFft<float>;
extern template class RealFft<double>;

}  // namespace mer
