#include "mer/config/segment_options.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

/// A length in seconds that is a whole number of hops must not lose one to rounding.
constexpr double kRoundingFrames = 1e-6;

std::int64_t whole_frames(double seconds, int sample_rate_hz, int hop_samples) {
  return static_cast<std::int64_t>(
      std::floor(seconds * sample_rate_hz / hop_samples + kRoundingFrames));
}

}  // namespace

void SegmentOptions::visit(OptionsVisitor& v) {
  v.field("length_s", length_s, above_up_to(0, 3600), "length of a segment in seconds");
  v.field("hop_s", hop_s, between(0, 3600),
          "distance between the starts of segments in seconds; 0 = the segment's length");
  v.field("test_hop_s", test_hop_s, between(0, 3600),
          "the same for validation, test and prediction; 0 = hop_s");
  v.choice("tail", tail, {{"pad", Tail::kPad}, {"drop", Tail::kDrop}},
           "what becomes of a song's last piece: padded when at least half of it is music, or "
           "dropped");
}

void SegmentOptions::validate() const {
  // A hop beyond the segment's length would leave music out without saying so.
  const auto check = [this](const char* key, double hop) {
    if (hop > length_s) {
      throw UsageError(
          std::string("segment.") + key + " " + format_number(hop) +
              " is longer than segment.length_s " + format_number(length_s) +
              ": the music between segments would be lost",
          std::string("set segment.") + key + " to at most " + format_number(length_s));
    }
  };
  check("hop_s", hop_s);
  check("test_hop_s", test_hop_s);
}

std::int64_t frames_in(double seconds, int sample_rate_hz, int hop_samples) {
  if (seconds <= 0.0) return 0;
  return std::max<std::int64_t>(1, whole_frames(seconds, sample_rate_hz, hop_samples));
}

std::int64_t SegmentOptions::num_frames(int sample_rate_hz, int hop_samples) const {
  return frames_in(length_s, sample_rate_hz, hop_samples);
}

std::int64_t SegmentOptions::hop_frames(int sample_rate_hz, int hop_samples, bool testing) const {
  const double hop = testing && test_hop_s > 0.0 ? test_hop_s : hop_s;
  if (hop <= 0.0) return num_frames(sample_rate_hz, hop_samples);
  return frames_in(hop, sample_rate_hz, hop_samples);
}

}  // namespace mer
