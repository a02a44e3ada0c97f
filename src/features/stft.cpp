#include "mer/features/stft.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "mer/signal/kernels.hpp"

namespace mer {
namespace {

void check_length(std::size_t samples, int window_samples) {
  if (static_cast<int>(samples) != window_samples) {
    throw std::invalid_argument("the frame must be one window long");
  }
}

}  // namespace

FrameSpectrum::FrameSpectrum(int window_samples)
    : fft_(window_samples),
      copy_(static_cast<std::size_t>(window_samples)),
      bins_(static_cast<std::size_t>(fft_.num_bins() + 2 * kMargin)) {
  if (window_samples <= 2 * kReach) throw std::invalid_argument("the window is too short");
}

void FrameSpectrum::compute(std::span<const double> frame) {
  check_length(frame.size(), window_samples());
  if (reinterpret_cast<std::uintptr_t>(frame.data()) % kFftAlignment == 0) {
    transform(frame.data());
  } else {
    std::copy(frame.begin(), frame.end(), copy_.begin());
    transform(copy_.data());
  }
}

void FrameSpectrum::compute(std::span<const float> frame) {
  check_length(frame.size(), window_samples());
  std::copy(frame.begin(), frame.end(), copy_.begin());
  transform(copy_.data());
}

void FrameSpectrum::transform(const double* samples) {
  samples_ = samples;
  std::complex<double>* const bins = bins_.data() + kMargin;
  fft_.forward(samples, bins);
  const int half = fft_.size() / 2;
  for (int m = 1; m <= kReach; ++m) {
    bins[-m] = std::conj(bins[m]);
    bins[half + m] = std::conj(bins[half - m]);
  }
}

PowerSpectrum::PowerSpectrum(const FrameOptions& options)
    : spectrum_(options.window_samples),
      windowed_(static_cast<std::size_t>(spectrum_.num_bins())),
      power_(spectrum_.num_bins()) {
  const std::array<double, 4> terms = window_terms(options.window);
  constexpr std::size_t kCenter = FrameSpectrum::kReach;
  terms_[kCenter] = terms[0];
  for (std::size_t m = 1; m <= kCenter; ++m) {
    terms_[kCenter - m] = terms_[kCenter + m] = 0.5 * terms[m];
  }
}

const Eigen::ArrayXf& PowerSpectrum::compute(std::span<const float> frame) {
  spectrum_.compute(frame);
  return compute(spectrum_);
}

const Eigen::ArrayXf& PowerSpectrum::compute(const FrameSpectrum& spectrum) {
  if (spectrum.num_bins() != power_.size()) {
    throw std::invalid_argument("a spectrum of another length");
  }
  const std::complex<double>* const first = spectrum.bins() - FrameSpectrum::kReach;
  kernels::weighted_sum(reinterpret_cast<const double*>(first), 2, terms_.data(),
                        static_cast<int>(terms_.size()), 2 * spectrum.num_bins(),
                        reinterpret_cast<double*>(windowed_.data()));
  kernels::squared_magnitudes(windowed_.data(), spectrum.num_bins(), power_.data());
  return power_;
}

SinglePowerSpectrum::SinglePowerSpectrum(const FrameOptions& options)
    : fft_(options.window_samples),
      window_(make_window(options.window, options.window_samples).cast<float>()),
      windowed_(options.window_samples),
      bins_(fft_.num_bins()),
      power_(fft_.num_bins()) {}

const Eigen::ArrayXf& SinglePowerSpectrum::compute(std::span<const float> frame) {
  check_length(frame.size(), fft_.size());
  windowed_ = window_ * Eigen::Map<const Eigen::ArrayXf>(frame.data(), window_.size());
  return compute_windowed();
}

const Eigen::ArrayXf& SinglePowerSpectrum::compute(std::span<const double> frame) {
  check_length(frame.size(), fft_.size());
  windowed_ =
      window_ * Eigen::Map<const Eigen::ArrayXd>(frame.data(), window_.size()).cast<float>();
  return compute_windowed();
}

const Eigen::ArrayXf& SinglePowerSpectrum::compute_windowed() {
  fft_.forward(windowed_.data(), bins_.data());
  kernels::squared_magnitudes(bins_.data(), fft_.num_bins(), power_.data());
  return power_;
}

}  // namespace mer
