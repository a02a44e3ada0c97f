// How long a frame takes, feature by feature, on one thread, beside a yardstick: the windowed real
// FFT of 2048 points alone, in single precision, by FFTW with a measured plan. Afterwards the
// shares and the complete set on a signal of 180 seconds are printed as Markdown. Times are CPU
// times, so that other programs disturb them less, and every ratio is of times taken by turns in
// one run.
//
//   mer_features_benchmark --benchmark_min_time=0.5

#include <benchmark/benchmark.h>
#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "mer/features/descriptors.hpp"
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

// The windowed real FFT alone.
class Yardstick {
 public:
  Yardstick()
      : in_(fftwf_alloc_real(kWindow)),
        out_(fftwf_alloc_complex(kWindow / 2 + 1)),
        plan_(fftwf_plan_dft_r2c_1d(kWindow, in_, out_, FFTW_MEASURE)),
        window_(mer::make_window(mer::WindowKind::kBlackmanHarris, kWindow).cast<float>()) {}
  Yardstick(const Yardstick&) = delete;
  Yardstick& operator=(const Yardstick&) = delete;
  ~Yardstick() {
    fftwf_destroy_plan(plan_);
    fftwf_free(out_);
    fftwf_free(in_);
  }

  void transform(const float* frame) {
    for (int n = 0; n < kWindow; ++n) in_[n] = window_[n] * frame[n];
    fftwf_execute(plan_);
    benchmark::DoNotOptimize(out_);
    benchmark::ClobberMemory();
  }

 private:
  float* in_;
  fftwf_complex* out_;
  fftwf_plan plan_;
  Eigen::ArrayXf window_;
};

void fft_alone(benchmark::State& state) {
  Yardstick yardstick;
  each_frame(state, [&](const float* frame) { yardstick.transform(frame); });
}
BENCHMARK(fft_alone);

void power_spectrum(benchmark::State& state) {
  mer::PowerSpectrum spectrum((mer::FrameOptions()));
  each_frame(state, [&](const float* frame) {
    benchmark::DoNotOptimize(spectrum.compute(window_of(frame)).data());
  });
}
BENCHMARK(power_spectrum);

// Features of the shared power spectrum: this is made outside the measured time.
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

// Calls work(spectrum) for few frames in turn, whose spectra, made outside the measured
// time, stay in the cache as they do in the extractor.
template <class Work>
void each_frame_spectrum(benchmark::State& state, const Work& work) {
  std::vector<mer::FrameSpectrum> spectra;
  for (std::size_t i = 0; i < 8; ++i) {
    spectra.emplace_back(kWindow).compute(window_of(music().data() + kMargin + i * 10 * kHop));
  }
  std::size_t i = 0;
  each_frame(state, [&](const float*) {
    work(spectra[i]);
    i = (i + 1) % spectra.size();
  });
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

void residual_phase(benchmark::State& state) {
  mer::ResidualPhase phase(mer::ResidualPhaseOptions(), kWindow);
  mer::SinglePowerSpectrum spectrum((mer::FrameOptions()));
  mer::MelFilterBank mel(mer::MelOptions(), kWindow, kRateHz);
  mer::Mfcc mfcc(mer::MfccOptions(), mel.num_bands());
  Eigen::ArrayXf db(mel.num_bands());
  const std::size_t history = static_cast<std::size_t>(phase.history_samples());
  each_frame(state, [&](const float* frame) {
    const Eigen::ArrayXf& signal = phase.compute({frame - history, history + kWindow});
    mer::power_to_db(mel.compute(spectrum.compute({signal.data(), kWindow})), db);
    benchmark::DoNotOptimize(mfcc.compute(db).data());
  });
}
BENCHMARK(residual_phase);

void pitch(benchmark::State& state) {
  mer::PitchTracker pitch(mer::PitchOptions(), kWindow, kRateHz);
  each_frame_spectrum(state, [&](const mer::FrameSpectrum& shared) {
    benchmark::DoNotOptimize(pitch.compute(shared));
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

void digital_silence(benchmark::State& state) {
  const std::vector<float> silence(kHop, 0.0F);
  mer::FeatureExtractor extractor(mer::FeatureOptions(), kRateHz);
  each_frame(state, [&](const float*) {
    extractor.push(silence);
    benchmark::DoNotOptimize(extractor.pull().lld.data());
  });
}
BENCHMARK(digital_silence);

// A segment of ten seconds at a time; the table tells the time a frame.
void descriptors_of_ten_seconds(benchmark::State& state, const mer::DescriptorOptions& options) {
  static const mer::FeatureSet features =
      mer::extract_features(music(), mer::FeatureOptions(), mer::VadOptions(), kRateHz);
  const mer::MusicalDescriptors descriptors(options, mer::FeatureOptions(), kRateHz);
  const std::span<const float> energy_db(features.energy_db.data(),
                                         static_cast<std::size_t>(features.num_frames()));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        descriptors.compute(features.spectrogram, features.lld, energy_db).data());
  }
}
BENCHMARK_CAPTURE(descriptors_of_ten_seconds, all, mer::DescriptorOptions());

void register_descriptor_families() {
  for (const std::string& family : mer::DescriptorOptions().families) {
    mer::DescriptorOptions options;
    options.families = {family};
    benchmark::RegisterBenchmark(("descriptors_of_ten_seconds/" + family).c_str(),
                                 descriptors_of_ten_seconds, options);
  }
}

// Prints as usual and keeps the times.
class KeepingReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.iterations > 0) us_[run.benchmark_name()] = run.GetAdjustedCPUTime() / 1000.0;
    }
    ConsoleReporter::ReportRuns(runs);
  }
  /// Microseconds a frame; 0 for a benchmark that was filtered out.
  double us(const std::string& name) const {
    const auto found = us_.find(name);
    return found == us_.end() ? 0.0 : found->second;
  }

 private:
  std::map<std::string, double> us_;
};

