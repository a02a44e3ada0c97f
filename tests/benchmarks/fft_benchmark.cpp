// What one real transform of 2048 points costs in each way that FFTW offers, beside RealFft.
//
//   taskset -c 0 mer_fft_benchmark

#include <benchmark/benchmark.h>
#include <fftw3.h>

#include <cmath>

#include "mer/signal/aligned_vector.hpp"
#include "mer/signal/fft.hpp"

namespace {

constexpr int kSize = 2048;
constexpr int kBins = kSize / 2 + 1;
constexpr int kMostFrames = 16;

template <class Real>
struct Arrays {
  mer::AlignedVector<Real> samples = mer::AlignedVector<Real>(kSize * kMostFrames);
  mer::AlignedVector<std::complex<Real>> bins =
      mer::AlignedVector<std::complex<Real>>(kBins * kMostFrames);
  Arrays() {
    for (std::size_t n = 0; n < samples.size(); ++n) {
      samples[n] = static_cast<Real>(std::sin(0.01 * static_cast<double>(n * n % 4096)));
    }
  }
};

template <class Real>
void real_fft(benchmark::State& state) {
  Arrays<Real> arrays;
  const mer::RealFft<Real> fft(kSize);
  for (auto _ : state) fft.forward(arrays.samples.data(), arrays.bins.data());
}
BENCHMARK_TEMPLATE(real_fft, double);
BENCHMARK_TEMPLATE(real_fft, float);

void planned_double(benchmark::State& state, unsigned planning) {
  Arrays<double> arrays;
  fftw_plan plan = fftw_plan_dft_r2c_1d(
      kSize, arrays.samples.data(), reinterpret_cast<fftw_complex*>(arrays.bins.data()), planning);
  for (auto _ : state) fftw_execute(plan);
  fftw_destroy_plan(plan);
}
BENCHMARK_CAPTURE(planned_double, estimate, FFTW_ESTIMATE);
BENCHMARK_CAPTURE(planned_double, measure, FFTW_MEASURE);

void planned_float(benchmark::State& state, unsigned planning) {
  Arrays<float> arrays;
  fftwf_plan plan = fftwf_plan_dft_r2c_1d(
      kSize, arrays.samples.data(), reinterpret_cast<fftwf_complex*>(arrays.bins.data()), planning);
  for (auto _ : state) fftwf_execute(plan);
  fftwf_destroy_plan(plan);
}
BENCHMARK_CAPTURE(planned_float, estimate, FFTW_ESTIMATE);
BENCHMARK_CAPTURE(planned_float, measure, FFTW_MEASURE);

// Several frames in one plan, one after the other or sample by sample side by side. Times are of
// all frames; the counter is the time of one.
void batched(benchmark::State& state, bool side_by_side) {
  Arrays<double> arrays;
  const int frames = static_cast<int>(state.range(0));
  fftw_plan plan = fftw_plan_many_dft_r2c(
      1, &kSize, frames, arrays.samples.data(), nullptr, side_by_side ? frames : 1,
      side_by_side ? 1 : kSize, reinterpret_cast<fftw_complex*>(arrays.bins.data()), nullptr,
      side_by_side ? frames : 1, side_by_side ? 1 : kBins, FFTW_ESTIMATE);
  for (auto _ : state) fftw_execute(plan);
  fftw_destroy_plan(plan);
  state.counters["frame"] = benchmark::Counter(
      frames, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(batched, one_after_the_other, false)->Arg(4)->Arg(8)->Arg(16);
BENCHMARK_CAPTURE(batched, side_by_side, true)->Arg(4)->Arg(8)->Arg(16);

}  // namespace

BENCHMARK_MAIN();
