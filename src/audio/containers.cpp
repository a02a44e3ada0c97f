#include "containers.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "mer/core/text_table.hpp"

namespace mer {
namespace {

std::uint64_t number(std::string_view bytes, bool is_big_endian) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char byte = bytes[is_big_endian ? i : bytes.size() - 1 - i];
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}

std::string bytes_of(std::uint64_t value, std::size_t count, bool is_big_endian) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    bytes[is_big_endian ? count - 1 - i : i] = static_cast<char>(value >> (8 * i) & 0xFF);
  }
  return bytes;
}

std::string ends_early(std::int64_t promised, std::int64_t present) {
  return "the file ends early: its header promises " + std::to_string(promised) +
         " bytes of sound, there are " + std::to_string(present);
}

std::string goes_on(std::int64_t promised, std::int64_t present) {
  return "its header says that the sound ends after " + std::to_string(promised) + " of " +
         std::to_string(present) + " bytes; all were decoded";
}

/// How a family of containers writes its chunks: a name, a size, the content.
struct ChunkStyle {
  std::string_view magic;
  std::int64_t first_chunk;
  std::size_t name_bytes;
  std::size_t size_bytes;
  bool is_big_endian;
  bool size_has_header;
  std::int64_t alignment;
  std::string_view samples;  ///< the chunk's name
};

constexpr std::array kChunkStyles = {ChunkStyle{"RIFF", 12, 4, 4, false, false, 2, "data"},
                                     ChunkStyle{"RIFX", 12, 4, 4, true, false, 2, "data"},
                                     ChunkStyle{"RF64", 12, 4, 4, false, false, 2, "data"},
                                     ChunkStyle{"FORM", 12, 4, 4, true, false, 2, "SSND"},
                                     ChunkStyle{"riff", 40, 16, 8, false, true, 8, "data"},
                                     ChunkStyle{"caff", 8, 4, 8, true, false, 1, "data"}};

class ChunkFile {
 public:
  ChunkFile(FileBytes& file, const ChunkStyle& style) : file_(file), style_(style) {}

  /// @return where another file of the same kind begins behind this one, 0 for nowhere
  std::int64_t correct(KnownOfFile& known) {
    std::int64_t ds64 = 0;
    for (std::int64_t place = style_.first_chunk; place + header_bytes() <= file_.size();) {
      if (file_.has(place, "ds64")) ds64 = place;
      if (file_.has(place, style_.samples)) {
        return correct_size(place, ds64, known);
      }
      const std::uint64_t size = size_at(place);
      if (size > static_cast<std::uint64_t>(file_.size())) return 0;
      place = next(place, static_cast<std::int64_t>(size));
    }
    return 0;
  }

 private:
  std::int64_t header_bytes() const {
    return static_cast<std::int64_t>(style_.name_bytes + style_.size_bytes);
  }
  /// Of the content.
  std::uint64_t size_at(std::int64_t place) const {
    const std::uint64_t size =
        number(file_.text(place + static_cast<std::int64_t>(style_.name_bytes), style_.size_bytes),
               style_.is_big_endian);
    const auto header = static_cast<std::uint64_t>(header_bytes());
    return style_.size_has_header && size >= header ? size - header : size;
  }
  std::int64_t next(std::int64_t place, std::int64_t size) const {
    const std::int64_t end = place + header_bytes() + size;
    return (end + style_.alignment - 1) / style_.alignment * style_.alignment;
  }

  /// Whether only chunks follow, whose names are readable and whose ends are inside the file.
  bool are_chunks_from(std::int64_t place) const {
    while (place + header_bytes() <= file_.size()) {
      const std::string name = file_.text(place, 4);
      if (std::any_of(name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; })) {
        return false;
      }
      const std::uint64_t size = size_at(place);
      // The pad byte of the last one may be missing.
      if (size > static_cast<std::uint64_t>(file_.size() - place - header_bytes() + 1))
        return false;
      place = next(place, static_cast<std::int64_t>(size));
    }
    return true;
  }

  std::int64_t correct_size(std::int64_t place, std::int64_t ds64, KnownOfFile& known) {
    constexpr std::uint64_t kUnknown = 0x7FFF0000;  // and more: of programs that write to a pipe
    constexpr std::int64_t kSmallRest = 1 << 16;
    const bool is_64 = ds64 > 0 && size_at(place) >= 0xFFFFFFFF;
    const std::uint64_t size =
        is_64 ? number(file_.text(ds64 + 16, 8), style_.is_big_endian) : size_at(place);
    const std::int64_t present = file_.size() - place - header_bytes();
    const bool is_unknown = size == 0 || (size >= kUnknown && style_.size_bytes == 4 && !is_64) ||
                            static_cast<std::int64_t>(size) < 0;
    if (!is_unknown) {
      const auto promised = static_cast<std::int64_t>(size);
      if (promised > present + 1) {
        known.warnings.push_back(ends_early(promised, present));
      } else {
        const std::int64_t behind = next(place, promised);
        const std::int64_t rest = file_.size() - behind;
        if (rest < header_bytes() || tag_at(file_, behind) > 0) return 0;
        if (file_.has(behind, style_.magic)) return behind;
        if (are_chunks_from(behind)) return 0;
        if (rest < kSmallRest && rest < present / 100) return 0;  // nobody's song
        known.warnings.push_back(goes_on(promised, present));
      }
    } else if (present == 0 || (size == 0 && are_chunks_from(place + header_bytes()))) {
      return 0;  // no sound indeed
    }
    const auto actual = static_cast<std::uint64_t>(present);
    if (is_64) {
      file_.patch(ds64 + 16, bytes_of(actual, 8, style_.is_big_endian));
    } else {
      const std::uint64_t header =
          style_.size_has_header ? static_cast<std::uint64_t>(header_bytes()) : 0;
      if (style_.size_bytes == 4 && actual > 0xFFFFFFFE) return 0;
      file_.patch(place + static_cast<std::int64_t>(style_.name_bytes),
                  bytes_of(actual + header, style_.size_bytes, style_.is_big_endian));
    }
    return 0;
  }

  FileBytes& file_;
  const ChunkStyle& style_;
};

