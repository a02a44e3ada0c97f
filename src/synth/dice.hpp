#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>

#include "mer/core/random.hpp"

namespace mer {

/// Random decisions of a composer.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : rng_(seed) {}

  double uniform() { return uniform_real(rng_); }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal() { return normal_real(rng_); }
  bool chance(double probability) { return uniform() < probability; }
  int below(int bound) {
    return static_cast<int>(uniform_index(rng_, static_cast<std::uint64_t>(bound)));
  }
  int between(int low, int high) { return low + below(high - low + 1); }

  /// An index, as likely as its weight (≥ 0, not all 0).
  std::size_t weighted(std::span<const double> weights) {
    double total = 0.0;
    for (const double weight : weights) total += weight;
    double left = uniform() * total;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      left -= weights[i];
      if (left < 0.0) return i;
    }
    return weights.size() - 1;
  }
  std::size_t weighted(std::initializer_list<double> weights) {
    return weighted(std::span<const double>(weights.begin(), weights.size()));
  }

 private:
  std::mt19937_64 rng_;
};

/// 0…1 from a trait; 0.5 at `middle`.
inline double logistic(double x, double middle = 0.0) { return 1.0 / (1.0 + std::exp(middle - x)); }

}  // namespace mer
