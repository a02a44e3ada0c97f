#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "mer/core/child_process.hpp"
#include "mer/core/error.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

std::vector<std::string> ffmpeg_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"ffmpeg", "-nostdin", "-hide_banner", "-v", "error"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

std::uint32_t big_endian(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

/// ffmpeg writes Sun AU of 32-bit floats: its header of six words tells rate and channels, so that
/// channels are averaged here as for every other file, not by ffmpeg's own matrix.
class FfmpegSource final : public SampleSource {
 public:
  explicit FfmpegSource(const std::filesystem::path& path)
      : name_(path.string()), process_(ffmpeg_command(arguments(path))) {
    if (process_.installed()) read_header();
  }

  bool installed() const { return process_.installed(); }

  std::size_t read(std::span<float> interleaved) override {
    const std::size_t frame_bytes = sizeof(float) * static_cast<std::size_t>(info_.num_channels);
    const std::size_t got = process_.read(std::as_writable_bytes(interleaved)) / frame_bytes;
    for (float& value : interleaved.first(got * static_cast<std::size_t>(info_.num_channels))) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      if constexpr (std::endian::native == std::endian::little) {
        value = std::bit_cast<float>(__builtin_bswap32(bits));
      }
    }
    position_ += static_cast<std::int64_t>(got);
    if (got == 0) at_end();
    return got;
  }

 private:
  static std::vector<std::string> arguments(const std::filesystem::path& path) {
    // "file:" keeps names that begin with '-' or look like a URL from being anything but files.
    return {"-protocol_whitelist",
            "file,pipe",
            "-i",
            "file:" + path.string(),
            "-map",
            "0:a:0",
            "-map_metadata",
            "-1",
            "-c:a",
            "pcm_f32be",
            "-f",
            "au",
            "pipe:1"};
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
    warnings_.push_back("decoded by ffmpeg");
  }

  [[noreturn]] void refuse() const {
    std::string reason = process_.last_line();
    const std::string prefix = "file:" + name_ + ": ";
    if (reason.compare(0, prefix.size(), prefix) == 0) reason.erase(0, prefix.size());
    throw InputError(name_ + ": neither libsndfile nor ffmpeg reads it: " +
                         (reason.empty() ? "no audio in it" : reason),
                     "is it an audio file? Ask: ffmpeg -i " + shell_quoted(name_));
  }

  void at_end() {
    if (end_seen_) return;
    end_seen_ = true;
    if (!process_.succeeded()) {
      throw InputError(name_ + ": ffmpeg stopped at " +
                           time_of_frame(position_, info_.sample_rate_hz) + ": " +
                           process_.last_line(),
                       "the file is damaged; get it again from its source");
    }
    if (!process_.last_line().empty()) warnings_.push_back("ffmpeg says: " + process_.last_line());
  }

  std::string name_;
  ChildProcess process_;
  std::int64_t position_ = 0;
  bool end_seen_ = false;
};

}  // namespace

std::unique_ptr<SampleSource> open_by_ffmpeg(const std::filesystem::path& path) {
  auto source = std::make_unique<FfmpegSource>(path);
  if (!source->installed()) return nullptr;
  return source;
}

std::string run_ffmpeg(const std::vector<std::string>& arguments, bool& installed) {
  const ProgramResult result = run_program(ffmpeg_command(arguments));
  installed = result.installed;
  if (!installed) return "ffmpeg is not installed";
  if (result.succeeded) return "";
  return result.last_line.empty() ? "ffmpeg failed" : result.last_line;
}

}  // namespace mer
