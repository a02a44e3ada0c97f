#include "mer/features/formants.hpp"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

constexpr double kTargetRateHz = 11000.0;
constexpr double kTopMarginHz = 50.0;
// Mean square of a windowed frame below which it counts as silent (−120 dBFS).
constexpr double kSilenceMeanSquare = 1e-12;

// Modified Bessel function of the first kind and order 0, by its power series.
double bessel_i0(double x) {
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; k < 60 && term > sum * 1e-17; ++k) {
    term *= (x / (2.0 * k)) * (x / (2.0 * k));
    sum += term;
  }
  return sum;
}

int nearest_factor(int sample_rate_hz) {
  int best = 1;
  for (int factor = 2; sample_rate_hz / factor > 4000; ++factor) {
    const auto distance = [&](int f) {
      return std::abs(std::log(sample_rate_hz / (f * kTargetRateHz)));
    };
    if (distance(factor) < distance(best)) best = factor;
  }
  return best;
}

}  // namespace

void FormantOptions::visit(OptionsVisitor& v) {
  v.field("order", order, between(6, 32),
          "order of the linear prediction at 11 kHz, two for each resonance");
  v.field("pre_emphasis_hz", pre_emphasis_hz, between(0, 5000),
          "frequency from which the spectrum is raised by 6 dB an octave, in Hz");
  v.field("min_hz", min_hz, between(0, 1000), "a resonance below this is not a formant, in Hz");
  v.field("max_bandwidth_hz", max_bandwidth_hz, above_up_to(0, 5000),
          "a resonance broader than this is not a formant, in Hz");
}

Decimator::Decimator(int sample_rate_hz)
    : factor_(nearest_factor(sample_rate_hz)),
      rate_hz_(static_cast<double>(sample_rate_hz) / factor_),
      half_length_(factor_ == 1 ? 0 : 14 * factor_) {
  // Half amplitude at the new half rate's 97 %; with 28 taps a new sample and β = 5.65 the response
  // is flat to 85 % and 60 dB down from 109 % on: what folds back lies above 91 % of the half rate.
  constexpr double kCutoff = 0.97;
  constexpr double kBeta = 5.65;
  taps_.resize(static_cast<std::size_t>(2 * half_length_ + 1), 1.0F);
  if (factor_ == 1) return;
  std::vector<double> taps(taps_.size());
  double sum = 0.0;
  for (int n = -half_length_; n <= half_length_; ++n) {
    const double x = kCutoff * n / factor_;
    const double sinc = n == 0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
    const double place = static_cast<double>(n) / (half_length_ + 1);
    const double tap = sinc * bessel_i0(kBeta * std::sqrt(1.0 - place * place));
    taps[static_cast<std::size_t>(n + half_length_)] = tap;
    sum += tap;
  }
  for (std::size_t i = 0; i < taps.size(); ++i) taps_[i] = static_cast<float>(taps[i] / sum);
}

float Decimator::compute(const float* centre) const {
  return kernels::dot(taps_.data(), centre - half_length_, 2 * half_length_ + 1);
}

FormantTracker::FormantTracker(const FormantOptions& options, int num_samples, double rate_hz)
    : options_(options),
      num_samples_(num_samples),
      rate_hz_(rate_hz),
      pre_emphasis_(std::exp(-2.0 * std::numbers::pi * options.pre_emphasis_hz / rate_hz)),
      burg_(options.order, std::max(num_samples, options.order + 1)),
      window_(static_cast<std::size_t>(std::max(num_samples, 0))),
      windowed_(window_.size()),
      roots_(static_cast<std::size_t>(options.order)) {
  if (num_samples < 4 * options.order) {
    throw UsageError(
        "features.formants.order is " + std::to_string(options.order) + ": a frame has only " +
            std::to_string(num_samples) +
            " samples at the decimated rate, which must be at least four times as many",
        "take a longer features.frame.window_samples or a lower order");
  }
  // Praat's Gaussian: e^(−12) at the ends, made to be 0 there.
  const double edge = std::exp(-12.0);
  const double middle = 0.5 * (num_samples - 1);
  for (int n = 0; n < num_samples; ++n) {
    const double x = (n - middle) / (num_samples + 1);
    window_[static_cast<std::size_t>(n)] = (std::exp(-48.0 * x * x) - edge) / (1.0 - edge);
  }
}

