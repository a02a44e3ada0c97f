#include "mer/features/residual_phase.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/kernels.hpp"
#include "mer/core/error.hpp"
#include "mer/features/frames.hpp"
#include "mer/features/lpc.hpp"

namespace mer {

void ResidualPhaseOptions::visit(OptionsVisitor& v) {
  v.field("order", order, between(1, 128), "order of the linear prediction");
  v.field("white_noise_correction", white_noise_correction, between(0, 0.1),
          "r(0) is multiplied by one plus this, which keeps the prediction well conditioned");
  v.field("envelope_floor", envelope_floor, above_up_to(0, 1),
          "where the residual's envelope (amplitude, full scale = 1) is smaller, the phase is 0");
}

ResidualPhase::ResidualPhase(const ResidualPhaseOptions& options, int window_samples)
    : options_(options),
      fft_(window_samples),
      own_spectrum_(window_samples),
      power_(static_cast<std::size_t>(window_samples / 2 + 1)),
      differences_(static_cast<std::size_t>(window_samples / 4 + 1)),
      multiples_(2 * differences_.size()),
      length_(kernels::segment_length(window_samples)),
      segments_(static_cast<std::size_t>(kernels::kSegments * (length_ + 2 * options.order))),
      lags_(static_cast<std::size_t>(options.order) + 1),
      coefficients_(static_cast<std::size_t>(options.order) + 1),
      residual_(kernels::kSegments * length_),
      hilbert_(window_samples),
      envelope_(window_samples),
      phase_(window_samples) {
  if (options.order >= window_samples / 2) {
    throw UsageError("features.residual_phase.order is " + std::to_string(options.order) +
                         ": a frame of " + std::to_string(window_samples) +
                         " samples is too short for it",
                     "take a longer features.frame.window_samples");
  }
  const Eigen::ArrayXd window = make_window(WindowKind::kHann, window_samples);
  edge_.assign(window.data(), window.data() + options.order + 1);
  for (int half = window_samples / 2; half > 0; half = half % 2 == 0 ? half / 2 : 0) {
    for (int f = 0; 2 * f < half; ++f) {
      cosines_.push_back(std::cos(std::numbers::pi * f / half));
    }
  }
}

// The autocorrelation of the frame under Hann's window. The power spectrum's inverse transform is
// the cyclic one, which has the products of the frame's end with its start besides.
void ResidualPhase::compute_lags(const float* frame, const FrameSpectrum& spectrum) {
  const int count = fft_.size();
  const int half = count / 2;
  kernels::hann_power(spectrum.real(), spectrum.imag(), half, power_.data());
  power_.front() *= 0.5;  // the bins in between stand for their mirror images, too
  power_[static_cast<std::size_t>(half)] *= 0.5;
  kernels::cosine_lags(power_.data(), cosines_.data(), half, options_.order, differences_.data(),
                       multiples_.data(), lags_.data());
  const auto windowed = [&](int n) {  // n < 0 counts from the end
    return edge_[static_cast<std::size_t>(std::abs(n))] *
           static_cast<double>(frame[n < 0 ? count + n : n]);
  };
  for (int lag = 0; lag <= options_.order; ++lag) {
    double across = 0.0;
    for (int n = 0; n < lag; ++n) across += windowed(n) * windowed(n - lag);
    double& value = lags_[static_cast<std::size_t>(lag)];
    value = value * (2.0 / count) - across;
  }
}

const Eigen::ArrayXf& ResidualPhase::compute(std::span<const float> samples) {
  own_spectrum_.compute(
      samples.subspan(std::min(samples.size(), static_cast<std::size_t>(options_.order))));
  return compute(samples, own_spectrum_);
}

const Eigen::ArrayXf& ResidualPhase::compute(std::span<const float> samples,
                                             const FrameSpectrum& spectrum) {
  const int count = fft_.size();
  const int order = options_.order;
  if (static_cast<int>(samples.size()) != order + count || spectrum.window_samples() != count) {
    throw std::invalid_argument("the residual needs order + window samples");
  }
  compute_lags(samples.data() + order, spectrum);
  kernels::to_segments(samples.data() + order, count, order, segments_.data());
  lags_[0] *= 1.0 + options_.white_noise_correction;
  levinson_durbin(lags_, coefficients_);
  kernels::segment_prediction_error(segments_.data(), length_, coefficients_.data(), order,
                                    residual_.data());
  fft_.hilbert(residual_.data(), hilbert_.data());
  kernels::cosine_phase(residual_.data(), hilbert_.data(), count,
                        static_cast<float>(options_.envelope_floor), envelope_.data(),
                        phase_.data());
  return phase_;
}

}  // namespace mer
