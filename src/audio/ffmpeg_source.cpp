#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <utility>

#include "mer/core/child_process.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

std::vector<std::string> ffmpeg_command(const std::string& level,
                                        const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"ffmpeg", "-nostdin", "-nostats", "-hide_banner", "-v", level};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

std::uint32_t big_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

/// A line without who says it and where that is in memory, which differs at every run.
std::string_view without_speaker(std::string_view line) {
  if (!line.starts_with('[') || line.find(" @ 0x") >= line.find(']')) return line;
  return line.substr(std::min(line.size(), line.find(']') + 2));
}

/// What ffmpeg says while it works, of which only a few lines matter. Each begins with its level,
/// some with who says it and an address: "[mp3 @ 0x55d0c8] [error] Header missing".
class FfmpegTalk {
 public:
  void hear(std::string_view line) {
    line = without_speaker(line);
    const std::size_t end = line.find("] ");
    if (!line.starts_with('[') || end == std::string_view::npos) return;
    const std::string_view level = line.substr(1, end - 1);
    const std::string_view text = line.substr(end + 2);
    if (level == "error" || level == "fatal") {
      if (text.find("non monotonically increasing dts") != std::string_view::npos)
        return;  // no matter
      if (errors_++ == 0) first_error_ = text;
    } else if (text.starts_with("Estimating duration from bitrate")) {
      duration_is_estimate_ = true;
    } else if (text.starts_with("  Stream #")) {
      has_streams_ = true;
      has_audio_ = has_audio_ || text.find(": Audio:") != std::string_view::npos;
    } else if (level == "info" && duration_s_ == 0.0 && text.starts_with("  Duration: ")) {
      int hours = 0;
      int minutes = 0;
      double seconds = 0.0;
      const std::string digits(text.substr(12, 11));
      if (std::sscanf(digits.c_str(), "%d:%d:%lf", &hours, &minutes, &seconds) == 3) {
        duration_s_ = 3600.0 * hours + 60.0 * minutes + seconds;
      }
    }
  }

  int errors() const { return errors_; }
  const std::string& first_error() const { return first_error_; }
  /// It opened the file, and there is no sound in it.
  bool has_no_audio() const { return has_streams_ && !has_audio_; }
  /// As the file's header has it; 0 when it has none.
  double promised_s() const { return duration_is_estimate_ ? 0.0 : duration_s_; }

 private:
  int errors_ = 0;
  std::string first_error_;
  bool has_streams_ = false;
  bool has_audio_ = false;
  bool duration_is_estimate_ = false;
  double duration_s_ = 0.0;
};

/// ffmpeg writes Sun AU of 32-bit floats: its header of six words tells rate and channels, so that
/// channels are averaged here as for every other file, not by ffmpeg's own matrix.
class FfmpegSource final : public SampleSource {
 public:
  FfmpegSource(const std::filesystem::path& path, const FfmpegPart& part)
      : name_(path.string()),
        process_(ffmpeg_command("level+info", arguments(path, part)), options()) {
    if (process_.installed()) read_header();
  }

  bool installed() const { return process_.installed(); }

