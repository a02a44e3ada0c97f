#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace mer::test {

struct Resonance {
  double frequency_hz;
  double bandwidth_hz;
};

/// The signal through two-pole resonators in series, scaled to a peak of 0.5.
inline std::vector<float> resonate(std::vector<double> signal,
                                   std::span<const Resonance> resonances, int rate_hz = 44100) {
  for (const Resonance& resonance : resonances) {
    const double radius = std::exp(-std::numbers::pi * resonance.bandwidth_hz / rate_hz);
    const double a1 =
        -2.0 * radius * std::cos(2.0 * std::numbers::pi * resonance.frequency_hz / rate_hz);
    const double a2 = radius * radius;
    double y1 = 0.0;
    double y2 = 0.0;
    for (double& x : signal) {
      const double y = (1.0 + a1 + a2) * x - a1 * y1 - a2 * y2;
      y2 = y1;
      y1 = y;
      x = y;
    }
  }
  double largest = 1e-12;
  for (const double x : signal) largest = std::max(largest, std::abs(x));
  std::vector<float> samples(signal.size());
  for (std::size_t n = 0; n < samples.size(); ++n) {
    samples[n] = static_cast<float>(0.5 * signal[n] / largest);
  }
  return samples;
}
inline std::vector<float> resonate(const std::vector<float>& source,
                                   std::span<const Resonance> resonances, int rate_hz = 44100) {
  return resonate(std::vector<double>(source.begin(), source.end()), resonances, rate_hz);
}

}  // namespace mer::test
