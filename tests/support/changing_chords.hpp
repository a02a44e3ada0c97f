#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "mer/core/random.hpp"

namespace mer::test {

inline constexpr int kChordsRateHz = 44100;

/// Chords of three notes with overtones, another every 0.4 s: music enough for a fingerprint.
inline std::vector<float> changing_chords(std::uint64_t seed, double seconds) {
  std::mt19937_64 rng(seed);
  std::vector<float> samples(static_cast<std::size_t>(seconds * kChordsRateHz));
  const std::size_t chord = kChordsRateHz * 2 / 5;
  for (std::size_t begin = 0; begin < samples.size(); begin += chord) {
    for (int note = 0; note < 3; ++note) {
      const double pitch = 45.0 + static_cast<double>(uniform_index(rng, 36));
      const double hz = 440.0 * std::exp2((pitch - 69.0) / 12.0);
      for (std::size_t i = begin; i < std::min(samples.size(), begin + chord); ++i) {
        const double phase = 2.0 * std::numbers::pi * hz * static_cast<double>(i) / kChordsRateHz;
        samples[i] += static_cast<float>(0.1 * std::sin(phase) + 0.05 * std::sin(2.0 * phase));
      }
    }
  }
  return samples;
}

}  // namespace mer::test
