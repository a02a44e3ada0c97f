#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numbers>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../support/resonators.hpp"

// What the tests of this room share: the independent reference values and simple signals.
namespace mer::test {

inline std::string read_bytes(const std::string& name) {
  std::ifstream file(std::string(MER_FIXTURES) + "/reference/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no fixture " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A .npy file of little-endian float32 or float64, of two dimensions or one (a column).
inline Eigen::MatrixXd read_npy(const std::string& name) {
  const std::string bytes = read_bytes(name + ".npy");
  std::uint16_t header_size = 0;
  std::memcpy(&header_size, bytes.data() + 8, 2);
  const std::string header = bytes.substr(10, header_size);
  const bool is_double = header.find("'<f8'") != std::string::npos;
  const std::size_t shape = header.find("'shape': (") + 10;
  const Eigen::Index rows = std::stol(header.substr(shape));
  const Eigen::Index cols =
      std::max(1L, std::strtol(header.c_str() + header.find(',', shape) + 1, nullptr, 10));
  Eigen::MatrixXd matrix(rows, cols);
  const char* data = bytes.data() + 10 + header_size;
  for (Eigen::Index i = 0; i < rows * cols; ++i) {
    float single = 0.0F;
    double value = 0.0;
    if (is_double) {
      std::memcpy(&value, data + 8 * i, 8);
    } else {
      std::memcpy(&single, data + 4 * i, 4);
      value = single;
    }
    matrix(i / cols, i % cols) = value;
  }
  return matrix;
}

/// signal.wav: its header is the plain 44 bytes.
inline std::vector<float> reference_signal() {
  const std::string bytes = read_bytes("signal.wav");
  std::vector<float> samples((bytes.size() - 44) / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    std::int16_t value = 0;
    std::memcpy(&value, bytes.data() + 44 + 2 * i, 2);
    samples[i] = static_cast<float>(value) / 32768.0F;
  }
  return samples;
}

inline constexpr int kReferenceFrames[] = {4, 12, 25, 40, 50, 70};
inline constexpr int kRate = 44100;

/// `amplitude` · sin(2π f t) with partials of 1/k as far as they lie below 90 % of half the rate.
inline std::vector<float> tone(double frequency_hz, int num_partials, std::size_t num_samples,
                               double amplitude = 0.3, int rate_hz = kRate, double phase = 0.0) {
  std::vector<float> samples(num_samples);
  for (std::size_t n = 0; n < num_samples; ++n) {
    double sum = 0.0;
    for (int k = 1; k <= num_partials && k * frequency_hz < 0.45 * rate_hz; ++k) {
      sum += std::sin(2.0 * std::numbers::pi * k * frequency_hz * static_cast<double>(n) / rate_hz +
                      phase * k * k) /
             k;
    }
    samples[n] = static_cast<float>(amplitude * sum);
  }
  return samples;
}

inline std::vector<float> noise(std::size_t num_samples, double deviation, unsigned seed = 1) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(0.0, deviation);
  std::vector<float> samples(num_samples);
  for (float& x : samples) x = static_cast<float>(normal(engine));
  return samples;
}

/// Pulses of one sample every rate / pitch samples (placed to the nearest sample) through
/// resonators.
inline std::vector<float> vowel(double pitch_hz, std::span<const Resonance> resonances,
                                std::size_t num_samples, int rate_hz = kRate) {
  std::vector<float> source(num_samples, 0.0F);
  double phase = 0.0;
  for (float& x : source) {
    phase += pitch_hz / rate_hz;
    if (phase >= 1.0) {
      phase -= 1.0;
      x = 1.0F;
    }
  }
  return resonate(source, resonances, rate_hz);
}

}  // namespace mer::test
