#include "platt.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace mer {
namespace {

constexpr int kMostSteps = 100;
constexpr double kSmallestStep = 1e-10;
constexpr double kRidge = 1e-12;  // keeps the Hessian invertible
constexpr double kGradientGoal = 1e-5;

/// Negative log-likelihood and its derivatives at (a, b), without overflow.
struct Likelihood {
  double value = 0.0;
  double gradient_a = 0.0, gradient_b = 0.0;
  double aa = kRidge, bb = kRidge, ab = 0.0;

  Likelihood(std::span<const double> values, std::span<const double> targets, double a, double b) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double f = a * values[i] + b;
      value += f >= 0.0 ? targets[i] * f + std::log1p(std::exp(-f))
                        : (targets[i] - 1.0) * f + std::log1p(std::exp(f));
      const double e = std::exp(-std::abs(f));
      const double p = f >= 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
      const double weight = e / ((1.0 + e) * (1.0 + e));
      const double error = targets[i] - p;
      gradient_a += values[i] * error;
      gradient_b += error;
      aa += values[i] * values[i] * weight;
      ab += values[i] * weight;
      bb += weight;
    }
  }
};

}  // namespace

Platt Platt::fit(std::span<const double> values, std::span<const std::uint8_t> positive) {
  const auto num_positive = static_cast<double>(std::count(positive.begin(), positive.end(), 1));
  const double num_negative = static_cast<double>(positive.size()) - num_positive;
  std::vector<double> targets;
  for (const std::uint8_t is_positive : positive) {
    targets.push_back(is_positive != 0 ? (num_positive + 1.0) / (num_positive + 2.0)
                                       : 1.0 / (num_negative + 2.0));
  }
  Platt best{0.0, std::log((num_negative + 1.0) / (num_positive + 1.0))};
  for (int step = 0; step < kMostSteps; ++step) {
    const Likelihood at(values, targets, best.a, best.b);
    if (std::abs(at.gradient_a) < kGradientGoal && std::abs(at.gradient_b) < kGradientGoal) break;
    const double determinant = at.aa * at.bb - at.ab * at.ab;
    const double da = -(at.bb * at.gradient_a - at.ab * at.gradient_b) / determinant;
    const double db = -(at.aa * at.gradient_b - at.ab * at.gradient_a) / determinant;
    const double slope = at.gradient_a * da + at.gradient_b * db;
    double length = 1.0;
    for (; length >= kSmallestStep; length /= 2.0) {
      const Platt next{best.a + length * da, best.b + length * db};
      if (Likelihood(values, targets, next.a, next.b).value < at.value + 1e-4 * length * slope) {
        best = next;
        break;
      }
    }
    if (length < kSmallestStep) break;
  }
  return best;
}

double Platt::probability(double value) const {
  const double f = a * value + b;
  return f >= 0.0 ? std::exp(-f) / (1.0 + std::exp(-f)) : 1.0 / (1.0 + std::exp(f));
}

}  // namespace mer
