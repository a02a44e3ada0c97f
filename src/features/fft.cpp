#include "mer/features/fft.hpp"

#include <fftw3.h>

#include <map>
#include <mutex>
#include <stdexcept>

namespace mer {

struct RealFft::Plans {
  explicit Plans(int size) {
    float* samples = fftwf_alloc_real(static_cast<std::size_t>(size));
    fftwf_complex* bins = fftwf_alloc_complex(static_cast<std::size_t>(size / 2 + 1));
    forward = fftwf_plan_dft_r2c_1d(size, samples, bins, FFTW_ESTIMATE);
    inverse = fftwf_plan_dft_c2r_1d(size, bins, samples, FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
    fftwf_free(bins);
    fftwf_free(samples);
  }
  Plans(const Plans&) = delete;
  Plans& operator=(const Plans&) = delete;
  ~Plans();

  fftwf_plan forward;
  fftwf_plan inverse;
};

namespace {

// FFTW's planner is one per process and not thread-safe: everything that touches it takes this.
std::mutex& planner_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

RealFft::Plans::~Plans() {
  const std::lock_guard<std::mutex> lock(planner_mutex());
  fftwf_destroy_plan(forward);
  fftwf_destroy_plan(inverse);
}

RealFft::RealFft(int size) : size_(size) {
  if (size < 2 || size % 2 != 0) throw std::invalid_argument("a real FFT's size is even");
  planner_mutex();  // constructed before, so destroyed after, the plans
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

void RealFft::forward(const float* samples, std::complex<float>* bins) const {
  // r2c plans leave their input as it is; FFTW's interface just does not say const.
  fftwf_execute_dft_r2c(plans_->forward, const_cast<float*>(samples),
                        reinterpret_cast<fftwf_complex*>(bins));
}

void RealFft::inverse(std::complex<float>* bins, float* samples) const {
  fftwf_execute_dft_c2r(plans_->inverse, reinterpret_cast<fftwf_complex*>(bins), samples);
}

}  // namespace mer
