#include "mer/features/residual_phase.hpp"

#include <algorithm>
#include <complex>
#include <stdexcept>
#include <string>

#include "kernels.hpp"
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
      window_(make_window(WindowKind::kHann, window_samples)),
      samples_(static_cast<std::size_t>(options.order + window_samples)),
      windowed_(static_cast<std::size_t>(window_samples + options.order + 1 + kernels::kLagBlock)),
      lags_(static_cast<std::size_t>(options.order) + 1),
      coefficients_(static_cast<std::size_t>(options.order) + 1),
      residual_(window_samples),
      hilbert_(window_samples),
      envelope_(window_samples),
      phase_(window_samples),
      bins_(fft_.num_bins()) {
  if (options.order >= window_samples / 2) {
    throw UsageError("features.residual_phase.order is " + std::to_string(options.order) +
                         ": a frame of " + std::to_string(window_samples) +
                         " samples is too short for it",
                     "take a longer features.frame.window_samples");
  }
}

const Eigen::ArrayXf& ResidualPhase::compute(std::span<const float> samples) {
  if (samples.size() != samples_.size()) {
    throw std::invalid_argument("the residual needs order + window samples");
  }
  const int count = fft_.size();
  const int order = options_.order;
  std::copy(samples.begin(), samples.end(), samples_.begin());
  const double* frame = samples_.data() + order;
  for (int n = 0; n < count; ++n) windowed_[static_cast<std::size_t>(n)] = window_[n] * frame[n];
  kernels::autocorrelation(windowed_.data(), count, lags_.data(), order + 1);
  lags_[0] *= 1.0 + options_.white_noise_correction;
  levinson_durbin(lags_, coefficients_);
  kernels::prediction_error(frame, count, coefficients_.data(), order, residual_.data());

  // H{r} in the frequency domain: −i times the positive frequencies, nothing at 0 and at the top.
  fft_.forward(residual_.data(), bins_.data());
  const float scale = 1.0F / static_cast<float>(count);
  const Eigen::Index last = bins_.size() - 1;
  bins_[0] = 0.0F;
  bins_[last] = 0.0F;
  for (Eigen::Index k = 1; k < last; ++k) {
    bins_[k] = std::complex<float>(bins_[k].imag() * scale, -bins_[k].real() * scale);
  }
  fft_.inverse(bins_.data(), hilbert_.data());

  kernels::cosine_phase(residual_.data(), hilbert_.data(), count,
                        static_cast<float>(options_.envelope_floor), envelope_.data(),
                        phase_.data());
  return phase_;
}

}  // namespace mer
