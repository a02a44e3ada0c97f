#include "mer/features/fft.hpp"

#include <fftw3.h>

#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "fft_tables.hpp"
#include "kernels/kernels.hpp"

namespace mer {
namespace {

// FFTW's planner is one per process and not thread-safe; its two precisions are two planners, but
// one lock serves both.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

// Measured plans would depend on timings (see RealFft); callers' arrays may lie anywhere.
constexpr unsigned kPlanning = FFTW_ESTIMATE | FFTW_UNALIGNED;

// The two precisions of FFTW's interface under common names.
struct FftwFloat {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static Plan forward(int size, float* samples, Complex* bins) {
    return fftwf_plan_dft_r2c_1d(size, samples, bins, kPlanning);
  }
  static Plan inverse(int size, Complex* bins, float* samples) {
    return fftwf_plan_dft_c2r_1d(size, bins, samples, kPlanning);
  }
  static void execute(Plan plan, float* samples, Complex* bins) {
    fftwf_execute_dft_r2c(plan, samples, bins);
  }
  static void execute(Plan plan, Complex* bins, float* samples) {
    fftwf_execute_dft_c2r(plan, bins, samples);
  }
  static void destroy(Plan plan) { fftwf_destroy_plan(plan); }
};
struct FftwDouble {
  using Plan = fftw_plan;
  using Complex = fftw_complex;
  static Plan forward(int size, double* samples, Complex* bins) {
    return fftw_plan_dft_r2c_1d(size, samples, bins, kPlanning);
  }
  static Plan inverse(int size, Complex* bins, double* samples) {
    return fftw_plan_dft_c2r_1d(size, bins, samples, kPlanning);
  }
  static void execute(Plan plan, double* samples, Complex* bins) {
    fftw_execute_dft_r2c(plan, samples, bins);
  }
  static void execute(Plan plan, Complex* bins, double* samples) {
    fftw_execute_dft_c2r(plan, bins, samples);
  }
  static void destroy(Plan plan) { fftw_destroy_plan(plan); }
};
template <class Real>
using Fftw = std::conditional_t<std::is_same_v<Real, float>, FftwFloat, FftwDouble>;

}  // namespace

template <class Real>
struct RealFft<Real>::Plans {
  using Library = Fftw<Real>;

  explicit Plans(int size) : half(size / 2) {
    if (half >= kernels::kSmallestHalf && (half & (half - 1)) == 0) {
      numbers.emplace(half, kernels::fft_lanes<Real>());
    } else {
      make_plans();
    }
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    if (numbers) return;
    const std::lock_guard<std::mutex> lock(planner_mutex());
    Library::destroy(forward);
    Library::destroy(inverse);
  }
  void make_plans();

