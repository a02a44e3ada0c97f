#include "mer/signal/fft.hpp"

#include <fftw3.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <mutex>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "mer/signal/aligned_vector.hpp"
#include "mer/signal/kernels.hpp"

namespace mer {
namespace {

// FFTW's interface does not say const; out of place, a forward transform leaves its input as it is.
fftw_complex* of_fftw(std::complex<double>* bins) { return reinterpret_cast<fftw_complex*>(bins); }
fftwf_complex* of_fftw(std::complex<float>* bins) { return reinterpret_cast<fftwf_complex*>(bins); }
fftwf_complex* in_pairs(const float* samples) {
  return reinterpret_cast<fftwf_complex*>(const_cast<float*>(samples));
}

}  // namespace

template <>
struct FftPlans<double> {
  explicit FftPlans(int size) {
    AlignedVector<double> samples(static_cast<std::size_t>(size));
    AlignedVector<std::complex<double>> bins(static_cast<std::size_t>(size / 2 + 1));
    there = fftw_plan_dft_r2c_1d(size, samples.data(), of_fftw(bins.data()), FFTW_ESTIMATE);
    back = fftw_plan_dft_c2r_1d(size, of_fftw(bins.data()), samples.data(), FFTW_ESTIMATE);
  }
  FftPlans(const FftPlans&) = delete;
  FftPlans& operator=(const FftPlans&) = delete;
  ~FftPlans() {
    fftw_destroy_plan(there);
    fftw_destroy_plan(back);
  }

  void forward(const double* samples, std::complex<double>* bins) const {
    fftw_execute_dft_r2c(there, const_cast<double*>(samples), of_fftw(bins));
  }
  void inverse(std::complex<double>* bins, double* samples) const {
    fftw_execute_dft_c2r(back, of_fftw(bins), samples);
  }

  fftw_plan there;
  fftw_plan back;
};

template <>
struct FftPlans<float> {
  explicit FftPlans(int size) : half(size / 2) {
    AlignedVector<float> samples(static_cast<std::size_t>(size));
    AlignedVector<std::complex<float>> bins(static_cast<std::size_t>(half));
    fftwf_complex* const pairs = in_pairs(samples.data());
    there = fftwf_plan_dft_1d(half, pairs, of_fftw(bins.data()), FFTW_FORWARD, FFTW_ESTIMATE);
    back = fftwf_plan_dft_1d(half, of_fftw(bins.data()), pairs, FFTW_BACKWARD, FFTW_ESTIMATE);
    for (int k = 0; k <= half / 2; ++k) {
      const double angle = 2.0 * std::numbers::pi * k / size;
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  FftPlans(const FftPlans&) = delete;
  FftPlans& operator=(const FftPlans&) = delete;
  ~FftPlans() {
    fftwf_destroy_plan(there);
    fftwf_destroy_plan(back);
  }

  void forward(const float* samples, std::complex<float>* bins) const {
    fftwf_execute_dft(there, in_pairs(samples), of_fftw(bins));
    const std::complex<float> first = bins[0];
    bins[0] = first.real() + first.imag();
    bins[half] = first.real() - first.imag();
    kernels::real_fft_split(bins, half, cosines.data(), sines.data());
  }
  void inverse(std::complex<float>* bins, float* samples) const {
    bins[0] = {bins[0].real() + bins[half].real(), bins[0].real() - bins[half].real()};
    kernels::real_fft_merge(bins, half, cosines.data(), sines.data());
    fftwf_execute_dft(back, of_fftw(bins), in_pairs(samples));
  }
  void hilbert(const float* samples, std::complex<float>* scratch, float* transformed) const {
    fftwf_execute_dft(there, in_pairs(samples), of_fftw(scratch));
    scratch[0] = 0.0F;
    kernels::real_fft_hilbert(scratch, half, cosines.data(), sines.data());
    fftwf_execute_dft(back, of_fftw(scratch), in_pairs(transformed));
  }

  int half;
  fftwf_plan there;
  fftwf_plan back;
  std::vector<float> cosines;  // of 2πk / size, k ≤ size / 4
  std::vector<float> sines;
};

template <class Real>
RealFft<Real>::RealFft(int size) : size_(size) {
  if (size < 2 || size % 2 != 0) throw std::invalid_argument("a real FFT's size is even");
  // FFTW's planner is one per process and precision, and not thread-safe.
  static std::mutex planner_mutex;
  static std::map<int, std::shared_ptr<const FftPlans<Real>>> cache;
  const std::lock_guard<std::mutex> lock(planner_mutex);
  std::shared_ptr<const FftPlans<Real>>& entry = cache[size];
  if (!entry) entry = std::make_shared<const FftPlans<Real>>(size);
  plans_ = entry;
}

template <class Real>
void RealFft<Real>::forward(const Real* samples, std::complex<Real>* bins) const {
  plans_->forward(samples, bins);
}

template <class Real>
void RealFft<Real>::inverse(std::complex<Real>* bins, Real* samples) const {
  plans_->inverse(bins, samples);
}

template <class Real>
void RealFft<Real>::hilbert(const Real* samples, std::complex<Real>* scratch,
                            Real* transformed) const requires std::same_as<Real, float> {
  // Clang 14 makes this member of RealFft<double> too.
  if constexpr (std::same_as<Real, float>) plans_->hilbert(samples, scratch, transformed);
}

template class RealFft<float>;
template class RealFft<double>;

}  // namespace mer
