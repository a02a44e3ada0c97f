#include "kernels.hpp"

#include <algorithm>

namespace mer::kernels {

MER_MULTIVERSION
float dot(const float* a, const float* b, int count) {
  constexpr int kLanes = 16;
  float lanes[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  float tail = 0.0F;
  for (; i < count; ++i) tail += a[i] * b[i];
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0] + tail;
}

MER_MULTIVERSION
double energy(const float* samples, int count) {
  constexpr int kLanes = 8;
  double lanes[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const double x = samples[i + lane];
      lanes[lane] += x * x;
    }
  }
  double sum = 0.0;
  for (; i < count; ++i) {
    const double x = samples[i];
    sum += x * x;
  }
  for (const double lane : lanes) sum += lane;
  return sum;
}

namespace {

constexpr int kLagBlock = 8;

}  // namespace

MER_MULTIVERSION
void autocorrelation(const double* samples, int count, double* lags, int num_lags) {
  // Eight lags at a time stay in registers; each lag's sum runs in sample order.
  for (int first = 0; first < num_lags; first += kLagBlock) {
    double even[kLagBlock] = {};
    double odd[kLagBlock] = {};
    int n = 0;
    for (; n + 2 <= count; n += 2) {
      const double x0 = samples[n];
      const double x1 = samples[n + 1];
      const double* y = samples + n + first;
      for (int k = 0; k < kLagBlock; ++k) even[k] += x0 * y[k];
      for (int k = 0; k < kLagBlock; ++k) odd[k] += x1 * y[k + 1];
    }
    for (; n < count; ++n) {
      const double* y = samples + n + first;
      for (int k = 0; k < kLagBlock; ++k) even[k] += samples[n] * y[k];
    }
    const int used = std::min(kLagBlock, num_lags - first);
    for (int k = 0; k < used; ++k) lags[first + k] = even[k] + odd[k];
  }
}

MER_MULTIVERSION
void prediction_error(const double* samples, int count, const double* coefficients, int order,
                      float* out) {
  constexpr int kLanes = 16;
  int n = 0;
  for (; n + kLanes <= count; n += kLanes) {
    double lanes[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = samples[n + lane];
    for (int i = 1; i <= order; ++i) {
      const double a = coefficients[i];
      const double* x = samples + n - i;
      for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += a * x[lane];
    }
    for (int lane = 0; lane < kLanes; ++lane) out[n + lane] = static_cast<float>(lanes[lane]);
  }
  for (; n < count; ++n) {
    double sum = samples[n];
    for (int i = 1; i <= order; ++i) sum += coefficients[i] * samples[n - i];
    out[n] = static_cast<float>(sum);
  }
}

}  // namespace mer::kernels
