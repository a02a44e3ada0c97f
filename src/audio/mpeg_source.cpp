#include <mpg123.h>

#include <algorithm>
#include <cmath>

#include "mer/core/error.hpp"
#include "mer/core/text_table.hpp"
#include "mpeg_frames.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

struct Mpg123Deleter {
  void operator()(mpg123_handle* handle) const { mpg123_delete(handle); }
};

/// MP1, MP2 and MP3 by libmpg123, which is given frames only: it says what it thinks of anything
/// else on standard error, and stops there.
class MpegSource final : public SampleSource {
 public:
  MpegSource(FileBytes file, const MpegFrames& frames, std::string name)
      : name_(std::move(name)), file_(std::move(file)), cursor_{&file_, 0} {
    info_.format = "MP" + std::to_string(frames.layer);
    info_.sample_rate_hz = frames.rate_hz;
    info_.num_channels = frames.num_channels;
    info_.duration_s = frames.duration_s();
    mpg123_init();  // does nothing in newer versions
    decoder_.reset(mpg123_new(nullptr, nullptr));
    mpg123_handle* const decoder = decoder_.get();
    const bool is_open =
        decoder != nullptr &&
        mpg123_param(decoder, MPG123_ADD_FLAGS,
                     MPG123_FORCE_FLOAT | MPG123_GAPLESS | MPG123_QUIET | MPG123_NO_FRANKENSTEIN,
                     0.0) == MPG123_OK &&
        mpg123_param(decoder, MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE, 0.0) == MPG123_OK &&
        mpg123_replace_reader_handle(decoder, &read_bytes, &seek_bytes, nullptr) == MPG123_OK &&
        mpg123_open_handle(decoder, &cursor_) == MPG123_OK;
    if (!is_open) {
      throw InputError(name_ + ": cannot be decoded: " +
                       (decoder != nullptr ? mpg123_strerror(decoder) : "no memory"));
    }
    report(frames);
  }

  std::size_t read(std::span<float> interleaved) override {
    const auto channels = static_cast<std::size_t>(info_.num_channels);
    std::size_t done = 0;
    int result = MPG123_NEW_FORMAT;  // comes once, before the first samples
    while (result == MPG123_NEW_FORMAT) {
      result = mpg123_read(
          decoder_.get(), reinterpret_cast<unsigned char*>(interleaved.data()),
          interleaved.size_bytes() / (channels * sizeof(float)) * channels * sizeof(float), &done);
    }
    const std::size_t got = done / (channels * sizeof(float));
    position_ += static_cast<std::int64_t>(got);
    if (got == 0 && result != MPG123_DONE && !end_seen_) {
      end_seen_ = true;
      const std::string reason = mpg123_strerror(decoder_.get());
      has_trouble_ = true;
      stopped_s_ = static_cast<double>(position_) / info_.sample_rate_hz;
      warnings_.push_back("the file ends early: decoding stopped at " +
                          time_of_frame(position_, info_.sample_rate_hz) + ": " + reason);
    }
    return got;
  }

 private:
  static FileCursor& cursor(void* user) { return *static_cast<FileCursor*>(user); }
  static ssize_t read_bytes(void* user, void* target, std::size_t count) {
    return cursor(user).read(target, static_cast<std::int64_t>(count));
  }
  static off_t seek_bytes(void* user, off_t offset, int whence) {
    return cursor(user).seek(offset, whence);
  }

  void report(const MpegFrames& frames) {
    damage_s_ = frames.damage_s;
    has_trouble_ = frames.changes_format;
    const std::int64_t present = file_.size() + frames.bytes_behind;
    if (frames.promised_frames > frames.num_frames + 1 && damage_s_.empty() &&
        (frames.promised_bytes == 0 || frames.promised_bytes > present)) {
      const double promised_s =
          static_cast<double>(frames.promised_frames * frames.samples_per_frame) / frames.rate_hz;
      warnings_.push_back("the file ends early: " + fixed(frames.duration_s(), 3) + " s of " +
                          fixed(promised_s, 3) + " s could be decoded");
    }
    if (frames.is_cut_off && warnings_.empty()) {
      warnings_.push_back("the file ends early: its last frame is cut off");
    }
    constexpr double kSuspiciousShare = 0.05;  // tags are known, so this may be a second song
    const double share_behind =
        static_cast<double>(frames.bytes_behind) / static_cast<double>(present);
    if (frames.changes_format || share_behind > kSuspiciousShare) {
      warnings_.push_back(
          "the song ends at " + fixed(frames.duration_s(), 3) + " s, but the file goes on: " +
          std::to_string(std::lround(100 * share_behind)) + " % of it was not decoded");
    }
  }

  std::string name_;
  FileBytes file_;
  FileCursor cursor_;
  std::unique_ptr<mpg123_handle, Mpg123Deleter> decoder_;
  std::int64_t position_ = 0;
  bool end_seen_ = false;
};

}  // namespace

std::unique_ptr<SampleSource> open_mpeg(const FileBytes& whole_file, const std::string& name) {
  FileBytes file = whole_file;
  const MpegFrames frames = find_mpeg_frames(file);
  const std::int64_t whole = file.size();
  std::int64_t in_frames = 0;
  for (const FileBytes::Range& range : frames.ranges) in_frames += range.end - range.begin;
  constexpr std::int64_t kLeastShare = 4;  // a quarter; less is something else with MP3 in it
  if (frames.num_frames == 0 || in_frames < whole / kLeastShare) return nullptr;
  file.keep(frames.ranges);
  if (frames.promised_frames != frames.num_frames && frames.count_place >= 0) {
    std::string count;
    for (int shift = 24; shift >= 0; shift -= 8) {
      count += static_cast<char>(frames.num_frames >> shift & 0xFF);
    }
    file.patch(frames.count_place - frames.ranges.front().begin, count);
  }
  return std::make_unique<MpegSource>(std::move(file), frames, name);
}

}  // namespace mer
