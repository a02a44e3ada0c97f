#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "mer/metrics/calibration.hpp"

// What fits of temperatures and of ensembles' weights share.

namespace mer {

inline double log_of(double probability) {
  return std::log(std::max(probability, kSmallestProbability));
}

inline ProbabilityRows logarithms(const ProbabilityRows& probabilities) {
  ProbabilityRows logs = probabilities;
  for (auto& row : logs) {
    for (double& value : row) value = log_of(value);
  }
  return logs;
}

/// exp(values) over their sum, in place.
inline void softmax(std::vector<double>& values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
}

/// Where a convex function is smallest between two bounds, by the sign of its slope; `otherwise`
/// where it is flat.
template <class Slope>
double minimize(double low, double high, double otherwise, const Slope& slope) {
  constexpr int kBisections = 60;
  const double slope_at_low = slope(low);
  const double slope_at_high = slope(high);
  if (slope_at_low >= 0.0 && slope_at_high <= 0.0) return otherwise;
  if (slope_at_low >= 0.0) return low;
  if (slope_at_high <= 0.0) return high;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2.0;
    (slope(middle) < 0.0 ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

/// The mean over items of  Σ_c q_c d_c − d_y,  where q = softmax(scores) and d the direction in
/// which the scores move: the slope of the mean negative log-likelihood.
class NllSlope {
 public:
  explicit NllSlope(std::size_t num_items) : num_items_(static_cast<double>(num_items)) {}

  void add(std::vector<double>& scores, std::span<const double> direction, int truth) {
    softmax(scores);
    for (std::size_t c = 0; c < scores.size(); ++c) sum_ += scores[c] * direction[c];
    sum_ -= direction[static_cast<std::size_t>(truth)];
  }
  /// Sums of rounding errors are no slope.
  double value() const {
    constexpr double kFlat = 1e-13;
    const double mean = sum_ / num_items_;
    return std::abs(mean) < kFlat ? 0.0 : mean;
  }

 private:
  double num_items_;
  double sum_ = 0.0;
};

}  // namespace mer
