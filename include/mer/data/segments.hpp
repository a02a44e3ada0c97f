#pragma once

#include <cstdint>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/data/song_features.hpp"

namespace mer {

/// How a song's kept frames are cut.
struct SegmentOptions {
  double seconds = 10.0;
  double hop_seconds = 0.0;       ///< 0 = the segment's length: no overlap
  double test_hop_seconds = 0.0;  ///< for validation, test and prediction; 0 = hop_seconds
  enum class Tail { kPad, kDrop } tail = Tail::kPad;

  void visit(OptionsVisitor& v);
  void validate() const;

  /// floor(seconds · rate / hop_samples): 430 at 10 s, so that 30 s hold exactly three.
  std::int64_t num_frames(int sample_rate_hz, int hop_samples) const;
  /// Distance of segments' starts in frames, at least 1.
  /// @param testing  the hop for validation, test and prediction instead of the one for training
  std::int64_t hop_frames(int sample_rate_hz, int hop_samples, bool testing) const;
};

/// A run of kept frames: the `first`-th to the (`first` + `length`)-th frame that VAD keeps.
/// Shorter than a full segment means the rest is padding.
struct Segment {
  std::int64_t first = 0;
  std::int64_t length = 0;
};

/// Cuts `num_kept` frames. A tail, i.e. music after the last full segment, is kept as one short
/// segment when at least half of a segment is music (pad) or never (drop); fewer frames than one
/// segment give one short segment; no frames give none.
///
/// @param segment_frames  length of a full segment
/// @param hop_frames      distance of segments' starts
/// @param padded_frames   the song counts as at least this long (audio.pad_to_seconds); segments
///                        that hold no music at all are left out. 0 = off
std::vector<Segment> cut_segments(std::int64_t num_kept, std::int64_t segment_frames,
                                  std::int64_t hop_frames, SegmentOptions::Tail tail,
                                  std::int64_t padded_frames);

/// Segment's span in the source file: from the start of its first frame to the end of its last.
struct TimeSpan {
  double start_s = 0.0;
  double end_s = 0.0;
};
TimeSpan time_span(const SongFeatures& song, const Segment& segment, int sample_rate_hz,
                   int window_samples);

}  // namespace mer
