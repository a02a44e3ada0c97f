#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mer/features/feature_options.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// All features of the method from one framing, block by block.
///
///   samples → frames of window_samples every hop_samples (see FrameOptions) → one forward real FFT
///   without a window, shared by all features (see FrameSpectrum) → spectrogram row [κ1] and LLD
///   row [D]: only the families that `lld` names cost time.
///
/// Push samples in blocks of any size, pull the rows that have become complete. The values do not
/// depend on the block sizes. Memory is constant as long as rows are pulled. Fewer samples than one
/// window give no frame. Every value is finite for finite samples; what each feature is on silence
/// stands in its own header.
class FeatureExtractor {
 public:
  /// @throws UsageError when the options don't fit the rate (a band above half the rate, …)
  FeatureExtractor(const FeatureOptions& options, int sample_rate_hz);
  ~FeatureExtractor();
  FeatureExtractor(FeatureExtractor&&) noexcept;
  FeatureExtractor& operator=(FeatureExtractor&&) noexcept;

  const FeatureLayout& layout() const;

  /// Takes more samples; the frames that they complete can be pulled next.
  void push(std::span<const float> samples);
  /// No more samples will come (features that look ahead complete their last frames).
  void finish();

  /// The rows completed since the last pull, in order; `kept` is left empty: VAD comes afterwards.
  FeatureSet pull();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Features and VAD mask of a whole signal.
FeatureSet extract_features(std::span<const float> samples, const FeatureOptions& options,
                            const VadOptions& vad, int sample_rate_hz);

}  // namespace mer
