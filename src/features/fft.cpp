#include "mer/features/fft.hpp"

#include <fftw3.h>

#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "fft_tables.hpp"
#include "kernels.hpp"

namespace mer {
namespace {

// FFTW's planner is one per process and not thread-safe; its two precisions are two planners, but
// one lock serves both.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

// The two precisions of FFTW's interface under common names.
struct FftwFloat {
  using Plan = fftwf_plan;
  using Complex = fftwf_complex;
  static Complex* allocate(int count) {
    return fftwf_alloc_complex(static_cast<std::size_t>(count));
  }
  static void release(Complex* bins) { fftwf_free(bins); }
  static Plan plan(int size, Complex* in, Complex* out, int sign) {
    return fftwf_plan_dft_1d(size, in, out, sign, FFTW_ESTIMATE);
  }
  static void execute(Plan plan, Complex* in, Complex* out) { fftwf_execute_dft(plan, in, out); }
  static void destroy(Plan plan) { fftwf_destroy_plan(plan); }
};
struct FftwDouble {
  using Plan = fftw_plan;
  using Complex = fftw_complex;
  static Complex* allocate(int count) {
    return fftw_alloc_complex(static_cast<std::size_t>(count));
  }
  static void release(Complex* bins) { fftw_free(bins); }
  static Plan plan(int size, Complex* in, Complex* out, int sign) {
    return fftw_plan_dft_1d(size, in, out, sign, FFTW_ESTIMATE);
  }
  static void execute(Plan plan, Complex* in, Complex* out) { fftw_execute_dft(plan, in, out); }
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
  std::vector<Real> cosine;  // cos and sin(2πk/N)
  std::vector<Real> sine;
};

template <class Real>
void RealFft<Real>::Plans::make_plans() {
  const std::lock_guard<std::mutex> lock(planner_mutex());
  typename Library::Complex* in = Library::allocate(half + 1);
  typename Library::Complex* out = Library::allocate(half + 1);
  forward = Library::plan(half, in, out, FFTW_FORWARD);
  inverse = Library::plan(half, in, out, FFTW_BACKWARD);
  Library::release(out);
  Library::release(in);
  for (int k = 0; k <= half / 2; ++k) {
    const double turns = static_cast<double>(k) / (2 * half);
    cosine.push_back(cosine_of<Real>(turns));
    sine.push_back(sine_of<Real>(turns));
  }
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
  // The kernels' scratch and a spectrum, or for FFTW the windowed samples and a spectrum.
  const std::size_t numbers =
      static_cast<std::size_t>((kernels::kFftScratch + 2) * (size / 2) + 32);
  scratch_.resize(numbers);
}

// Even samples are taken as real parts, odd ones as imaginary parts: Z. Then with M = N/2
//   E = (Z[k] + conj Z[M−k]) / 2,  O = (Z[k] − conj Z[M−k]) / 2i   are their spectra, and
//   X[k] = E + e^(−2πik/N) O,   X[M−k] = conj(E − e^(−2πik/N) O).
template <class Real>
void RealFft<Real>::forward(const Real* samples, std::complex<Real>* bins) {
  Real* const numbers = reinterpret_cast<Real*>(bins);
  if (plans_->numbers) {
    kernels::fft_forward(plans_->numbers->tables(), samples, scratch_.data(), numbers);
    return;
  }
  using Complex = typename Fftw<Real>::Complex;
  const int half = plans_->half;
  // Out of place, these plans leave their input as it is; FFTW's interface just does not say const.
  Fftw<Real>::execute(plans_->forward, reinterpret_cast<Complex*>(const_cast<Real*>(samples)),
                      reinterpret_cast<Complex*>(bins));
  const Real real = bins[0].real();
  const Real imag = bins[0].imag();
  for (int k = 1; k <= half - k; ++k) {
    const std::complex<Real> a = bins[k];
    const std::complex<Real> b = std::conj(bins[half - k]);
    const std::complex<Real> even = Real{0.5} * (a + b);
    const std::complex<Real> difference = Real{0.5} * (a - b);
    const Real cosine = plans_->cosine[static_cast<std::size_t>(k)];
    const Real sine = plans_->sine[static_cast<std::size_t>(k)];
    const std::complex<Real> odd(cosine * difference.imag() - sine * difference.real(),
                                 -cosine * difference.real() - sine * difference.imag());
    bins[k] = even + odd;
    bins[half - k] = std::conj(even - odd);
  }
  bins[0] = real + imag;
  bins[half] = real - imag;
}

template <class Real>
void RealFft<Real>::inverse(std::complex<Real>* bins, Real* samples) {
  if (plans_->numbers) {
    kernels::fft_inverse(plans_->numbers->tables(), reinterpret_cast<const Real*>(bins),
                         scratch_.data(), samples);
    return;
  }
  using Complex = typename Fftw<Real>::Complex;
  const int half = plans_->half;
  const Real first = bins[0].real();
  const Real last = bins[half].real();
  for (int k = 1; k <= half - k; ++k) {
    const std::complex<Real> a = bins[k];
    const std::complex<Real> b = std::conj(bins[half - k]);
    const std::complex<Real> even = a + b;
    const std::complex<Real> difference = a - b;
    const Real cosine = plans_->cosine[static_cast<std::size_t>(k)];
    const Real sine = plans_->sine[static_cast<std::size_t>(k)];
    // i times the odd samples' spectrum
    const std::complex<Real> odd(-cosine * difference.imag() - sine * difference.real(),
                                 cosine * difference.real() - sine * difference.imag());
    bins[k] = even + odd;
    bins[half - k] = std::conj(even - odd);
  }
  bins[0] = {first + last, first - last};
  Fftw<Real>::execute(plans_->inverse, reinterpret_cast<Complex*>(bins),
                      reinterpret_cast<Complex*>(samples));
}

template <class Real>
void RealFft<Real>::power(const float* samples, const Real* window, float* power) {
  if (plans_->numbers) {
    kernels::fft_power(plans_->numbers->tables(), samples, window, scratch_.data(), power);
    return;
  }
  const int half = plans_->half;
  std::complex<Real>* const bins = reinterpret_cast<std::complex<Real>*>(scratch_.data());
  Real* const windowed = scratch_.data() + (size_ + 2 + 15) / 16 * 16;
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
  std::complex<Real>* const bins = reinterpret_cast<std::complex<Real>*>(
      scratch_.data() + (plans_->numbers ? kernels::kFftScratch * plans_->half : 0));
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

template class RealFft<float>;
template class RealFft<double>;

}  // namespace mer
