#include "mer/features/frame_features.hpp"

#include "families.hpp"
#include "mer/features/feature_options.hpp"

namespace mer {

FrameAnalysis::FrameAnalysis(const FeatureOptions& options, int sample_rate_hz)
    : options_(options),
      sample_rate_hz_(sample_rate_hz),
      spectrum_(options.frame.window_samples),
      power_spectrum_(options.frame),
      log_mel_db_(options.mel.num_bands) {}

void FrameAnalysis::use_mel() {
  if (!mel_) mel_.emplace(options_.mel, window_samples(), sample_rate_hz_);
}

void FrameAnalysis::use_pitch() {
  if (pitch_tracker_) return;
  pitch_tracker_.emplace(options_.of<PitchOptions>(), window_samples(), sample_rate_hz_);
}

void FrameAnalysis::set_frame(const double* start) {
  start_ = start;
  spectrum_.compute(samples());
  power_ = mel_power_ = nullptr;
  has_log_mel_ = false;
  pitch_.reset();
}

std::span<const double> FrameAnalysis::samples(int before, int behind) const {
  return {start_ - before, static_cast<std::size_t>(before + window_samples() + behind)};
}

const Eigen::ArrayXf& FrameAnalysis::power() {
  if (power_ == nullptr) power_ = &power_spectrum_.compute(spectrum_);
  return *power_;
}

const Eigen::ArrayXf& FrameAnalysis::mel_power() {
  if (mel_power_ == nullptr) mel_power_ = &mel_.value().compute(power());
  return *mel_power_;
}

const Eigen::ArrayXf& FrameAnalysis::log_mel_db() {
  if (!has_log_mel_) power_to_db(mel_power(), log_mel_db_);
  has_log_mel_ = true;
  return log_mel_db_;
}

const Pitch& FrameAnalysis::pitch() {
  if (!pitch_) pitch_ = pitch_tracker_.value().compute(spectrum_);
  return *pitch_;
}

FrameFeatureTable builtin_frame_features() {
  FrameFeatureTable table;
  table.add("mfcc", mfcc_family());
  table.add("residual_phase", residual_phase_family());
  table.add("f0", f0_family());
  table.add("voicing", voicing_family());
  table.add("formants", formant_family());
  table.add("contrast", contrast_family());
  table.add("chroma", chroma_family());
  return table;
}

std::vector<std::string> numbered(const std::string& prefix, int count, const std::string& suffix) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i) + suffix);
  return names;
}

}  // namespace mer