Formants FormantTracker::compute(std::span<const float> samples) {
  if (static_cast<int>(samples.size()) != num_samples_ + 1) {
    throw std::invalid_argument("the formant tracker needs one sample more than a frame");
  }
  Formants formants;
  double energy = 0.0;
  for (std::size_t n = 0; n < windowed_.size(); ++n) {
    const double emphasised = static_cast<double>(samples[n + 1]) - pre_emphasis_ * samples[n];
    windowed_[n] = window_[n] * emphasised;
    energy += windowed_[n] * windowed_[n];
  }
  if (energy < num_samples_ * kSilenceMeanSquare) return formants;

  polynomial_roots(burg_.compute(windowed_), roots_);
  struct Pole {
    double frequency_hz;
    double bandwidth_hz;
  };
  std::array<Pole, 32> poles{};
  std::size_t count = 0;
  for (const std::complex<double>& root : roots_) {
    if (!(root.imag() > 0.0)) continue;
    const Pole pole{std::arg(root) * rate_hz_ / (2.0 * std::numbers::pi),
                    -std::log(std::abs(root)) * rate_hz_ / std::numbers::pi};
    if (pole.frequency_hz < options_.min_hz) continue;
    if (pole.frequency_hz > rate_hz_ / 2.0 - kTopMarginHz) continue;
    if (!(pole.bandwidth_hz < options_.max_bandwidth_hz)) continue;
    poles[count++] = pole;
  }
  std::sort(poles.begin(), poles.begin() + static_cast<std::ptrdiff_t>(count),
            [](const Pole& a, const Pole& b) { return a.frequency_hz < b.frequency_hz; });
  formants.found = static_cast<int>(std::min<std::size_t>(count, Formants::kCount));
  for (std::size_t i = 0; i < static_cast<std::size_t>(formants.found); ++i) {
    formants.frequency_hz[i] = static_cast<float>(poles[i].frequency_hz);
    formants.bandwidth_hz[i] = static_cast<float>(std::max(0.0, poles[i].bandwidth_hz));
  }
  return formants;
}

namespace {

using Complex = std::complex<double>;

// Plain complex arithmetic: std::complex's operators check for infinities, which can't occur here.
Complex times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
Complex over(Complex a, Complex b) {
  const double scale = 1.0 / (b.real() * b.real() + b.imag() * b.imag());
  return {(a.real() * b.real() + a.imag() * b.imag()) * scale,
          (a.imag() * b.real() - a.real() * b.imag()) * scale};
}

bool aberth(std::span<const double> coefficients, std::span<Complex> roots) {
  constexpr int kMaxRounds = 60;
  for (int round = 0; round < kMaxRounds; ++round) {
    double largest_move = 0.0;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      Complex value = coefficients[0];
      Complex slope = 0.0;
      for (std::size_t k = 1; k < coefficients.size(); ++k) {
        slope = times(slope, roots[i]) + value;
        value = times(value, roots[i]) + coefficients[k];
      }
      Complex repulsion = 0.0;
      for (std::size_t j = 0; j < roots.size(); ++j) {
        if (j != i) repulsion += over(1.0, roots[i] - roots[j]);
      }
      const Complex move = over(value, slope - times(value, repulsion));
      if (!std::isfinite(move.real()) || !std::isfinite(move.imag())) return false;
      roots[i] -= move;
      largest_move = std::max(largest_move, std::norm(move));
    }
    // The iteration converges cubically: after a move of 1e-6 the next one would be below 1e-15.
    if (largest_move < 1e-12) return true;
  }
  return false;
}

void companion_roots(std::span<const double> coefficients, std::span<Complex> roots) {
  const Eigen::Index order = static_cast<Eigen::Index>(roots.size());
  Eigen::MatrixXd companion = Eigen::MatrixXd::Zero(order, order);
  for (Eigen::Index i = 0; i < order; ++i) {
    companion(0, i) = -coefficients[static_cast<std::size_t>(i) + 1];
    if (i > 0) companion(i, i - 1) = 1.0;
  }
  const Eigen::VectorXcd values = companion.eigenvalues();
  for (Eigen::Index i = 0; i < order; ++i) roots[static_cast<std::size_t>(i)] = values[i];
}

}  // namespace

void polynomial_roots(std::span<const double> coefficients, std::span<Complex> roots) {
  if (roots.empty() || coefficients.size() != roots.size() + 1) {
    throw std::invalid_argument("a polynomial has one root fewer than coefficients");
  }
  const bool guessed =
      std::any_of(roots.begin(), roots.end(), [](Complex root) { return root != 0.0; });
  if (guessed && aberth(coefficients, roots)) return;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const double angle =
        2.0 * std::numbers::pi * (static_cast<double>(i) + 0.3) / static_cast<double>(roots.size());
    roots[i] = std::polar(0.9, angle);
  }
  if (!aberth(coefficients, roots)) companion_roots(coefficients, roots);
}

}  // namespace mer
