#include "mer/features/residual_phase.hpp"

#include <algorithm>
#include <complex>
#include <stdexcept>
#include <string>

#include "families.hpp"
#include "mer/core/error.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/frames.hpp"
#include "mer/features/lpc.hpp"
#include "mer/features/mfcc.hpp"
#include "mer/features/stft.hpp"
#include "mer/signal/kernels.hpp"

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
      windowed_(Eigen::ArrayXd::Zero(window_samples + options.order + 1 + kernels::kMostLanes)),
      lags_(static_cast<std::size_t>(options.order) + 1),
      coefficients_(lags_.size()),
      residual_(window_samples),
      bins_(window_samples / 2),
      hilbert_(window_samples),
      phase_(window_samples) {
  if (options.order >= window_samples / 2) {
    throw UsageError("features.residual_phase.order is " + std::to_string(options.order) +
                         ": a frame of " + std::to_string(window_samples) +
                         " samples is too short for it",
                     "take a longer features.frame.window_samples");
  }
}

const Eigen::ArrayXf& ResidualPhase::compute(std::span<const float> samples) {
  const std::vector<double> wide(samples.begin(), samples.end());
  return compute(wide);
}

const Eigen::ArrayXf& ResidualPhase::compute(std::span<const double> samples) {
  const int count = fft_.size();
  const int order = options_.order;
  if (static_cast<int>(samples.size()) != order + count) {
    throw std::invalid_argument("the residual needs order + window samples");
  }
  const double* const frame = samples.data() + order;
  kernels::multiply(frame, window_.data(), count, windowed_.data());
  kernels::autocorrelation(windowed_.data(), count, order + 1, lags_.data());
  lags_[0] *= 1.0 + options_.white_noise_correction;
  levinson_durbin(lags_, coefficients_);
  kernels::filter(frame, coefficients_.data(), order + 1, count, residual_.data());

  fft_.hilbert(residual_.data(), bins_.data(), hilbert_.data());
  kernels::cosine_phase(residual_.data(), hilbert_.data(), count,
                        static_cast<float>(options_.envelope_floor), phase_.data());
  return phase_;
}

namespace {

/// The mel-cepstrum of the phase: window, filters and DCT are those of the MFCC.
class ResidualPhaseFeature : public FrameFeature {
 public:
  explicit ResidualPhaseFeature(FrameAnalysis& analysis)
      : phase_(analysis.options().of<ResidualPhaseOptions>(), analysis.window_samples()),
        spectrum_(analysis.options().frame),
        mel_(analysis.options().mel, analysis.window_samples(), analysis.sample_rate_hz()),
        mfcc_(analysis.options().of<MfccOptions>(), mel_.num_bands()) {}

  int samples_before() const override { return phase_.history_samples(); }

  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    const Eigen::ArrayXf& phase = phase_.compute(frame.samples(samples_before()));
    const Eigen::ArrayXf& power =
        spectrum_.compute(std::span(phase.data(), static_cast<std::size_t>(phase.size())));
    power_to_db(mel_.compute(power), log_mel_db_);
    std::ranges::copy(mfcc_.compute(log_mel_db_), columns.begin());
  }

 private:
  ResidualPhase phase_;
  SinglePowerSpectrum spectrum_;
  MelFilterBank mel_;
  Mfcc mfcc_;
  Eigen::ArrayXf log_mel_db_;
};

}  // namespace

FrameFeatureFamily residual_phase_family() {
  return {"dB",
          "Nalini & Palanivel (2015)",
          "mel-cepstrum of the cosine of the linear-prediction residual's phase",
          {{"mfcc", AnyOptions::of<MfccOptions>()},
           {"residual_phase", AnyOptions::of<ResidualPhaseOptions>()}},
          [](const FeatureOptions& options) {
            return numbered("residual_phase_", options.of<MfccOptions>().num_coefficients);
          },
          make_frame_feature<ResidualPhaseFeature>};
}

}  // namespace mer
