#include "mpeg_frames.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace mer {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr int kFramesToTrust = 3;  ///< in a row, before what looks like frames is taken for them
constexpr int kFramesOfAnotherFormat = 8;  ///< in a row, before the format is said to change
/// Some encoders leave a few bytes between frames.
constexpr std::int64_t kHarmlessGapBytes = 16;
/// In front, a cut-out of a stream has a part of a frame, and web servers leave headers.
constexpr std::int64_t kHarmlessFrontBytes = 4096;
constexpr std::int64_t kMaxFreeFormatBytes = 8192;

struct Header {
  std::uint32_t key = 0;  ///< version, layer, rate and mono or not: the same for all frames
  int layer = 0;
  bool is_version_1 = false;
  int rate_hz = 0;
  int channels = 0;
  int samples = 0;
  std::int64_t bytes = 0;  ///< 0 in free format
  std::int64_t padding = 0;
};

std::optional<Header> parse(std::span<const unsigned char> bytes) {
  if (bytes.size() < kHeaderBytes || bytes[0] != 0xFF || (bytes[1] & 0xE0) != 0xE0) return {};
  const int version = bytes[1] >> 3 & 3;  // 0: 2.5, 2: 2, 3: 1
  const int layer = 4 - (bytes[1] >> 1 & 3);
  const int rate_index = bytes[2] >> 2 & 3;
  const int bitrate_index = bytes[2] >> 4;
  if (version == 1 || layer == 4 || rate_index == 3 || bitrate_index == 15) return {};
  if ((bytes[3] & 3) == 2) return {};  // a kind of emphasis that does not exist
  constexpr std::array<std::array<int, 15>, 5> kKbits = {
      {{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
       {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
       {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
       {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
       {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}}};
  constexpr std::array kRatesHz = {44100, 48000, 32000};
  Header header;
  const bool is_mono = bytes[3] >> 6 == 3;
  header.key = static_cast<std::uint32_t>(bytes[1] & 0x1E) << 8 | (bytes[2] & 0x0C) |
               static_cast<std::uint32_t>(is_mono);
  header.layer = layer;
  header.is_version_1 = version == 3;
  header.rate_hz = kRatesHz[static_cast<std::size_t>(rate_index)] >> (version == 3   ? 0
                                                                      : version == 2 ? 1
                                                                                     : 2);
  header.channels = is_mono ? 1 : 2;
  header.samples = layer == 1 ? 384 : layer == 3 && version != 3 ? 576 : 1152;
  const int slot = layer == 1 ? 4 : 1;
  header.padding = (bytes[2] >> 1 & 1) != 0 ? slot : 0;
  if (bitrate_index == 0) return header;
  const int row = version == 3 ? layer - 1 : layer == 1 ? 3 : 4;
  const int bits_a_second =
      1000 * kKbits[static_cast<std::size_t>(row)][static_cast<std::size_t>(bitrate_index)];
  header.bytes = std::int64_t{header.samples / 8 / slot} * bits_a_second / header.rate_hz * slot +
                 header.padding;
  return header;
}

class FrameSearch {
 public:
  explicit FrameSearch(const FileBytes& file) : file_(file), window_(file) {}

  MpegFrames run() {
    while (place_ < file_.size()) {
      const auto frame = header_at(place_);
      if (is_locked() && frame && frame->key == lock_.key) {
        found_.is_cut_off = place_ + frame->bytes > file_.size();
        if (found_.is_cut_off) break;
        take(*frame);
      } else if (!find_next()) {
        break;
      }
    }
    return std::move(found_);
  }

 private:
  bool is_locked() const { return lock_.rate_hz > 0; }

  /// With the length of a free-format frame too, once that is known.
  std::optional<Header> header_at(std::int64_t place) {
    auto header = parse(window_.at(place, kHeaderBytes));
    if (header && header->bytes == 0) {
      if (free_format_bytes_ == 0) return {};
      header->bytes = free_format_bytes_ + header->padding;
    }
    return header;
  }

  /// The distance to the next header of the same kind, if a third one stands as far behind.
  std::int64_t free_format_bytes_at(std::int64_t place) {
    const auto first = parse(window_.at(place, kHeaderBytes));
    if (!first || first->bytes != 0) return 0;
    constexpr std::int64_t kMinBytes = 24;
    for (std::int64_t step = kMinBytes; step < kMaxFreeFormatBytes; ++step) {
      const auto next = parse(window_.at(place + step, kHeaderBytes));
      if (!next || next->bytes != 0 || next->key != first->key) continue;
      const std::int64_t bytes = step - first->padding;
      const auto third = parse(window_.at(place + step + bytes + next->padding, kHeaderBytes));
      if (third && third->bytes == 0 && third->key == first->key) return bytes;
    }
    return 0;
  }

  /// How many frames of one kind follow each other from `place`, `most` at most; the file's end
  /// counts for all that are missing.
  int frames_in_a_row(std::int64_t place, int most) {
    std::uint32_t key = 0;
    for (int count = 0; count < most; ++count) {
      if (count > 0 && place >= file_.size()) return most;
      const auto frame = header_at(place);
      if (!frame || (count > 0 && frame->key != key)) return count;
      key = frame->key;
      place += frame->bytes;
    }
    return most;
  }

  bool begins_at(std::int64_t place) {
    if (!is_locked()) {
      free_format_bytes_ = free_format_bytes_at(place);
      return frames_in_a_row(place, kFramesToTrust) == kFramesToTrust;
    }
    const auto frame = header_at(place);
    if (!frame) return false;
    if (frame->key == lock_.key) return frames_in_a_row(place, 2) == 2;
    if (frames_in_a_row(place, kFramesOfAnotherFormat) < kFramesOfAnotherFormat) return false;
    found_.changes_format = true;
    return false;
  }

  /// Goes on to the next frame behind tags, zeros and junk; false when there is none.
  bool find_next() {
    std::int64_t junk_bytes = 0;
    for (std::int64_t place = place_; place < file_.size() && !found_.changes_format;) {
      if (const std::int64_t tag = tag_at(place); tag > 0 && place + tag <= file_.size()) {
        place += tag;
        continue;
      }
      if (begins_at(place)) {
        const bool at_front = !is_locked();
        place_ = place;
        found_.bytes_behind = 0;
        if (at_front) lock_ = *header_at(place);
        if (junk_bytes > (at_front ? kHarmlessFrontBytes : kHarmlessGapBytes)) {
          found_.damage_s.push_back(at_front ? 0.0 : found_.duration_s());
        }
        return true;
      }
      if (window_.at(place, 1)[0] != 0) ++found_.bytes_behind;
      ++place;
      ++junk_bytes;
    }
    return false;
  }

  std::int64_t tag_at(std::int64_t place) {
    const auto first = window_.at(place, 1);
    if (first.empty() || (first[0] != 'I' && first[0] != 'T' && first[0] != 'A' && first[0] != 'L'))
      return 0;
    return mer::tag_at(file_, place);
  }

  void take(const Header& frame) {
    const bool is_first = found_.ranges.empty();
    if (is_first) {
      found_.rate_hz = frame.rate_hz;
      found_.num_channels = frame.channels;
      found_.layer = frame.layer;
      found_.samples_per_frame = frame.samples;
    }
    const bool is_contents = frame.layer == 3 && read_contents(frame, is_first);
    if (!is_contents) ++found_.num_frames;
    if (is_first ||
        !is_contents) {  // the contents of a second song in the file are none of this one
      const std::int64_t end = place_ + frame.bytes;
      if (!is_first && found_.ranges.back().end == place_) {
        found_.ranges.back().end = end;
      } else {
        found_.ranges.push_back({place_, end});
      }
    }
    place_ += frame.bytes;
  }

  /// A first frame without music, that tells how many follow (Xing's, LAME's or Fraunhofer's).
  bool read_contents(const Header& frame, bool is_first) {
    const bool is_mono = frame.channels == 1;
    const std::int64_t side_bytes = frame.is_version_1 ? (is_mono ? 17 : 32) : (is_mono ? 9 : 17);
    const auto number = [&](std::int64_t place) {
      const auto bytes = window_.at(place, 4);
      std::int64_t value = 0;
      for (const unsigned char byte : bytes) value = value << 8 | byte;
      return value;
    };
    const std::int64_t xing = place_ + 4 + side_bytes;
    const std::int64_t vbri = place_ + 4 + 32;
    const auto has = [&](std::int64_t place, std::string_view word) {
      const auto bytes = window_.at(place, word.size());
      return std::equal(bytes.begin(), bytes.end(), word.begin(), word.end());
    };
    const bool is_xing = has(xing, "Xing") || has(xing, "Info");
    if (!is_xing && !has(vbri, "VBRI")) return false;
    if (!is_first) return true;
    if (!is_xing) {
      found_.count_place = vbri + 14;
      found_.promised_bytes = number(vbri + 10);
    } else {
      const std::int64_t flags = number(xing + 4);
      if ((flags & 1) != 0) found_.count_place = xing + 8;
      if ((flags & 2) != 0) found_.promised_bytes = number(xing + ((flags & 1) != 0 ? 12 : 8));
    }
    if (found_.count_place >= 0) found_.promised_frames = number(found_.count_place);
    return true;
  }

  const FileBytes& file_;
  ByteWindow window_;
  std::int64_t place_ = 0;
  Header lock_;
  std::int64_t free_format_bytes_ = 0;
  MpegFrames found_;
};

}  // namespace

MpegFrames find_mpeg_frames(const FileBytes& file) { return FrameSearch(file).run(); }

}  // namespace mer
