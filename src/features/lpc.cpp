#include "mer/features/lpc.hpp"

#include <algorithm>
#include <stdexcept>

namespace mer {
namespace {

constexpr std::size_t kMaxOrder = 128;

}  // namespace

void autocorrelation(std::span<const double> samples, std::span<double> lags) {
  for (std::size_t lag = 0; lag < lags.size(); ++lag) {
    double sum = 0.0;
    for (std::size_t n = 0; n + lag < samples.size(); ++n) sum += samples[n] * samples[n + lag];
    lags[lag] = sum;
  }
}

double levinson_durbin(std::span<const double> lags, std::span<double> coefficients) {
  if (lags.empty() || coefficients.size() != lags.size() || lags.size() > kMaxOrder + 1) {
    throw std::invalid_argument("as many coefficients as lags, at most 129");
  }
  std::fill(coefficients.begin(), coefficients.end(), 0.0);
  coefficients[0] = 1.0;
  double error = lags[0];
  if (!(error > 0.0)) return 0.0;
  // Schur's recursion gives the reflections without scalar products, whose additions would wait for
  // each other: with u and v starting as r[1] … and r[0] …, k = −u[0] / v[0]; then u ← u + k v less
  // its first value, v ← v + k u. Beside it the predictor grows: a ← a + k b, b its mirror image.
  const std::size_t order = lags.size() - 1;
  double u[kMaxOrder];
  double v[kMaxOrder];
  double a[kMaxOrder];
  double b[kMaxOrder + 1];
  for (std::size_t i = 0; i < order; ++i) {
    u[i] = lags[i + 1];
    v[i] = lags[i];
    a[i] = b[i] = 0.0;
  }
  b[0] = 1.0;
  for (std::size_t m = 0; m < order; ++m) {
    const double reflection = -u[0] / v[0];
    for (std::size_t i = 0; i < order - m; ++i) {
      const double old = u[i];
      u[i] = old + reflection * v[i];
      v[i] += reflection * old;
    }
    std::move(u + 1, u + (order - m), u);
    for (std::size_t i = 0; i <= m; ++i) {
      const double old = a[i];
      a[i] = old + reflection * b[i];
      b[i] += reflection * old;
    }
    std::move_backward(b, b + m + 1, b + m + 2);
    b[0] = reflection;
    error = v[0];
    // A perfectly predictable signal: more coefficients would only fit rounding errors.
    if (error <= lags[0] * 1e-15) break;
  }
  std::copy_n(a, order, coefficients.begin() + 1);
  return std::max(error, 0.0);
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
  const int count = static_cast<int>(samples.size());
  double first_energy = 0.0;
  for (int m = 1; m <= order_; ++m) {
    // The backward error of sample n at order m lies at n − m, so that it never has to be shifted.
    double* const forward = forward_.data() + m;
    double* const backward = backward_.data();
    double product = 0.0;
    double energy = 0.0;
    for (int n = 0; n < count - m; ++n) {
      product += forward[n] * backward[n];
      energy += forward[n] * forward[n] + backward[n] * backward[n];
    }
    if (m == 1) first_energy = energy;
    if (energy <= first_energy * 1e-15) break;  // silent, or perfectly predicted
    const double reflection = -2.0 * product / energy;
    previous_ = coefficients_;
    for (int i = 1; i <= m; ++i) {
      coefficients_[static_cast<std::size_t>(i)] =
          previous_[static_cast<std::size_t>(i)] +
          reflection * previous_[static_cast<std::size_t>(m - i)];
    }
    for (int n = 0; n < count - m; ++n) {
      const double front = forward[n];
      const double back = backward[n];
      forward[n] = front + reflection * back;
      backward[n] = back + reflection * front;
    }
  }
  return coefficients_;
}

}  // namespace mer
