// What the resampler's quality costs and what it changes in the features, as a Markdown table.
//
//   mer_resampler_table                 a minute of synthetic music with noise up to 24 kHz
//   mer_resampler_table FILE…           recordings whose rate is not 44100 Hz
//
// Time is the CPU time of resampling a minute from 48 to 44.1 kHz (that of reading the file is
// taken off); the differences are those to the features after resampling with very_high.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "mer/audio/audio_reader.hpp"
#include "mer/features/feature_extractor.hpp"

namespace {

namespace fs = std::filesystem;
using Resampler = mer::AudioOptions::Resampler;

constexpr int kFileRateHz = 48000;
constexpr int kRateHz = 44100;

struct Quality {
  const char* name;
  Resampler resampler;
};
constexpr std::array<Quality, 4> kQualities{{{"low", Resampler::kLow},
                                             {"medium", Resampler::kMedium},
                                             {"high", Resampler::kHigh},
                                             {"very_high", Resampler::kVeryHigh}}};

// A minute of notes with partials up to 20 kHz, one every quarter of a second, in noise as loud as
// 60 dB below full scale.
fs::path write_music() {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> hiss(0.0, 1e-3);
  std::vector<float> samples(60 * kFileRateHz);
  const std::size_t note_samples = kFileRateHz / 4;
  for (std::size_t start = 0; start < samples.size(); start += note_samples) {
    const double hz = 110.0 * std::exp2(static_cast<double>(engine() % 36) / 12.0);
    for (int k = 1; k * hz < 20000.0; ++k) {
      const double step = 2.0 * std::numbers::pi * k * hz / kFileRateHz;
      for (std::size_t n = 0; n < note_samples; ++n) {
        const double t = static_cast<double>(n) / kFileRateHz;
        samples[start + n] += static_cast<float>(0.15 / k * std::exp(-4.0 * t) *
                                                 std::sin(step * static_cast<double>(n)));
      }
    }
  }
  for (float& x : samples) x += static_cast<float>(hiss(engine));
  const fs::path path =
      fs::temp_directory_path() / ("mer_resampler_" + std::to_string(getpid()) + ".wav");
  mer::write_audio(path, samples, kFileRateHz);
  return path;
}

mer::AudioOptions options_for(Resampler resampler, int rate_hz) {
  mer::AudioOptions options;
  options.sample_rate_hz = rate_hz;
  options.duration_s = 60.0;
  options.resampler = resampler;
  return options;
}

// The least CPU time of a few runs, in milliseconds.
double read_ms(const fs::path& path, const mer::AudioOptions& options) {
  double least = 1e9;
  for (int run = 0; run < 5; ++run) {
    const std::clock_t start = std::clock();
    mer::read_audio(path, options);
    least = std::min(least, 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return least;
}

mer::FeatureSet features_of(const fs::path& path, Resampler resampler) {
  const std::vector<float> samples = mer::read_audio(path, options_for(resampler, kRateHz));
  return mer::extract_features(samples, mer::FeatureOptions(), mer::VadOptions(), kRateHz);
}

double rms(const Eigen::Ref<const Eigen::ArrayXXf>& difference) {
  return std::sqrt(difference.cast<double>().square().mean());
}

void print_table(const std::string& title, const fs::path& path) {
  const int file_rate_hz = mer::AudioReader(path, mer::AudioOptions()).info().sample_rate_hz;
  const double reading_ms = read_ms(path, options_for(Resampler::kHigh, file_rate_hz));
  const mer::FeatureSet best = features_of(path, Resampler::kVeryHigh);
  std::printf(
      "| %s, %d Hz | resampling (ms) | log-mel below 16 kHz: RMS (dB) | all bands: RMS | largest | "
      "MFCC: RMS (dB) | largest | contrast: RMS (dB) | chroma: RMS |\n"
      "|---|---|---|---|---|---|---|---|---|\n",
      title.c_str(), file_rate_hz);
  for (const Quality& quality : kQualities) {
    const double ms = read_ms(path, options_for(quality.resampler, kRateHz)) - reading_ms;
    const mer::FeatureSet set = features_of(path, quality.resampler);
    const Eigen::ArrayXXf mel = (set.spectrogram - best.spectrogram).array();
    const Eigen::ArrayXXf lld = (set.lld - best.lld).array();
    // Slaney's band 116 of 128 ends at 16.3 kHz, where most MP3s end too.
    std::printf("| %s | %.1f | %.4f | %.4f | %.1f | %.4f | %.2f | %.4f | %.5f |\n", quality.name,
                ms, rms(mel.leftCols(116)), rms(mel), static_cast<double>(mel.abs().maxCoeff()),
                rms(lld.leftCols(20)), static_cast<double>(lld.leftCols(20).abs().maxCoeff()),
                rms(lld.middleCols(48, 7)), rms(lld.rightCols(12)));
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 1) {
      for (int i = 1; i < argc; ++i) print_table("file " + std::to_string(i), argv[i]);
      return 0;
    }
    const fs::path path = write_music();
    print_table("synthetic music, 60 s", path);
    fs::remove(path);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