  int half;
  std::optional<FftNumbers<Real>> numbers;  // of this library's kernels, or else FFTW's plans:
  typename Library::Plan forward = nullptr;
  typename Library::Plan inverse = nullptr;
};

template <class Real>
void RealFft<Real>::Plans::make_plans() {
  const std::lock_guard<std::mutex> lock(planner_mutex());
  AlignedVector<Real> samples(static_cast<std::size_t>(2 * half));
  AlignedVector<Real> numbers_of_bins(static_cast<std::size_t>(2 * half + 2));
  auto* const bins = reinterpret_cast<typename Library::Complex*>(numbers_of_bins.data());
  forward = Library::forward(2 * half, samples.data(), bins);
  inverse = Library::inverse(2 * half, bins, samples.data());
}

template <class Real>
RealFft<Real>::RealFft(int size) : size_(size) {
  if (size < 2 || size % 2 != 0) throw std::invalid_argument("a real FFT's size is even");
  planner_mutex();  // constructed before the cache, so destroyed after its plans
  static std::mutex cache_mutex;
  static std::map<int, std::shared_ptr<const Plans>> cache;
  const std::lock_guard<std::mutex> lock(cache_mutex);
  std::shared_ptr<const Plans>& entry = cache[size];
  if (!entry) entry = std::make_shared<const Plans>(size);
  plans_ = entry;
  // The kernels' scratch, then room for two spectra, or one and as many samples.
  scratch_.resize(static_cast<std::size_t>(kernels::kFftScratch * (size / 2) + 2 * (size + 2)));
}

template <class Real>
std::complex<Real>* RealFft<Real>::own_bins() {
  return reinterpret_cast<std::complex<Real>*>(scratch_.data() +
                                               kernels::kFftScratch * plans_->half);
}

template <class Real>
void RealFft<Real>::forward(const Real* samples, std::complex<Real>* bins) {
  if (plans_->numbers) {
    kernels::fft_forward(plans_->numbers->tables(), samples, scratch_.data(),
                         reinterpret_cast<Real*>(bins));
    return;
  }
  // Out of place, this leaves its input as it is; FFTW's interface just does not say const.
  Fftw<Real>::execute(plans_->forward, const_cast<Real*>(samples),
                      reinterpret_cast<typename Fftw<Real>::Complex*>(bins));
}

template <class Real>
void RealFft<Real>::inverse(std::complex<Real>* bins, Real* samples) {
  if (plans_->numbers) {
    kernels::fft_inverse(plans_->numbers->tables(), reinterpret_cast<const Real*>(bins),
                         scratch_.data(), samples);
    return;
  }
  Fftw<Real>::execute(plans_->inverse, reinterpret_cast<typename Fftw<Real>::Complex*>(bins),
                      samples);
}

template <class Real>
void RealFft<Real>::power(const float* samples, const Real* window, float* power) {
  if constexpr (std::is_same_v<Real, float>) {
    if (plans_->numbers) {
      kernels::fft_power(plans_->numbers->tables(), samples, window, scratch_.data(), power);
      return;
    }
  }
  const int half = plans_->half;
  std::complex<Real>* const bins = own_bins();
  Real* const windowed = reinterpret_cast<Real*>(bins + num_bins());
  for (int n = 0; n < half; ++n) {
    windowed[2 * n] = window[n] * static_cast<Real>(samples[2 * n]);
    windowed[2 * n + 1] = window[half + n] * static_cast<Real>(samples[2 * n + 1]);
  }
  forward(windowed, bins);
  for (int k = 0; k <= half; ++k) power[k] = static_cast<float>(std::norm(bins[k]));
}

template <class Real>
Eigen::Array<Real, Eigen::Dynamic, 1> RealFft<Real>::paired(const Eigen::ArrayXd& window) {
  const Eigen::Index half = window.size() / 2;
  Eigen::Array<Real, Eigen::Dynamic, 1> pairs(window.size());
  for (Eigen::Index n = 0; n < half; ++n) {
    pairs[n] = static_cast<Real>(window[2 * n]);
    pairs[half + n] = static_cast<Real>(window[2 * n + 1]);
  }
  return pairs;
}

template <class Real>
void RealFft<Real>::hilbert(const Real* samples, Real* hilbert) {
  if constexpr (std::is_same_v<Real, float>) {
    if (plans_->numbers) {
      kernels::fft_hilbert(plans_->numbers->tables(), samples, scratch_.data(), hilbert);
      return;
    }
  }
  std::complex<Real>* const bins = own_bins();
  forward(samples, bins);
  const int half = plans_->half;
  const Real scale = Real{1} / static_cast<Real>(size_);
  bins[0] = Real{0};
  bins[half] = Real{0};
  for (int k = 1; k < half; ++k) {
    bins[k] = std::complex<Real>(bins[k].imag() * scale, -bins[k].real() * scale);
  }
  inverse(bins, hilbert);
}

template <class Real>
void RealFft<Real>::spectrum(const float* samples, Real* real, Real* imag) {
  if constexpr (std::is_same_v<Real, double>) {
    if (plans_->numbers) {
      kernels::fft_spectrum(plans_->numbers->tables(), samples, scratch_.data(), real, imag);
      return;
    }
  }
  std::complex<Real>* const bins = own_bins();
  Real* const own_samples = reinterpret_cast<Real*>(bins + num_bins());
  for (int n = 0; n < size_; ++n) own_samples[n] = static_cast<Real>(samples[n]);
  forward(own_samples, bins);
  for (int k = 0; k < num_bins(); ++k) {
    real[k] = bins[k].real();
    imag[k] = bins[k].imag();
  }
}

template <class Real>
void RealFft<Real>::correlation(const double* real, const double* imag, double offset,
                                const Real* fixed, Real* correlation) {
  if constexpr (std::is_same_v<Real, float>) {
    if (plans_->numbers) {
      kernels::fft_correlation(plans_->numbers->tables(), real, imag, offset, fixed,
                               scratch_.data(), correlation);
      return;
    }
  }
  std::complex<Real>* const bins = own_bins();
  forward(fixed, bins);
  for (int k = 0; k < num_bins(); ++k) {
    const double constant = k == 0 ? size_ * offset : 0.0;
    const std::complex<Real> moved(static_cast<Real>(real[k] - constant),
                                   static_cast<Real>(imag[k]));
    bins[k] = moved * std::conj(bins[k]);
  }
  inverse(bins, correlation);
}

template class RealFft<float>;
template class RealFft<double>;

}  // namespace mer
