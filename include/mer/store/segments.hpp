#pragma once

#include <cstdint>
#include <vector>

#include "mer/config/segment_options.hpp"
#include "mer/store/song_features.hpp"

namespace mer {

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
/// @param padded_frames   the song counts as at least this long (audio.pad_to_s); segments
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
