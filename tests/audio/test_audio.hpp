#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>
#include <unistd.h>

#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/scratch_folder.hpp"

namespace mer {

/// A folder of its own for each test, gone afterwards.
class AudioTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  /// Writes interleaved samples in one of libsndfile's formats.
  std::filesystem::path write(const std::string& name, int format, int rate_hz, int channels,
                              const std::vector<float>& interleaved) const {
    SF_INFO info{};
    info.samplerate = rate_hz;
    info.channels = channels;
    info.format = format;
    SNDFILE* file = sf_open(path(name).c_str(), SFM_WRITE, &info);
    if (file == nullptr) throw std::runtime_error(name + ": " + sf_strerror(nullptr));
    const int subtype = format & SF_FORMAT_SUBMASK;
    if (subtype >= SF_FORMAT_PCM_S8 && subtype <= SF_FORMAT_PCM_32) {
      // As integers: libsndfile writes floats with 32767 steps to 1, and reads with 32768.
      std::vector<int> steps;
      for (const float value : interleaved) steps.push_back(static_cast<int>(value * 2147483648.0));
      sf_write_int(file, steps.data(), static_cast<sf_count_t>(steps.size()));
    } else {
      sf_write_float(file, interleaved.data(), static_cast<sf_count_t>(interleaved.size()));
    }
    sf_close(file);
    return path(name);
  }

  std::filesystem::path write_bytes(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }

  std::string bytes_of(const std::filesystem::path& file) const {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  ScratchFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

constexpr int kWavFloat = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
constexpr int kWav16 = SF_FORMAT_WAV | SF_FORMAT_PCM_16;

inline std::vector<float> sine(double frequency_hz, double amplitude, int rate_hz,
                               std::size_t num_samples) {
  std::vector<float> samples(num_samples);
  for (std::size_t i = 0; i < num_samples; ++i) {
    samples[i] = static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * frequency_hz *
                                                         static_cast<double>(i) / rate_hz));
  }
  return samples;
}

/// The amplitude of one frequency in the middle half of `samples` (Hann-windowed DFT at that
/// point).
inline double amplitude_at(std::span<const float> samples, double frequency_hz, int rate_hz) {
  const std::span<const float> middle = samples.subspan(samples.size() / 4, samples.size() / 2);
  std::complex<double> sum;
  double weights = 0.0;
  for (std::size_t i = 0; i < middle.size(); ++i) {
    const double x = static_cast<double>(i) / static_cast<double>(middle.size());
    const double weight = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * x);
    sum += weight * middle[i] *
           std::polar(1.0, -2 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate_hz);
    weights += weight;
  }
  return 2.0 * std::abs(sum) / weights;
}

/// The whole file at its own rate.
inline AudioOptions whole_file(int rate_hz) {
  AudioOptions options;
  options.sample_rate_hz = rate_hz;
  options.duration_s = 0.0;
  return options;
}

/// The message and hint of the InputError that `action` throws; fails the test when there is none.
inline std::string input_error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  ADD_FAILURE() << "no InputError";
  return "";
}

}  // namespace mer
