#include "mer/features/stft.hpp"

#include <stdexcept>

#include "kernels.hpp"

namespace mer {

PowerSpectrum::PowerSpectrum(const FrameOptions& options)
    : fft_(options.window_samples),
      window_(make_window(options.window, options.window_samples)),
      windowed_(options.window_samples),
      bins_(fft_.num_bins()),
      power_(fft_.num_bins()) {}

const Eigen::ArrayXf& PowerSpectrum::compute(std::span<const float> frame) {
  if (static_cast<Eigen::Index>(frame.size()) != window_.size()) {
    throw std::invalid_argument("the frame must be one window long");
  }
  windowed_ =
      window_ * Eigen::Map<const Eigen::ArrayXf>(frame.data(), window_.size()).cast<double>();
  fft_.forward(windowed_.data(), bins_.data());
  kernels::power(bins_.data(), num_bins(), power_.data());
  return power_;
}

}  // namespace mer