/// Sun AU has its size in its header, and nothing behind the sound.
void correct_au(FileBytes& file, KnownOfFile& known) {
  const auto offset = static_cast<std::int64_t>(number(file.text(4, 4), true));
  const auto promised = static_cast<std::int64_t>(number(file.text(8, 4), true));
  const std::int64_t present = file.size() - offset;
  constexpr std::int64_t kUnknown = 0xFFFFFFFF;
  if (present <= 0 || promised == present || promised == kUnknown) return;
  if (promised > present) {
    known.warnings.push_back(ends_early(promised, present));
  } else if (promised > 0) {
    known.warnings.push_back(goes_on(promised, present));
  }
  file.patch(8, bytes_of(kUnknown, 4, true));
}

/// The number of samples in the header becomes "unknown", so that all are decoded.
void correct_flac(FileBytes& file, KnownOfFile& known) {
  constexpr std::int64_t kPlace = 21;  // its upper four bits belong to the sample size
  const std::string field = file.text(kPlace, 5);
  if (field.size() < 5) return;
  known.num_frames = static_cast<std::int64_t>(number(field, true) & 0xFFFFFFFFF);
  file.patch(kPlace, std::string(1, static_cast<char>(field[0] & 0xF0)) + std::string(4, '\0'));
}

/// Walks through the pages of an Ogg file.
class OggPages {
 public:
  explicit OggPages(const FileBytes& file) : file_(file), window_(file) {}

  KnownOfFile run() {
    while (place_ < file_.size()) {
      if (!take_page() && !find_page()) break;
    }
    if (!has_end_ && is_music()) {
      known_.warnings.push_back("the file ends early: its last Ogg page is missing");
    }
    known_.is_ogg = true;
    const bool has_wrong_count = is_flac_ && flac_frames_ > 0 && granule_ != flac_frames_;
    if (!songs_.empty()) songs_.back().end = file_.size();
    if (songs_.size() > 1) {
      known_.songs = songs_;
    } else if (has_wrong_count || !known_.damage_s.empty()) {
      known_.has_trouble = true;
    }
    return std::move(known_);
  }

 private:
  static constexpr std::size_t kHeaderBytes = 27;
  static constexpr std::int64_t kRestOfPages = 1 << 16;

  bool is_music() const { return rate_hz_ > 0; }

