#pragma once

#include <cstdint>

#include "mer/core/options.hpp"

namespace mer {

/// How a song's kept frames are cut.
struct SegmentOptions {
  double length_s = 10.0;
  double hop_s = 0.0;       ///< 0 = the segment's length: no overlap
  double test_hop_s = 0.0;  ///< for validation, test and prediction; 0 = hop_s
  enum class Tail { kPad, kDrop } tail = Tail::kPad;

  void visit(OptionsVisitor& v);
  void validate() const;

  /// frames_in(length_s): 430 at 10 s, so that 30 s hold exactly three.
  std::int64_t num_frames(int sample_rate_hz, int hop_samples) const;
  /// Distance of segments' starts in frames, at least 1.
  /// @param testing  the hop for validation, test and prediction instead of the one for training
  std::int64_t hop_frames(int sample_rate_hz, int hop_samples, bool testing) const;
};

/// floor(seconds · rate / hop_samples), at least 1; 0 for 0 s.
std::int64_t frames_in(double seconds, int sample_rate_hz, int hop_samples);

}  // namespace mer
