#include "mer/features/lpc.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernels.hpp"

namespace mer {

void autocorrelation(std::span<const double> samples, std::span<double> lags) {
  for (std::size_t lag = 0; lag < lags.size(); ++lag) {
    double sum = 0.0;
    for (std::size_t n = 0; n + lag < samples.size(); ++n) sum += samples[n] * samples[n + lag];
    lags[lag] = sum;
  }
}

double levinson_durbin(std::span<const double> lags, std::span<double> coefficients) {
  if (lags.empty() || coefficients.size() != lags.size()) {
    throw std::invalid_argument("as many coefficients as lags");
  }
  std::fill(coefficients.begin(), coefficients.end(), 0.0);
  coefficients[0] = 1.0;
  double error = lags[0];
  if (!(error > 0.0)) return 0.0;
  for (std::size_t m = 1; m < lags.size(); ++m) {
    double sum = lags[m];
    for (std::size_t i = 1; i < m; ++i) sum += coefficients[i] * lags[m - i];
    const double reflection = -sum / error;
    for (std::size_t i = 1; i <= m / 2; ++i) {
      const double front = coefficients[i];
      const double back = coefficients[m - i];
      coefficients[i] = front + reflection * back;
      coefficients[m - i] = back + reflection * front;
    }
    coefficients[m] = reflection;
    error *= 1.0 - reflection * reflection;
    // A perfectly predictable signal: more coefficients would only fit rounding errors.
    if (error <= lags[0] * 1e-15) return std::max(error, 0.0);
  }
  return error;
}

Burg::Burg(int order, int num_samples)
    : order_(order),
      forward_(static_cast<std::size_t>(num_samples)),
      backward_(static_cast<std::size_t>(num_samples)),
      coefficients_(static_cast<std::size_t>(order) + 1),
      previous_(static_cast<std::size_t>(order) + 1) {
  if (order < 1 || num_samples <= order) {
    throw std::invalid_argument("Burg's method needs more samples than its order");
  }
}

std::span<const double> Burg::compute(std::span<const double> samples) {
  if (samples.size() != forward_.size()) {
    throw std::invalid_argument("Burg was set up for another number of samples");
  }
  std::copy(samples.begin(), samples.end(), forward_.begin());
  std::copy(samples.begin(), samples.end(), backward_.begin());
  std::fill(coefficients_.begin(), coefficients_.end(), 0.0);
  coefficients_[0] = 1.0;
  const std::size_t count = samples.size();
  double first_denominator = 0.0;
  for (std::size_t m = 1; m <= static_cast<std::size_t>(order_); ++m) {
    double numerator = 0.0;
    double denominator = 0.0;
    for (std::size_t n = m; n < count; ++n) {
      numerator += forward_[n] * backward_[n - 1];
      denominator += forward_[n] * forward_[n] + backward_[n - 1] * backward_[n - 1];
    }
    if (m == 1) first_denominator = denominator;
    if (denominator <= first_denominator * 1e-15) break;  // silent, or perfectly predicted
    const double reflection = -2.0 * numerator / denominator;
    previous_ = coefficients_;
    for (std::size_t i = 1; i <= m; ++i) {
      coefficients_[i] = previous_[i] + reflection * previous_[m - i];
    }
    for (std::size_t n = count - 1; n >= m; --n) {
      const double front = forward_[n];
      const double back = backward_[n - 1];
      forward_[n] = front + reflection * back;
      backward_[n] = back + reflection * front;
    }
  }
  return coefficients_;
}

}  // namespace mer
