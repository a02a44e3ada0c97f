#include "all_pole.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <stdexcept>

#include "mer/features/lpc.hpp"
#include "mer/signal/kernels.hpp"

namespace mer {
namespace {

// Measured on synthetic vowels: eight steps of 0.8 bring F1–F3 within 1 Hz (median) of where more
// steps would take them; a full step can overshoot.
constexpr int kSteps = 8;
constexpr double kStep = 0.8;
// Added to |A|² of a model normalized to a mean power of one; its smallest value is about one over
// the number of lines.
constexpr double kLeastSquare = 1e-12;

// In whole vectors of the kernels: what lies behind is 0.
int whole(int count) { return (count + 7) / 8 * 8; }
std::size_t size(int count) { return static_cast<std::size_t>(count); }

// The inverse of a Toeplitz matrix from its predictor a and that one's error (Gohberg & Semencul
// 1972), rows `stride` apart: B[i][j] = B[i−1][j−1] + (a[i] a[j] − a[p+1−i] a[p+1−j]) / error,
// B[0][j] = a[j] / error.
void invert_toeplitz(const double* a, double error, int order, int stride, double* inverse) {
  const int count = order + 1;
  const double scale = 1.0 / error;
  for (int j = 0; j < count; ++j) inverse[j] = inverse[j * stride] = a[j] * scale;
  for (int i = 1; i < count; ++i) {
    for (int j = i; j < count; ++j) {
      const double value =
          inverse[(i - 1) * stride + j - 1] + (a[i] * a[j] - a[count - i] * a[count - j]) * scale;
      inverse[i * stride + j] = value;
      inverse[j * stride + i] = value;
    }
  }
}

}  // namespace

SpectrumAutocorrelation::SpectrumAutocorrelation(int num_bins, int num_lags)
    : num_bins_(num_bins), num_lags_(num_lags), power_(size(num_bins)) {
  if (num_bins < 2 || num_lags < 1) throw std::invalid_argument("at least two bins and a lag");
  for (int lag = 0; lag < num_lags; ++lag) {
    for (int bin = 0; bin < num_bins; ++bin) {
      const double weight = bin == 0 || bin == num_bins - 1 ? 0.5 : 1.0;
      cosines_.push_back(weight * std::cos(std::numbers::pi * lag * bin / (num_bins - 1)));
    }
  }
}

void SpectrumAutocorrelation::compute(const float* power, double* lags) const {
  std::copy_n(power, num_bins_, power_.begin());
  kernels::products(cosines_.data(), num_bins_, power_.data(), num_lags_, num_bins_, lags);
}

DiscreteAllPole::DiscreteAllPole(int order, int max_lines)
    : order_(order),
      stride_(whole(order + 1)),
      waves_(2 * size(stride_) * size(whole(max_lines))),
      power_(size(whole(max_lines))),
      inverse_filter_(2 * power_.size()),
      lags_(size(stride_)),
      inverse_(lags_.size() * lags_.size()),
      response_(lags_.size()),
      step_(lags_.size()),
      model_(lags_.size()),
      coefficients_(size(order + 1)) {
  if (order < 1 || order > kernels::kMaxRoots) throw std::invalid_argument("an order in 1…32");
}

std::span<const double> DiscreteAllPole::compute(const Eigen::Ref<const Eigen::ArrayXd>& power,
                                                 const Eigen::Ref<const Eigen::ArrayXd>& cosine,
                                                 const Eigen::Ref<const Eigen::ArrayXd>& sine) {
  const int num_lines = static_cast<int>(power.size());
  const int count = order_ + 1;
  const int padded = whole(num_lines);
  const int width = 2 * padded;
  if (size(width) > inverse_filter_.size()) throw std::logic_error("more lines than announced");
  if (num_lines < order_ + 2) return {};
  const double total = power.sum();
  if (!(total > 0.0)) return {};

  // cos(ωn) and sin(ωn) for all orders, by cos(n + 1)ω = 2 cos ω cos nω − cos(n − 1)ω.
  using Waves = Eigen::Map<Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic>>;
  Waves waves(waves_.data(), width, count);
  waves.leftCols(2).setZero();
  waves.col(0).head(num_lines).setOnes();
  waves.col(1).head(num_lines) = cosine;
  waves.col(1).segment(padded, num_lines) = sine;
  for (int n = 2; n < count; ++n) {
    for (int first = 0; first < width; first += padded) {
      waves.col(n).segment(first, padded) =
          2.0 * waves.col(1).head(padded) * waves.col(n - 1).segment(first, padded) -
          waves.col(n - 2).segment(first, padded);
    }
  }
  std::copy_n(power.data(), num_lines, power_.begin());
  std::fill(power_.begin() + num_lines, power_.begin() + padded, 0.0);

  // The lines' autocorrelation, normalized to r[0] = 1.
  kernels::products(waves.data(), width, power_.data(), count, padded, lags_.data());
  for (double& lag : lags_) lag /= total;
  lags_[0] += kSpectrumFloor;
  const double error = levinson_durbin({lags_.data(), size(count)}, coefficients_);
  if (!(error > 0.0)) return {};
  invert_toeplitz(coefficients_.data(), error, order_, stride_, inverse_.data());

  const double gain = 1.0 / std::sqrt(error);
  for (int i = 0; i < count; ++i) model_[size(i)] = gain * coefficients_[size(i)];
  double* const real = inverse_filter_.data();
  double* const imag = real + padded;
  for (int step = 0; step < kSteps; ++step) {
    // A = x − iy, so 1/A = (x + iy) / |A|².
    kernels::weighted_sum(waves.data(), width, model_.data(), count, width, real);
    for (int k = 0; k < padded; ++k) {
      const double scale = 1.0 / (real[k] * real[k] + imag[k] * imag[k] + kLeastSquare);
      real[k] *= scale;
      imag[k] *= scale;
    }
    kernels::products(waves.data(), width, real, count, width, response_.data());
    kernels::weighted_sum(inverse_.data(), stride_, response_.data(), count, stride_, step_.data());
    for (int i = 0; i < count; ++i) {
      model_[size(i)] += kStep * (step_[size(i)] / num_lines - model_[size(i)]);
    }
  }
  const double first = model_[0];
  for (int i = 0; i < count; ++i) {
    const double a = model_[size(i)];
    if (!std::isfinite(a) || !(std::abs(a) <= 1e6 * std::abs(first))) return coefficients_;
  }
  for (int i = 0; i < count; ++i) coefficients_[size(i)] = model_[size(i)] / first;
  return coefficients_;
}

namespace {

// Guesses that come in conjugate pairs stay in pairs, so that two real roots are never reached from
// a pair, nor a pair from two real guesses, until rounding has driven them apart. Turning each by
// another small angle does that at once.
void break_symmetry(int order, double* real, double* imag) {
  for (int i = 0; i < order; ++i) {
    const std::complex<double> turned =
        std::complex<double>(real[i], imag[i]) * std::polar(1.0, 0.03 * (1.0 + 0.3 * i));
    real[i] = turned.real();
    imag[i] = turned.imag();
  }
}

}  // namespace

bool aberth_roots(std::span<const double> coefficients, std::span<std::complex<double>> roots) {
  constexpr int kMaxRounds = 60;
  constexpr int kFirstTurn = 4;  // good guesses have arrived by then
  constexpr int kTurnEvery = 12;
  const int order = static_cast<int>(roots.size());
  if (order > kernels::kMaxRoots) return false;
  double real[kernels::kMaxRoots] = {};
  double imag[kernels::kMaxRoots] = {};
  for (int i = 0; i < order; ++i) {
    real[i] = roots[size(i)].real();
    imag[i] = roots[size(i)].imag();
  }
  for (int round = 0; round < kMaxRounds; ++round) {
    if (round % kTurnEvery == kFirstTurn) break_symmetry(order, real, imag);
    const double largest = kernels::aberth_round(coefficients.data(), order, real, imag);
    if (!std::isfinite(largest)) return false;
    // The iteration converges cubically: after a move of 3e-4 the next one would be near 1e-10.
    if (largest > 1e-7) continue;
    for (int i = 0; i < order; ++i) roots[size(i)] = {real[i], imag[i]};
    return true;
  }
  return false;
}

}  // namespace mer
