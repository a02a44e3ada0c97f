// What decoding and resampling cost beside the features, and what the resampler's quality changes
// in them, as Markdown tables.
//
//   mer_resampler_table                 a minute of synthetic music with noise up to 24 kHz
//   mer_resampler_table FILE…           recordings; for the second table with a rate other than
//                                       44100 Hz
//
// Times are CPU times of the first minute, the least of a few runs; that of resampling is the time
// of reading at 44100 Hz less that of reading at the file's rate. Differences are those to the
// features after resampling with very_high.

#include <sndfile.h>
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
#include <stdexcept>
#include <string>
#include <utility>
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
std::vector<float> make_music() {
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
  return samples;
}

fs::path temporary_file(const std::string& extension) {
  return fs::temp_directory_path() / ("mer_resampler_" + std::to_string(getpid()) + extension);
}

// Stereo, as most MP3s are, at libsndfile's usual quality.
fs::path write_mp3(const std::vector<float>& samples, int rate_hz) {
  const fs::path path = temporary_file("_" + std::to_string(rate_hz) + ".mp3");
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = 2;
  info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  SNDFILE* const file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) throw std::runtime_error("libsndfile can't write MP3 here");
  std::vector<float> stereo;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    stereo.push_back(samples[n]);
    stereo.push_back(n >= 40 ? samples[n - 40] : 0.0F);
  }
  sf_writef_float(file, stereo.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
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
template <class Work>
double least_ms(const Work& work) {
  double least = 1e9;
  for (int run = 0; run < 5; ++run) {
    const std::clock_t start = std::clock();
    work();
    least = std::min(least, 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return least;
}
// Block by block, as songs are read.
double read_ms(const fs::path& path, const mer::AudioOptions& options) {
  std::vector<float> block(1 << 16);
  return least_ms([&] {
    mer::AudioReader reader(path, options);
    while (reader.read(block) > 0) {
    }
  });
}

void print_costs(const std::vector<std::pair<std::string, fs::path>>& files) {
  std::printf(
      "| first minute of | decoding (ms) | resampling (ms) | features (ms) | the former two / "
      "features |\n|---|---|---|---|---|\n");
  for (const auto& [title, path] : files) {
    const int rate_hz = mer::AudioReader(path, mer::AudioOptions()).info().sample_rate_hz;
    const double decoding = read_ms(path, options_for(Resampler::kHigh, rate_hz));
    const double both = read_ms(path, options_for(Resampler::kHigh, kRateHz));
    const std::vector<float> samples =
        mer::read_audio(path, options_for(Resampler::kHigh, kRateHz));
    const double features = least_ms(
        [&] { mer::extract_features(samples, mer::FeatureOptions(), mer::VadOptions(), kRateHz); });
    std::printf("| %s, %d Hz | %.0f | %.0f | %.0f | %.2f |\n", title.c_str(), rate_hz, decoding,
                rate_hz == kRateHz ? 0.0 : both - decoding, features, both / features);
  }
  std::printf("\n");
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
    std::vector<std::pair<std::string, fs::path>> files;
    for (int i = 1; i < argc; ++i) files.emplace_back("file " + std::to_string(i), argv[i]);
    if (!files.empty()) {
      print_costs(files);
      for (const auto& [title, path] : files) print_table(title, path);
      return 0;
    }
    const std::vector<float> music = make_music();
    const fs::path wav = temporary_file(".wav");
    mer::write_audio(wav, music, kFileRateHz);
    files = {{"WAV, mono", wav},
             {"MP3, stereo", write_mp3(music, kFileRateHz)},
             {"MP3, stereo", write_mp3(music, kRateHz)}};
    print_costs(files);
    print_table("synthetic music, 60 s", wav);
    for (const auto& [title, path] : files) fs::remove(path);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
