#include "mer/features/fft.hpp"

#include <fftw3.h>

#include <cmath>
#include <map>
#include <mutex>
#include <numbers>
#include <stdexcept>
#include <vector>

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

  explicit Plans(int size) {
    const int half = size / 2;
    typename Library::Complex* in = Library::allocate(half + 1);
    typename Library::Complex* out = Library::allocate(half + 1);
    forward = Library::plan(half, in, out, FFTW_FORWARD);
    inverse = Library::plan(half, in, out, FFTW_BACKWARD);
    Library::release(out);
    Library::release(in);
    // −i/2 · e^(−2πi·k/N): what the odd samples' spectrum is turned by.
    for (int k = 0; k <= half / 2; ++k) {
      const double angle = -2.0 * std::numbers::pi * k / size;
      twiddles.emplace_back(static_cast<Real>(0.5 * std::sin(angle)),
                            static_cast<Real>(-0.5 * std::cos(angle)));
    }
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans() {
    const std::lock_guard<std::mutex> lock(planner_mutex());
    Library::destroy(forward);
    Library::destroy(inverse);
  }

  typename Library::Plan forward;
  typename Library::Plan inverse;
  std::vector<std::complex<Real>> twiddles;  // [size / 4 + 1]
};

template <class Real>
RealFft<Real>::RealFft(int size) : size_(size) {
  if (size < 2 || size % 2 != 0) throw std::invalid_argument("a real FFT's size is even");
  planner_mutex();  // constructed before the cache, so destroyed after its plans
  static std::mutex cache_mutex;
  static std::map<int, std::shared_ptr<const Plans>> cache;
  const std::lock_guard<std::mutex> lock(cache_mutex);
  std::shared_ptr<const Plans>& entry = cache[size];
  if (!entry) {
    const std::lock_guard<std::mutex> planner_lock(planner_mutex());
    entry = std::make_shared<const Plans>(size);
  }
  plans_ = entry;
}

// Even samples are taken as real parts, odd ones as imaginary parts: Z. Then with M = N/2
//   E = (Z[k] + conj Z[M−k]) / 2,  O = (Z[k] − conj Z[M−k]) / 2i   are their spectra, and
//   X[k] = E + e^(−2πik/N) O,   X[M−k] = conj(E − e^(−2πik/N) O).
template <class Real>
void RealFft<Real>::forward(const Real* samples, std::complex<Real>* bins) const {
  using Complex = typename Fftw<Real>::Complex;
  const int half = size_ / 2;
  // Out of place, these plans leave their input as it is; FFTW's interface just does not say const.
  Fftw<Real>::execute(plans_->forward, reinterpret_cast<Complex*>(const_cast<Real*>(samples)),
                      reinterpret_cast<Complex*>(bins));
  const Real real = bins[0].real();
  const Real imag = bins[0].imag();
  kernels::untangle(bins, plans_->twiddles.data(), half);
  bins[0] = real + imag;
  bins[half] = real - imag;
}

template <class Real>
void RealFft<Real>::inverse(std::complex<Real>* bins, Real* samples) const {
  using Complex = typename Fftw<Real>::Complex;
  const int half = size_ / 2;
  const Real first = bins[0].real();
  const Real last = bins[half].real();
  kernels::tangle(bins, plans_->twiddles.data(), half);
  bins[0] = {first + last, first - last};
  Fftw<Real>::execute(plans_->inverse, reinterpret_cast<Complex*>(bins),
                      reinterpret_cast<Complex*>(samples));
}

template class RealFft<float>;
template class RealFft<double>;

}  // namespace mer
