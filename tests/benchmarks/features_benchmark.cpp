// How long a frame takes, feature by feature, on one thread; the yardstick is the windowed real FFT
// alone with a measured FFTW plan. Every row's time is for one frame of 2048 samples at 44.1 kHz.
//
//   mer_features_benchmark --benchmark_min_time=1

#include <benchmark/benchmark.h>
#include <fftw3.h>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

#include "mer/features/feature_extractor.hpp"
#include "mer/features/stft.hpp"

namespace {

constexpr int kRateHz = 44100;
constexpr int kWindow = 2048;
constexpr int kHop = 1024;
constexpr int kMargin = 4096;

// Ten seconds of chords that change twice a second, with decaying partials and a little noise.
const std::vector<float>& music() {
  static const std::vector<float> samples = [] {
    std::vector<float> out(10 * kRateHz);
    std::mt19937_64 engine(1);
    std::normal_distribution<float> hiss(0.0F, 1e-3F);
    for (std::size_t n = 0; n < out.size(); ++n) {
      const double t = static_cast<double>(n) / kRateHz;
      const int chord = static_cast<int>(2.0 * t);
      const double since = t - 0.5 * chord;
      double sum = 0.0;
      for (const int step : {0, 4, 7}) {
        const double hz = 220.0 * std::exp2((chord * 5 % 12 + step) / 12.0);
        for (int k = 1; k <= 8; ++k) {
          sum += std::sin(2.0 * std::numbers::pi * hz * k * t) / k * std::exp(-since * (1 + k));
        }
      }
      out[n] = static_cast<float>(0.1 * sum) + hiss(engine);
    }
    return out;
  }();
  return samples;
}

// Calls work(frame) for one frame after another of the music.
template <class Work>
void each_frame(benchmark::State& state, const Work& work) {
  const std::vector<float>& samples = music();
  std::size_t start = kMargin;
  for (auto _ : state) {
    work(samples.data() + start);
    start += kHop;
    if (start + kWindow + kMargin > samples.size()) start = kMargin;
  }
  state.counters["x_real_time"] = benchmark::Counter(static_cast<double>(kHop) / kRateHz,
                                                     benchmark::Counter::kIsIterationInvariantRate);
}

std::span<const float> window_of(const float* frame) { return {frame, kWindow}; }

void fft_alone(benchmark::State& state) {
  float* in = fftwf_alloc_real(kWindow);
  fftwf_complex* out = fftwf_alloc_complex(kWindow / 2 + 1);
  fftwf_plan plan = fftwf_plan_dft_r2c_1d(kWindow, in, out, FFTW_MEASURE);
  const Eigen::ArrayXf window =
      mer::make_window(mer::WindowKind::kBlackmanHarris, kWindow).cast<float>();
  each_frame(state, [&](const float* frame) {
    for (int n = 0; n < kWindow; ++n) in[n] = window[n] * frame[n];
    fftwf_execute(plan);
    benchmark::DoNotOptimize(out);
    benchmark::ClobberMemory();
  });
  fftwf_destroy_plan(plan);
  fftwf_free(out);
  fftwf_free(in);
}
BENCHMARK(fft_alone);

void power_spectrum(benchmark::State& state) {
  mer::PowerSpectrum spectrum((mer::FrameOptions()));
  each_frame(state, [&](const float* frame) {
    benchmark::DoNotOptimize(spectrum.compute(window_of(frame)).data());
  });
}
BENCHMARK(power_spectrum);

// Features of the shared spectrum: the spectrum itself is made outside the measured time.
template <class Work>
void each_spectrum(benchmark::State& state, const Work& work) {
  mer::PowerSpectrum spectrum((mer::FrameOptions()));
  std::vector<Eigen::ArrayXf> powers;
  for (std::size_t t = 0; t < 100; ++t) {
    powers.push_back(spectrum.compute(window_of(music().data() + t * kHop)));
  }
  std::size_t t = 0;
  each_frame(state, [&](const float*) { work(powers[t++ % powers.size()]); });
}

void log_mel(benchmark::State& state) {
  mer::MelFilterBank mel(mer::MelOptions(), kWindow, kRateHz);
  Eigen::ArrayXf db(mel.num_bands());
  each_spectrum(state, [&](const Eigen::ArrayXf& power) {
    mer::power_to_db(mel.compute(power), db);
    benchmark::DoNotOptimize(db.data());
  });
}
BENCHMARK(log_mel);

void mfcc_of_log_mel(benchmark::State& state) {
  mer::Mfcc mfcc(mer::MfccOptions(), 128);
  const Eigen::ArrayXf db = Eigen::ArrayXf::LinSpaced(128, -60.0F, 20.0F);
  each_frame(state, [&](const float*) { benchmark::DoNotOptimize(mfcc.compute(db).data()); });
}
BENCHMARK(mfcc_of_log_mel);

void contrast(benchmark::State& state) {
  mer::SpectralContrast contrast(mer::ContrastOptions(), kWindow, kRateHz);
  each_spectrum(state, [&](const Eigen::ArrayXf& power) {
    benchmark::DoNotOptimize(contrast.compute(power).data());
  });
}
BENCHMARK(contrast);

void chroma(benchmark::State& state) {
  mer::Chroma chroma(mer::ChromaOptions(), kWindow, kRateHz);
  each_spectrum(state, [&](const Eigen::ArrayXf& power) {
    benchmark::DoNotOptimize(chroma.compute(power).data());
  });
}
BENCHMARK(chroma);

void chroma_with_window_of_8192(benchmark::State& state) {
  mer::ChromaOptions options;
  options.window_samples = 8192;
  mer::Chroma chroma(options, kWindow, kRateHz);
  each_frame(state, [&](const float* frame) {
    benchmark::DoNotOptimize(chroma.compute_long({frame - chroma.margin_samples(), 8192}).data());
  });
}
BENCHMARK(chroma_with_window_of_8192);

// Without the spectrum and the cepstrum that follow: add power_spectrum, log_mel, mfcc_of_log_mel.
void residual_phase(benchmark::State& state) {
  mer::ResidualPhase phase(mer::ResidualPhaseOptions(), kWindow);
  const std::size_t history = static_cast<std::size_t>(phase.history_samples());
  each_frame(state, [&](const float* frame) {
    benchmark::DoNotOptimize(phase.compute({frame - history, history + kWindow}).data());
  });
}
BENCHMARK(residual_phase);

void pitch(benchmark::State& state) {
  mer::PitchTracker pitch(mer::PitchOptions(), kWindow, kRateHz);
  each_frame(state, [&](const float* frame) {
    benchmark::DoNotOptimize(pitch.compute(window_of(frame)));
  });
}
BENCHMARK(pitch);

// With a pitch, which costs more than without one.
void formants(benchmark::State& state) {
  mer::FormantTracker tracker(mer::FormantOptions(), kWindow, kRateHz);
  each_spectrum(state, [&](const Eigen::ArrayXf& power) {
    benchmark::DoNotOptimize(tracker.compute(power, 110.0F));
  });
}
BENCHMARK(formants);

void formants_of_unvoiced_frames(benchmark::State& state) {
  mer::FormantTracker tracker(mer::FormantOptions(), kWindow, kRateHz);
  each_spectrum(state, [&](const Eigen::ArrayXf& power) {
    benchmark::DoNotOptimize(tracker.compute(power, 0.0F));
  });
}
BENCHMARK(formants_of_unvoiced_frames);

void everything(benchmark::State& state) {
  mer::FeatureExtractor extractor(mer::FeatureOptions(), kRateHz);
  extractor.push({music().data(), kMargin});
  each_frame(state, [&](const float* frame) {
    extractor.push({frame, kHop});
    benchmark::DoNotOptimize(extractor.pull().lld.data());
  });
}
BENCHMARK(everything);

}  // namespace

BENCHMARK_MAIN();
