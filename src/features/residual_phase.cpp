#include "mer/features/residual_phase.hpp"

#include <algorithm>
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
      length_((window_samples + kernels::kSegments - 1) / kernels::kSegments),
      window_(static_cast<std::size_t>(kernels::kSegments * length_), 0.0),
      segments_(static_cast<std::size_t>(kernels::kSegments * (length_ + 2 * options.order))),
      windowed_(static_cast<std::size_t>(kernels::kSegments * (length_ + options.order))),
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
  for (int n = 0; n < window_samples; ++n) {
    const int place = kernels::kSegments * (n % length_) + n / length_;
    window_[static_cast<std::size_t>(place)] = window[n];
  }
}

const Eigen::ArrayXf& ResidualPhase::compute(std::span<const float> samples) {
  const int count = fft_.size();
  const int order = options_.order;
  if (static_cast<int>(samples.size()) != order + count) {
    throw std::invalid_argument("the residual needs order + window samples");
  }
  kernels::to_segments(samples.data() + order, count, order, window_.data(), segments_.data(),
                       windowed_.data());
  kernels::segment_autocorrelation(windowed_.data(), length_, lags_.data(), order);
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