  std::size_t read(std::span<float> interleaved) override {
    const std::size_t frame_bytes = sizeof(float) * static_cast<std::size_t>(info_.num_channels);
    // Few at a time: what is complained of is then told from what was read before.
    constexpr std::size_t kMostFrames = 1024;
    interleaved = interleaved.first(
        std::min(interleaved.size(), kMostFrames * static_cast<std::size_t>(info_.num_channels)));
    const std::size_t got = process_.read(std::as_writable_bytes(interleaved)) / frame_bytes;
    for (float& value : interleaved.first(got * static_cast<std::size_t>(info_.num_channels))) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      if constexpr (std::endian::native == std::endian::little) {
        value = std::bit_cast<float>(__builtin_bswap32(bits));
      }
    }
    position_ += static_cast<std::int64_t>(got);
    if (got == 0) {
      at_end();
    } else {
      note_damage();
    }
    return got;
  }

 private:
  static std::vector<std::string> arguments(const std::filesystem::path& path,
                                            const FfmpegPart& part) {
    // "file:" keeps names that begin with '-' or look like a URL from being anything but files.
    const std::string input = part.bytes.end == 0
                                  ? "file:" + path.string()
                                  : "subfile,,start," + std::to_string(part.bytes.begin) + ",end," +
                                        std::to_string(part.bytes.end) + ",,:file:" + path.string();
    std::vector<std::string> words = {"-protocol_whitelist",
                                      "file,pipe,subfile",
                                      "-i",
                                      input,
                                      "-map",
                                      "0:a:0",
                                      "-map_metadata",
                                      "-1"};
    if (part.rate_hz > 0) words.insert(words.end(), {"-ar", std::to_string(part.rate_hz)});
    // Small packets: what ffmpeg complains of is near what has been read when it does.
    words.insert(words.end(), {"-c:a", "pcm_f32be", "-flush_packets", "1", "-f", "au", "pipe:1"});
    return words;
  }

  ChildOptions options() {
    ChildOptions options;
    constexpr int kPipeBytes = 1 << 14;
    options.pipe_bytes = kPipeBytes;
    options.on_stderr_line = [this](std::string_view line) { talk_.hear(line); };
    return options;
  }

  void read_header() {
    std::array<std::byte, 24> header{};
    constexpr std::uint32_t kMagic = 0x2E736E64;  // ".snd"
    constexpr std::uint32_t kFloat32 = 6;
    constexpr std::uint32_t kMaxHeaderBytes = 1 << 20;
    if (process_.read(header) < header.size()) refuse();
    const std::span<const std::byte> words(header);
    const std::uint32_t header_bytes = big_endian(words.subspan(4));
    const std::uint32_t channels = big_endian(words.subspan(20));
    if (big_endian(words) != kMagic || big_endian(words.subspan(12)) != kFloat32 ||
        header_bytes < header.size() || header_bytes > kMaxHeaderBytes || channels < 1 ||
        channels > 1024) {
      throw InputError(name_ + ": ffmpeg's answer is not understood",
                       "convert the file to FLAC first");
    }
    std::vector<std::byte> rest(header_bytes - header.size());
    if (process_.read(rest) < rest.size()) refuse();
    info_.sample_rate_hz =
        static_cast<int>(std::min<std::uint32_t>(big_endian(words.subspan(16)), 1U << 30));
    info_.num_channels = static_cast<int>(channels);
    const std::string codec = guess_codec(name_);
    info_.format = codec.empty() ? "by ffmpeg" : codec;
    info_.by_ffmpeg = true;
    info_.duration_s = talk_.promised_s();
    errors_heard_ = talk_.errors();  // of covers and other streams, before any sound
    warnings_.push_back("decoded by ffmpeg");
  }

  /// What it says is worth reading where the first bytes promise audio. Of anything else it says
  /// what it tried in vain.
  [[noreturn]] void refuse() const {
    const bool has_reason =
        !codec_of_bytes(FileBytes(name_)).empty() && talk_.errors() > 0 && !talk_.has_no_audio();
    const std::string reason = has_reason ? first_error() : "no audio in it";
    throw InputError(name_ + ": neither libsndfile nor ffmpeg reads it: " + reason,
                     "is it an audio file? Ask: ffmpeg -i " + shell_quoted(name_));
  }

  std::string first_error() const {
    const std::string prefix = "file:" + name_ + ": ";
    const std::string& error = talk_.first_error();
    return error.starts_with(prefix) ? error.substr(prefix.size()) : error;
  }

  void note_damage() {
    if (talk_.errors() == errors_heard_) return;
    errors_heard_ = talk_.errors();
    damage_s_.push_back(position_s());
  }

  double position_s() const { return static_cast<double>(position_) / info_.sample_rate_hz; }

  void at_end() {
    if (end_seen_) return;
    end_seen_ = true;
    constexpr double kRoundingS = 0.5;  // of headers, and of what encoders add
    const double missing_s = talk_.promised_s() - position_s();
    note_damage();
    constexpr double kStretchS = 2.0;  // missing: may be what was damaged before
    if (process_.succeeded() && missing_s < (damage_s_.empty() ? kRoundingS : kStretchS)) return;
    std::erase_if(damage_s_, [&](double place_s) { return place_s > position_s() - kStretchS; });
    std::string warning = "the file ends early: " + time_of_frame(position_, info_.sample_rate_hz);
    if (missing_s >= kRoundingS) warning += " of " + fixed(talk_.promised_s(), 2) + " s";
    warning += " could be decoded";
    if (talk_.errors() > 0) warning += " (ffmpeg: " + first_error() + ")";
    warnings_.push_back(warning);
  }

  std::string name_;
  FfmpegTalk talk_;
  ChildProcess process_;
  std::int64_t position_ = 0;
  int errors_heard_ = 0;
  bool end_seen_ = false;
};

}  // namespace

std::unique_ptr<SampleSource> open_by_ffmpeg(const std::filesystem::path& path,
                                             const FfmpegPart& part) {
  auto source = std::make_unique<FfmpegSource>(path, part);
  if (!source->installed()) return nullptr;
  return source;
}

std::string run_ffmpeg(const std::vector<std::string>& arguments, bool& installed) {
  const ProgramResult result = run_program(ffmpeg_command("error", arguments));
  installed = result.installed;
  if (!installed) return "ffmpeg is not installed";
  if (result.succeeded) return "";
  return result.last_line.empty() ? "ffmpeg failed"
                                  : std::string(without_speaker(result.last_line));
}

}  // namespace mer
