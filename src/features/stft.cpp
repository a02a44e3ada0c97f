#include "mer/features/stft.hpp"

#include <stdexcept>

namespace mer {

template <class Real>
BasicPowerSpectrum<Real>::BasicPowerSpectrum(const FrameOptions& options)
    : fft_(options.window_samples),
      window_(RealFft<Real>::paired(make_window(options.window, options.window_samples))),
      power_(fft_.num_bins()) {}

template <class Real>
const Eigen::ArrayXf& BasicPowerSpectrum<Real>::compute(std::span<const float> frame) {
  if (static_cast<Eigen::Index>(frame.size()) != window_.size()) {
    throw std::invalid_argument("the frame must be one window long");
  }
  fft_.power(frame.data(), window_.data(), power_.data());
  return power_;
}

template class BasicPowerSpectrum<float>;
template class BasicPowerSpectrum<double>;

}  // namespace mer
