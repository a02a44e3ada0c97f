#include "mer/features/stft.hpp"

#include <stdexcept>

#include "kernels/kernels.hpp"

namespace mer {
namespace {

constexpr int kReach = 3;  // of the windows' terms, in bins
static_assert(FrameSpectrum::kMargin == kernels::kSpectrumMargin);

void check_length(std::span<const float> frame, int window_samples) {
  if (static_cast<int>(frame.size()) != window_samples) {
    throw std::invalid_argument("the frame must be one window long");
  }
}

}  // namespace

FrameSpectrum::FrameSpectrum(int window_samples)
    : fft_(window_samples),
      real_(static_cast<std::size_t>(fft_.num_bins() + 2 * kMargin)),
      imag_(real_.size()) {
  if (window_samples <= 2 * kReach) throw std::invalid_argument("the window is too short");
}

void FrameSpectrum::compute(std::span<const float> frame) {
  check_length(frame, window_samples());
  double* const re = real_.data() + kMargin;
  double* const im = imag_.data() + kMargin;
  fft_.spectrum(frame.data(), re, im);
  const int half = fft_.size() / 2;
  for (int m = 1; m <= kReach; ++m) {
    re[-m] = re[m];
    im[-m] = -im[m];
    re[half + m] = re[half - m];
    im[half + m] = -im[half - m];
  }
}

PowerSpectrum::PowerSpectrum(const FrameOptions& options)
    : spectrum_(options.window_samples),
      terms_(window_terms(options.window)),
      power_(spectrum_.num_bins()) {
  for (std::size_t m = 1; m < terms_.size(); ++m) terms_[m] *= 0.5;
}

const Eigen::ArrayXf& PowerSpectrum::compute(std::span<const float> frame) {
  spectrum_.compute(frame);
  return compute(spectrum_);
}

const Eigen::ArrayXf& PowerSpectrum::compute(const FrameSpectrum& spectrum) {
  if (spectrum.num_bins() != power_.size()) {
    throw std::invalid_argument("a spectrum of another length");
  }
  kernels::windowed_power(spectrum.real(), spectrum.imag(), spectrum.window_samples() / 2,
                          terms_.data(), power_.data());
  return power_;
}

SinglePowerSpectrum::SinglePowerSpectrum(const FrameOptions& options)
    : fft_(options.window_samples),
      window_(RealFft<float>::paired(make_window(options.window, options.window_samples))),
      power_(fft_.num_bins()) {}

const Eigen::ArrayXf& SinglePowerSpectrum::compute(std::span<const float> frame) {
  check_length(frame, fft_.size());
  fft_.power(frame.data(), window_.data(), power_.data());
  return power_;
}

}  // namespace mer
