#include "all_pole.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <stdexcept>

#include "kernels/kernels.hpp"
#include "mer/features/lpc.hpp"

namespace mer {
namespace {

constexpr int kMaxLags = 48;  // room for order + 2, in whole vectors
// Measured on synthetic vowels: eight steps of 0.8 bring F1–F3 within 1 Hz (median) of where more
// steps would take them; a full step can overshoot.
constexpr int kSteps = 8;
constexpr double kStep = 0.8;
std::size_t size(int count) { return static_cast<std::size_t>(count); }

// The inverse of a Toeplitz matrix from its predictor a and that one's error (Gohberg & Semencul
// 1972): B[i][j] = B[i−1][j−1] + (a[i] a[j] − a[p+1−i] a[p+1−j]) / error, B[0][j] = a[j] / error.
// Rows are `stride` apart.
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
    : num_bins_(num_bins),
      num_lags_(num_lags),
      cosines_(size(num_bins) * size(kernels::whole_model_vectors(num_lags))) {
  if (num_bins < 2 || num_lags < 1 || num_lags > kMaxLags) {
    throw std::invalid_argument("at least two bins and 1…48 lags");
  }
  const int stride = kernels::whole_model_vectors(num_lags);
  for (int bin = 0; bin < num_bins; ++bin) {
    const double weight = bin == 0 || bin == num_bins - 1 ? 0.5 : 1.0;
    for (int lag = 0; lag < num_lags; ++lag) {
      cosines_[size(bin * stride + lag)] =
          weight * std::cos(std::numbers::pi * lag * bin / (num_bins - 1));
    }
  }
}

void SpectrumAutocorrelation::compute(const float* power, double* lags) const {
  const int stride = kernels::whole_model_vectors(num_lags_);
  double sums[kMaxLags];
  kernels::cosine_sums(power, cosines_.data(), num_bins_, stride, sums);
  std::copy_n(sums, num_lags_, lags);
}

DiscreteAllPole::DiscreteAllPole(int order, int max_lines)
    : order_(order),
      stride_(kernels::whole_model_vectors(std::max(max_lines, 1))),
      power_(size(stride_)),
      cosines_(size(kernels::whole_model_vectors(order + 1)) * size(stride_)),
      sines_(cosines_.size()),
      real_(power_.size()),
      imag_(power_.size()),
      lags_(size(kernels::whole_model_vectors(order + 1))),
      inverse_(size(order + 1) * size(kernels::whole_model_vectors(order + 1))),
      response_(lags_.size()),
      model_(size(kernels::whole_model_vectors(order + 1))),
      coefficients_(size(order + 1)) {
  if (order < 1 || order > kernels::kMaxRoots) throw std::invalid_argument("an order in 1…32");
}

void DiscreteAllPole::set_lines(const kernels::LinePeaks& peaks, int num_lines, double bin_angle) {
  if (num_lines > stride_) throw std::logic_error("more lines than announced");
  num_lines_ = num_lines;
  kernels::lines_at_vertices(peaks, num_lines, bin_angle, cosines_.data() + stride_,
                             sines_.data() + stride_, power_.data());
}

void DiscreteAllPole::raise(double emphasis) {
  for (int k = 0; k < num_lines_; ++k) {
    power_[size(k)] *= 1.0 + emphasis * emphasis - 2.0 * emphasis * cosines_[size(stride_ + k)];
  }
}

std::span<const double> DiscreteAllPole::compute() {
  const int count = order_ + 1;
  if (num_lines_ < order_ + 2) return {};
  double total = 0.0;
  for (int k = 0; k < num_lines_; ++k) total += power_[size(k)];
  if (!(total > 0.0)) return {};

  // cos(ωn) and sin(ωn) for all orders; what fills the last block has no cosine, so no weight.
  const int padded = kernels::whole_model_vectors(num_lines_);
  double* const cosines = cosines_.data();
  double* const sines = sines_.data();
  for (int k = num_lines_; k < padded; ++k) {
    power_[size(k)] = cosines[stride_ + k] = sines[stride_ + k] = 0.0;
  }
  for (int k = 0; k < padded; ++k) {
    cosines[k] = k < num_lines_ ? 1.0 : 0.0;
    sines[k] = 0.0;
  }
  kernels::multiples_of_angles(cosines, sines, stride_, padded, order_);

  // The lines' autocorrelation, normalised to r[0] = 1.
  std::fill_n(imag_.begin(), padded, 0.0);
  kernels::response_at(power_.data(), imag_.data(), cosines, sines, stride_, padded, order_,
                       lags_.data());
  for (double& lag : lags_) lag /= total;
  lags_[0] += kSpectrumFloor;
  const double error = levinson_durbin({lags_.data(), size(count)}, coefficients_);
  if (!(error > 0.0)) return {};
  const int stride = kernels::whole_model_vectors(count);
  invert_toeplitz(coefficients_.data(), error, order_, stride, inverse_.data());

  const double gain = 1.0 / std::sqrt(error);
  std::fill(model_.begin(), model_.end(), 0.0);
  for (int i = 0; i < count; ++i) model_[size(i)] = gain * coefficients_[size(i)];
  for (int step = 0; step < kSteps; ++step) {
    kernels::inverse_filter_at(model_.data(), order_, cosines, sines, stride_, padded, real_.data(),
                               imag_.data());
    kernels::response_at(real_.data(), imag_.data(), cosines, sines, stride_, padded, order_,
                         response_.data());
    kernels::move_model(inverse_.data(), stride, response_.data(), count, 1.0 / num_lines_, kStep,
                        model_.data());
  }
  const double first = model_[0];
  for (const double a : model_) {
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