struct Row {
  const char* name;
  const char* what;
  const char* bound;
};
constexpr Row kSet[] = {
    {"power_spectrum", "spectrum shared by all, double precision, and its power",
     "additions and multiplications of one FFT of 2048 points"},
    {"log_mel", "log-mel, 128 bands", "reading and adding up pieces of eight bins"},
    {"mfcc_of_log_mel", "MFCC, 20", "20 · 128 multiplications"},
    {"contrast", "spectral contrast, 7 bands",
     "comparing the candidates for the extremes with each other"},
    {"chroma", "chroma, 12", "reading weights from the second-level cache"},
    {"formants", "formants with bandwidths, voiced frame",
     "sums over the harmonics, eight times; root finding"},
    {"residual_phase", "residual phase with its cepstrum, 20",
     "three FFTs in single precision; 17 · 2048 multiplications in double"},
    {"pitch", "F0 and voicing", "two FFTs in single precision; running sums in double"},
};

void print_shares(const KeepingReporter& times) {
  double sum = 0.0;
  for (const Row& row : kSet) sum += times.us(row.name);
  const double yardstick = times.us("fft_alone");
  if (!(sum > 0.0 && yardstick > 0.0)) return;
  std::printf(
      "\n| feature | µs a frame | share | × FFT alone | bound by |\n|---|---|---|---|---|\n");
  for (const Row& row : kSet) {
    const double us = times.us(row.name);
    std::printf("| %s | %.2f | %.0f %% | %.2f | %s |\n", row.what, us, 100.0 * us / sum,
                us / yardstick, row.bound);
  }
  std::printf("| sum | %.2f | 100 %% | %.2f | |\n", sum, sum / yardstick);
  std::printf("| the FFT alone (FFTW, measured, single precision) | %.2f | | 1 | |\n", yardstick);
  std::printf("| not in the set: chroma with a window of 8192 | %.2f | | %.2f | an FFT of 8192 |\n",
              times.us("chroma_with_window_of_8192"),
              times.us("chroma_with_window_of_8192") / yardstick);
  constexpr double kFramesOfTenSeconds = (10 * kRateHz - kWindow) / kHop + 1;
  std::printf(
      "| not in the set: musical descriptors of 10 s | %.2f | | %.2f | exponentials, percentiles "
      "|\n",
      times.us("descriptors_of_ten_seconds/all") / kFramesOfTenSeconds,
      times.us("descriptors_of_ten_seconds/all") / kFramesOfTenSeconds / yardstick);
  std::printf("| a frame of digital silence | %.2f | | %.2f | copying |\n",
              times.us("digital_silence"), times.us("digital_silence") / yardstick);
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The complete set on 180 s in blocks of ten seconds, each of them beside the FFTs of its frames:
// by such short turns what else the machine does hits both alike.
void print_complete_set() {
  constexpr int kSeconds = 180;
  constexpr int kBlockSeconds = 10;
  constexpr int kRounds = 5;
  std::vector<float> signal;
  for (int i = 0; i < kSeconds / 10; ++i) {
    signal.insert(signal.end(), music().begin(), music().end());
  }
  constexpr std::size_t kBlock = static_cast<std::size_t>(kBlockSeconds) * kRateHz;
  Yardstick yardstick;
  std::vector<double> ratios;
  std::vector<double> complete_us;
  std::vector<double> alone_us;
  std::int64_t num_frames = 0;
  for (int round = 0; round < kRounds; ++round) {
    mer::FeatureExtractor extractor(mer::FeatureOptions(), kRateHz);
    num_frames = 0;
    for (std::size_t at = 0; at + kBlock <= signal.size(); at += kBlock) {
      const double start = cpu_seconds();
      extractor.push({signal.data() + at, kBlock});
      const std::int64_t count = extractor.pull().num_frames();
      const double middle = cpu_seconds();
      const std::size_t first = static_cast<std::size_t>(num_frames) * kHop;
      for (std::int64_t t = 0; t < count; ++t) {
        yardstick.transform(signal.data() + first + static_cast<std::size_t>(t) * kHop);
      }
      const double end = cpu_seconds();
      complete_us.push_back(1e6 * (middle - start) / static_cast<double>(count));
      alone_us.push_back(1e6 * (end - middle) / static_cast<double>(count));
      ratios.push_back((middle - start) / (end - middle));
      num_frames += count;
    }
  }
  std::sort(ratios.begin(), ratios.end());
  const double frame_us = 1e6 * kHop / kRateHz;
  std::printf(
      "\nThe complete set on %d s (%lld frames), one thread, medians of %d turns of %d s:\n"
      "%.1f µs a frame, %.0f × real time; the FFTs alone %.2f µs a frame, %.0f × real time;\n"
      "ratio %.2f (middle half of the turns: %.2f … %.2f)\n",
      kSeconds, static_cast<long long>(num_frames), static_cast<int>(ratios.size()), kBlockSeconds,
      median(complete_us), frame_us / median(complete_us), median(alone_us),
      frame_us / median(alone_us), median(ratios), ratios[ratios.size() / 4],
      ratios[3 * ratios.size() / 4]);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  register_descriptor_families();
  KeepingReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  print_shares(reporter);
  print_complete_set();
  return 0;
}
