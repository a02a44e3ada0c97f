#pragma once

#include <Eigen/Core>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mer/core/any_options.hpp"
#include "mer/core/named_table.hpp"
#include "mer/features/mel.hpp"
#include "mer/features/pitch.hpp"
#include "mer/features/stft.hpp"

namespace mer {

struct FeatureOptions;

/// What the features of one frame are computed from. What several of them need
/// is made once, when the first one asks for it.
class FrameAnalysis {
 public:
  FrameAnalysis(const FeatureOptions& options, int sample_rate_hz);

  const FeatureOptions& options() const { return options_; }
  int sample_rate_hz() const { return sample_rate_hz_; }
  int window_samples() const { return spectrum_.window_samples(); }

  /// What a feature will ask for, said when it is made.
  /// @throws UsageError when the options don't fit the rate
  void use_mel();
  void use_pitch();

  /// Forgets the last frame.
  /// @param start  the frame's first sample; what features read before and
  /// behind it lies there
  void set_frame(const double* start);

  /// Without window, with so many samples before the frame and behind it.
  std::span<const double> samples(int before = 0, int behind = 0) const;
  const FrameSpectrum& spectrum() const { return spectrum_; }
  /// Under the window, [window_samples / 2 + 1].
  const Eigen::ArrayXf& power();
  const Eigen::ArrayXf& mel_power();
  const Eigen::ArrayXf& log_mel_db();
  const Pitch& pitch();

 private:
  const FeatureOptions& options_;
  int sample_rate_hz_;
  const double* start_ = nullptr;
  FrameSpectrum spectrum_;
  PowerSpectrum power_spectrum_;
  std::optional<MelFilterBank> mel_;
  std::optional<PitchTracker> pitch_tracker_;
  Eigen::ArrayXf log_mel_db_;
  // Of the frame, as far as they were asked for:
  const Eigen::ArrayXf* power_ = nullptr;
  const Eigen::ArrayXf* mel_power_ = nullptr;
  bool has_log_mel_ = false;
  std::optional<Pitch> pitch_;
};

/// Computes one family of columns of the LLD matrix, frame after frame.
class FrameFeature {
 public:
  virtual ~FrameFeature() = default;

  /// How many samples before the frame and behind it compute() reads.
  virtual int samples_before() const { return 0; }
  virtual int samples_behind() const { return 0; }
  /// Whether some frames keep the values of the one before, digital silence
  /// among them.
  virtual bool holds_values() const { return false; }

  /// @param columns  hold the last frame's values, zeros before the first;
  /// become this frame's
  virtual void compute(FrameAnalysis& frame, std::span<float> columns) = 0;
};

/// An entry of the table of frame features.
struct FrameFeatureFamily {
  std::string unit;
  std::string source;       ///< the publication that defines it
  std::string description;  ///< one sentence
  /// Its sections of `features`; families may share one.
  std::vector<OptionSection> sections;
  std::function<std::vector<std::string>(const FeatureOptions&)> columns;
  /// @throws UsageError when the options don't fit the rate
  std::function<std::unique_ptr<FrameFeature>(FrameAnalysis&)> make;
};

/// By the names that `features.lld` takes, in the order of their columns.
using FrameFeatureTable = NamedTable<FrameFeatureFamily>;
FrameFeatureTable builtin_frame_features();

template <class Feature>
std::unique_ptr<FrameFeature> make_frame_feature(FrameAnalysis& analysis) {
  return std::make_unique<Feature>(analysis);
}

/// prefix0suffix, prefix1suffix, …
std::vector<std::string> numbered(const std::string& prefix, int count,
                                  const std::string& suffix = "");

}  // namespace mer