  /// libogg's: the polynomial 04C11DB7 from the highest bit on.
  static std::uint32_t checksum(std::span<const unsigned char> page) {
    static const std::array<std::uint32_t, 256> kTable = [] {
      std::array<std::uint32_t, 256> table{};
      for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i << 24;
        for (int bit = 0; bit < 8; ++bit)
          value = value << 1 ^ (value >> 31 != 0 ? 0x04C11DB7U : 0U);
        table[i] = value;
      }
      return table;
    }();
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < page.size(); ++i) {
      const unsigned char byte = i >= 22 && i < 26 ? 0 : page[i];  // the checksum itself
      sum = sum << 8 ^ kTable[(sum >> 24 ^ byte) & 0xFF];
    }
    return sum;
  }

  /// False for what is no whole, undamaged page.
  bool take_page() {
    const auto head = window_.at(place_, kHeaderBytes + 255);
    if (head.size() < kHeaderBytes ||
        std::string_view(reinterpret_cast<const char*>(head.data()), 4) != "OggS")
      return false;
    std::size_t bytes = kHeaderBytes + head[26];
    if (head.size() < bytes) return false;
    std::size_t content = 0;
    for (std::size_t i = kHeaderBytes; i < kHeaderBytes + head[26]; ++i) content += head[i];
    const std::size_t content_begin = bytes;
    bytes += content;
    const auto page = window_.at(place_, bytes);
    if (page.size() < bytes) return false;
    const std::string_view text(reinterpret_cast<const char*>(page.data()), page.size());
    if (checksum(page) != number(text.substr(22, 4), false)) return false;
    const bool is_first = (page[5] & 2) != 0;
    const auto sequence = static_cast<std::uint32_t>(number(text.substr(18, 4), false));
    if (is_first) {
      begin_stream(text.substr(content_begin));
      if (follows_first_page_) is_multiplexed_ = true;
    } else if (sequence != sequence_ + 1 && !is_multiplexed_ && !in_gap_) {
      known_.damage_s.push_back(time_s());
    }
    follows_first_page_ = is_first;
    in_gap_ = false;
    sequence_ = sequence;
    const auto granule = static_cast<std::int64_t>(number(text.substr(6, 8), false));
    if (granule > 0) granule_ = granule;
    has_end_ = (page[5] & 4) != 0;
    place_ += static_cast<std::int64_t>(bytes);
    return true;
  }

  void begin_stream(std::string_view packet) {
    before_s_ = time_s();
    granule_ = 0;
    rate_hz_ = 0;
    // Streams that begin together sound together.
    if (follows_first_page_) return;
    if (!songs_.empty()) songs_.back().end = place_;
    songs_.push_back({place_, 0});
    const auto little = [&](std::size_t place) {
      return packet.size() >= place + 4 ? static_cast<int>(number(packet.substr(place, 4), false))
                                        : 0;
    };
    if (packet.starts_with("\x01vorbis")) rate_hz_ = little(12);
    if (packet.starts_with("OpusHead")) rate_hz_ = 48000;
    if (packet.starts_with("Speex   ")) rate_hz_ = little(36);
    is_flac_ = packet.starts_with(
                   "\x7F"
                   "FLAC") &&
               packet.size() >= 39;
    if (is_flac_) {
      rate_hz_ = static_cast<int>(number(packet.substr(27, 3), true) >> 4);
      flac_frames_ = static_cast<std::int64_t>(number(packet.substr(30, 5), true) & 0xFFFFFFFFF);
    }
  }

  double time_s() const {
    return before_s_ + (is_music() ? static_cast<double>(granule_) / rate_hz_ : 0.0);
  }

  /// Goes on to the next whole page; false when there is none.
  bool find_page() {
    const std::int64_t from = place_;
    in_gap_ = true;
    for (++place_; place_ < file_.size(); ++place_) {
      const auto byte = window_.at(place_, 1);
      if (byte[0] != 'O' || !file_.has(place_, "OggS")) continue;
      const double at_s = time_s();
      if (!take_page()) continue;
      if (from > 0) known_.damage_s.push_back(at_s);
      return true;
    }
    // Not the last page of the song is cut off, but something that is none of its pages follows.
    if (has_end_ && file_.size() - from > kRestOfPages &&
        5 * (file_.size() - from) > file_.size()) {
      known_.has_trouble = true;
      known_.warnings.push_back(
          "the song ends at " + fixed(time_s(), 3) + " s, but the file goes on: " +
          std::to_string(100 * (file_.size() - from) / file_.size()) + " % of it was not decoded");
    }
    return false;
  }

  const FileBytes& file_;
  ByteWindow window_;
  std::int64_t place_ = 0;
  std::uint32_t sequence_ = 0;
  std::int64_t granule_ = 0;
  std::int64_t flac_frames_ = 0;
  int rate_hz_ = 0;
  double before_s_ = 0.0;
  std::vector<FileBytes::Range> songs_;
  bool follows_first_page_ = false;
  bool is_multiplexed_ = false;
  bool is_flac_ = false;
  bool has_end_ = false;
  bool in_gap_ = false;
  KnownOfFile known_;
};

}  // namespace

KnownOfFile correct_counts(FileBytes& file) {
  KnownOfFile known;
  for (const ChunkStyle& style : kChunkStyles) {
    if (!file.has(0, style.magic)) continue;
    std::int64_t begin = 0;
    std::int64_t behind = ChunkFile(file, style).correct(known);
    while (behind > 0) {
      known.songs.push_back({begin, begin + behind});
      begin += behind;
      FileBytes rest = file;
      rest.keep({{begin, file.size()}});
      KnownOfFile of_rest;  // looked at again when it is opened
      behind = ChunkFile(rest, style).correct(of_rest);
    }
    if (begin > 0) known.songs.push_back({begin, file.size()});
  }
  if (file.has(0, ".snd")) correct_au(file, known);
  if (file.has(0, "fLaC")) correct_flac(file, known);
  if (file.has(0, "OggS")) return OggPages(file).run();
  return known;
}

}  // namespace mer
