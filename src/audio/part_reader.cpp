#include "part_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

constexpr int kMinFileRateHz = 1000;
constexpr int kMaxFileRateHz = 1'000'000;
/// Full scale is 1; files of integers stored as floats reach 2^31. What is beyond is damage, and
/// its square would soon be infinite.
constexpr float kMaxMagnitude = 4e9F;

std::int64_t frames_of(double seconds, int rate_hz) {
  const double frames = std::round(seconds * rate_hz);
  return frames < 9e18 ? static_cast<std::int64_t>(frames)
                       : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

OpenedFile open_by_libraries(const std::filesystem::path& path) {
  OpenedFile opened;
  FileBytes file(path);
  leave_out_tags(file);
  opened.known = correct_counts(file);
  if (!opened.known.songs.empty()) {
    opened.source = open_chain(path, file, opened.known);
    return opened;
  }
  if (!codec_of_bytes(file).empty()) return opened;
  constexpr std::array kOthers = {"RIFF", "RIFX", "RF64", "FORM", "riff",
                                  "caff", ".snd", "fLaC", "OggS"};
  const auto is_there = [&](const char* magic) { return file.has(0, magic); };
  if (std::none_of(kOthers.begin(), kOthers.end(), is_there)) {
    opened.source = open_mpeg(file, path.string());
    // libsndfile would take these for MPEG, and libmpg123 inside it would speak on stderr.
    if (opened.source != nullptr || file.has(0, "ID3") || file.has(0, "\xFF")) return opened;
  }
  opened.source = open_by_sndfile(file, opened.known, path.string(), opened.refusal);
  return opened;
}

PartReader::PartReader(std::filesystem::path path, std::unique_ptr<SampleSource> source,
                       const AudioOptions& options)
    : path_(std::move(path)), source_(std::move(source)) {
  const AudioInfo& info = source_->info();
  if (info.sample_rate_hz < kMinFileRateHz || info.sample_rate_hz > kMaxFileRateHz) {
    throw InputError(path_.string() + ": a sample rate of " + std::to_string(info.sample_rate_hz) +
                         " Hz; allowed are " + std::to_string(kMinFileRateHz) + "…" +
                         std::to_string(kMaxFileRateHz) + " Hz",
                     "the file's header may be damaged; convert it again from its source");
  }
  interleaved_.resize(kBlockFrames * channels());
  skip_to(frames_of(options.start_s, info.sample_rate_hz));
  remaining_ = options.duration_s > 0
                   ? std::max<std::int64_t>(1, frames_of(options.duration_s, info.sample_rate_hz))
                   : std::numeric_limits<std::int64_t>::max();
}

void PartReader::skip_to(std::int64_t frame) {
  if (frame == 0) return;
  if (source_->seek_exactly(frame)) {
    position_ = frame;
    return;
  }
  while (position_ < frame) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(frame - position_, static_cast<std::int64_t>(kBlockFrames)));
    const std::size_t got = source_->read(std::span(interleaved_).first(wanted * channels()));
    if (got == 0) {
      at_file_end_ = true;
      return;
    }
    position_ += static_cast<std::int64_t>(got);
  }
}

std::span<const float> PartReader::next() {
  const auto wanted = static_cast<std::size_t>(
      std::min<std::int64_t>(remaining_, static_cast<std::int64_t>(kBlockFrames)));
  std::size_t filled = 0;
  // A block is cut short by the end only, never by the decoder's mood.
  while (filled < wanted && !at_file_end_) {
    const std::size_t got = source_->read(
        std::span(interleaved_).subspan(filled * channels(), (wanted - filled) * channels()));
    at_file_end_ = got == 0;
    filled += got;
  }
  position_ += static_cast<std::int64_t>(filled);
  remaining_ -= static_cast<std::int64_t>(filled);
  const std::span<const float> values = std::span(interleaved_).first(filled * channels());
  refuse_bad_samples(values);
  return values;
}

void PartReader::refuse_bad_samples(std::span<const float> values) const {
  int bad_values = 0;  // counted without a branch, so that the loop becomes vector instructions
  for (const float value : values) bad_values += std::abs(value) <= kMaxMagnitude ? 0 : 1;  // NaN
  if (bad_values == 0) return;
  const auto bad = std::find_if(values.begin(), values.end(),
                                [](float value) { return !(std::abs(value) <= kMaxMagnitude); });
  const std::size_t place = static_cast<std::size_t>(bad - values.begin());
  const auto at =
      position_ - static_cast<std::int64_t>(values.size() / channels() - place / channels());
  const std::string what =
      std::isnan(*bad)   ? "not a number"
      : std::isinf(*bad) ? "infinite"
                         : format_number(static_cast<double>(*bad)) + ", far beyond full scale (1)";
  throw InputError(path_.string() + ": the sample at " +
                       time_of_frame(at, source_->info().sample_rate_hz) + " is " + what +
                       " (frame " + std::to_string(at) + ", channel " +
                       std::to_string(place % channels() + 1) + ")",
                   "the file is damaged; make it again from its source");
}

}  // namespace mer
