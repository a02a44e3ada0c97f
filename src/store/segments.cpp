#include "mer/store/segments.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

std::vector<Segment> cut_segments(std::int64_t num_kept, std::int64_t segment_frames,
                                  std::int64_t hop_frames, SegmentOptions::Tail tail,
                                  std::int64_t padded_frames) {
  if (segment_frames < 1 || hop_frames < 1 || num_kept < 0 || padded_frames < 0) {
    throw std::invalid_argument("cut_segments: lengths must be positive");
  }
  std::vector<Segment> segments;
  if (num_kept == 0) return segments;
  const std::int64_t song_frames = std::max(num_kept, padded_frames);
  if (song_frames < segment_frames) return {{0, num_kept}};

  std::int64_t start = 0;
  for (; start + segment_frames <= song_frames; start += hop_frames) {
    if (start >= num_kept) return segments;  // nothing but padding from here on
    segments.push_back({start, std::min(segment_frames, num_kept - start)});
  }
  const std::int64_t covered = start - hop_frames + segment_frames;
  const std::int64_t music = num_kept - start;
  if (tail == SegmentOptions::Tail::kPad && num_kept > covered && 2 * music >= segment_frames) {
    segments.push_back({start, music});
  }
  return segments;
}

TimeSpan time_span(const SongFeatures& song, const Segment& segment, int sample_rate_hz,
                   int window_samples) {
  const std::vector<std::int32_t>& kept = song.kept_frames();
  if (segment.first < 0 || segment.length < 1 ||
      segment.first + segment.length > static_cast<std::int64_t>(kept.size())) {
    throw std::invalid_argument("time_span: the segment is outside the song");
  }
  const std::span<const double> center_s = song.time_s();
  const auto frame = [&](std::int64_t i) {
    return static_cast<std::size_t>(kept[static_cast<std::size_t>(i)]);
  };
  const double half_window_s = 0.5 * window_samples / sample_rate_hz;
  return {std::max(0.0, center_s[frame(segment.first)] - half_window_s),
          center_s[frame(segment.first + segment.length - 1)] + half_window_s};
}

}  // namespace mer
