#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "mer/core/error.hpp"
#include "mer/core/text_table.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

std::string major_name(int format) {
  switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
      return "WAV";
    case SF_FORMAT_RF64:
      return "RF64";
    case SF_FORMAT_W64:
      return "W64";
    case SF_FORMAT_AIFF:
      return "AIFF";
    case SF_FORMAT_AU:
      return "AU";
    case SF_FORMAT_CAF:
      return "CAF";
    case SF_FORMAT_FLAC:
      return "FLAC";
    case SF_FORMAT_OGG:
      return "Ogg";
    case SF_FORMAT_MPEG:
      return "MPEG";
    default:
      break;
  }
  SF_FORMAT_INFO info{};
  info.format = format & SF_FORMAT_TYPEMASK;
  if (sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info) != 0) return "audio";
  return info.name;
}

std::string subtype_name(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
      return "8 bit PCM";
    case SF_FORMAT_PCM_16:
      return "16 bit PCM";
    case SF_FORMAT_PCM_24:
      return "24 bit PCM";
    case SF_FORMAT_PCM_32:
      return "32 bit PCM";
    case SF_FORMAT_FLOAT:
      return "32 bit float";
    case SF_FORMAT_DOUBLE:
      return "64 bit float";
    case SF_FORMAT_VORBIS:
      return "Vorbis";
    case SF_FORMAT_OPUS:
      return "Opus";
    default:
      break;
  }
  SF_FORMAT_INFO info{};
  info.format = format & SF_FORMAT_SUBMASK;
  if (sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info) != 0) return "";
  return info.name;
}

std::string format_name(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_MPEG_LAYER_I:
      return "MP1";
    case SF_FORMAT_MPEG_LAYER_II:
      return "MP2";
    case SF_FORMAT_MPEG_LAYER_III:
      return "MP3";
    default:
      break;
  }
  const std::string subtype = subtype_name(format);
  return subtype.empty() ? major_name(format) : major_name(format) + " (" + subtype + ")";
}

/// Formats whose frames don't depend on the ones before, so that seeking gives the same samples.
bool seeks_exactly(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_PCM_16:
    case SF_FORMAT_PCM_24:
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
    case SF_FORMAT_DOUBLE:
      return true;
    default:
      return false;
  }
}

/// Tags and cover pictures behind the music are smaller; what is larger may be a second song.
constexpr double kSuspiciousShareLeft = 0.2;
constexpr sf_count_t kMpegFramesPerCall = 1152;  // one MPEG frame

bool is_mpeg(int format) { return (format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG; }

/// A file that doesn't tell where it ends.
///
/// For an MP3 without a Xing header, libsndfile takes mpg123's estimate of the length (from the
/// first frame's bit rate) for the truth and stops there: a VBR file would lose what is beyond.
/// When seeking to the end fails, there is no estimate and the file is read as far as it goes.
class EndlessFile {
 public:
  explicit EndlessFile(int fd) : fd_(fd) {}
  ~EndlessFile() { close(fd_); }
  EndlessFile(const EndlessFile&) = delete;
  EndlessFile& operator=(const EndlessFile&) = delete;

  SNDFILE* open(SF_INFO& info) {
    lseek(fd_, 0, SEEK_SET);
    SF_VIRTUAL_IO io{};
    io.get_filelen = [](void* user) {
      struct stat status {};
      return fstat(fd_of(user), &status) == 0 ? static_cast<sf_count_t>(status.st_size) : 0;
    };
    io.seek = [](sf_count_t offset, int whence, void* user) -> sf_count_t {
      return whence == SEEK_END ? -1 : lseek(fd_of(user), offset, whence);
    };
    io.read = [](void* target, sf_count_t count, void* user) -> sf_count_t {
      return ::read(fd_of(user), target, static_cast<std::size_t>(count));
    };
    io.write = [](const void*, sf_count_t, void*) -> sf_count_t { return 0; };
    io.tell = [](void* user) -> sf_count_t { return lseek(fd_of(user), 0, SEEK_CUR); };
    return sf_open_virtual(&io, SFM_READ, &info, this);
  }

  /// Of the file's bytes, the share behind the place that was read last.
  double share_left() const {
    struct stat status {};
    if (fstat(fd_, &status) != 0 || status.st_size <= 0) return 0.0;
    return 1.0 - static_cast<double>(lseek(fd_, 0, SEEK_CUR)) / static_cast<double>(status.st_size);
  }

 private:
  static int fd_of(void* user) { return static_cast<EndlessFile*>(user)->fd_; }
  int fd_;
};

/// libsndfile's last message without its full stop.
std::string reason_of(SNDFILE* handle) {
  std::string reason = sf_strerror(handle);
  while (!reason.empty() && (reason.back() == '.' || reason.back() == ' ')) reason.pop_back();
  return reason;
}

class SndfileSource final : public SampleSource {
 public:
  SndfileSource(SNDFILE* handle, const SF_INFO& sf_info, std::string name,
                std::unique_ptr<EndlessFile> file = nullptr)
      : file_(std::move(file)), handle_(handle), sf_info_(sf_info), name_(std::move(name)) {
    info_.format = format_name(sf_info.format);
    info_.sample_rate_hz = sf_info.samplerate;
    info_.num_channels = sf_info.channels;
    if (sf_info.samplerate > 0 && sf_info.frames != SF_COUNT_MAX) {
      info_.duration_s = static_cast<double>(sf_info.frames) / sf_info.samplerate;
    }
  }
  ~SndfileSource() override { sf_close(handle_); }
  SndfileSource(const SndfileSource&) = delete;
  SndfileSource& operator=(const SndfileSource&) = delete;

  std::size_t read(std::span<float> interleaved) override {
    auto wanted = static_cast<sf_count_t>(interleaved.size()) / sf_info_.channels;
    // An error takes the whole call's samples with it: few a call for a format where they happen.
    if (is_mpeg(sf_info_.format)) wanted = std::min(wanted, kMpegFramesPerCall);
    if (wanted == 0) return 0;
    const sf_count_t got = sf_readf_float(handle_, interleaved.data(), wanted);
    position_ += std::max<sf_count_t>(got, 0);
    if (got <= 0) at_end();
    return static_cast<std::size_t>(std::max<sf_count_t>(got, 0));
  }

  bool seek_exactly(std::int64_t frame) override {
    if (!seeks_exactly(sf_info_.format) || sf_info_.seekable == 0 || frame >= sf_info_.frames) {
      return false;
    }
    if (sf_seek(handle_, frame, SEEK_SET) != frame) {
      throw InputError(name_ + ": cannot go to " + time_of_frame(frame, sf_info_.samplerate) +
                       ": " + reason_of(handle_));
    }
    position_ = frame;
    return true;
  }

  void set_estimated_duration(double duration_s) { info_.duration_s = duration_s; }
  void add_warning(std::string warning) { warnings_.push_back(std::move(warning)); }

 private:
  void at_end() {
    if (end_seen_) return;
    end_seen_ = true;
    const std::string at = time_of_frame(position_, sf_info_.samplerate);
    const bool has_error = sf_error(handle_) != SF_ERR_NO_ERROR;
    if (has_error && position_ == 0) {
      throw InputError(name_ + ": cannot be decoded: " + reason_of(handle_),
                       "the file is damaged; get it again from its source");
    }
    if (sf_info_.frames != SF_COUNT_MAX && position_ < sf_info_.frames) {
      add_warning("the file ends early: " + at + " of " +
                  time_of_frame(sf_info_.frames, sf_info_.samplerate) + " could be decoded");
    } else if (has_error) {
      add_warning("the file ends early: decoding stopped at " + at + ": " + reason_of(handle_));
    } else if (file_ != nullptr && file_->share_left() > kSuspiciousShareLeft) {
      add_warning("the song ends at " + at + " as its header says, but the file goes on: " +
                  std::to_string(std::lround(100 * file_->share_left())) +
                  " % of it was not decoded");
    }
  }

  std::unique_ptr<EndlessFile> file_;  // what handle_ reads, when it isn't libsndfile's own
  SNDFILE* handle_;
  SF_INFO sf_info_;
  std::string name_;
  sf_count_t position_ = 0;
  bool end_seen_ = false;
};

InputError cannot_open(const std::filesystem::path& path, int error) {
  const std::string what = error == ENOENT   ? "no such file"
                           : error == EACCES ? "permission denied"
                                             : std::strerror(error);
  return InputError(path.string() + ": " + what, error == ENOENT ? "check the path" : "");
}

/// libsndfile takes a cut-off WAV or AIFF for a shorter one. Their outermost chunk says how long
/// the file was meant to be; programs that write to a pipe leave 0 or a huge number there.
bool is_cut_off(int fd, std::int64_t file_bytes) {
  std::array<unsigned char, 12> head{};
  if (pread(fd, head.data(), head.size(), 0) != static_cast<ssize_t>(head.size())) return false;
  const bool is_wav = std::memcmp(head.data(), "RIFF", 4) == 0;
  const bool is_aiff = std::memcmp(head.data(), "FORM", 4) == 0;
  if (!is_wav && !is_aiff) return false;
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | head[is_wav ? 7 - i : 4 + i];
  constexpr std::uint32_t kUnknownSize = 0x7FFF0000;
  return size<kUnknownSize&& static_cast<std::int64_t>(size) + 8> file_bytes + 1;
}

}  // namespace

std::unique_ptr<SampleSource> source_of_sndfile(SNDFILE* handle, const SF_INFO& sf_info,
                                                const std::string& name) {
  return std::make_unique<SndfileSource>(handle, sf_info, name);
}

std::unique_ptr<SampleSource> open_by_sndfile(const std::filesystem::path& path,
                                              NotForSndfile& refusal) {
  // Opened here and not by libsndfile, which takes "-" for stdin and would let a child process
  // (ffmpeg, for another song) inherit the descriptor. Not blocking: a named pipe must not hang us.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) throw cannot_open(path, errno);
  struct stat status {};
  const bool known = fstat(fd, &status) == 0;
  if (!known || !S_ISREG(status.st_mode) || status.st_size == 0) {
    close(fd);
    if (known && S_ISDIR(status.st_mode)) {
      throw InputError(path.string() + ": is a folder, not an audio file");
    }
    if (!known || !S_ISREG(status.st_mode)) {
      throw InputError(path.string() + ": not a regular file", "write it to disk first");
    }
    throw InputError(path.string() + ": the file is empty (0 bytes)",
                     "get it again from its source");
  }
  const bool cut_off = is_cut_off(fd, status.st_size);
  auto endless = std::make_unique<EndlessFile>(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  SF_INFO info{};
  SNDFILE* handle = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);  // closes fd, also when it fails
  if (handle == nullptr) {
    refusal.reason = reason_of(nullptr);
    return nullptr;
  }
  if (is_mpeg(info.format)) {
    SF_INFO endless_info{};
    if (SNDFILE* reader = endless->open(endless_info)) {
      sf_close(handle);
      auto source =
          std::make_unique<SndfileSource>(reader, endless_info, path.string(), std::move(endless));
      source->set_estimated_duration(static_cast<double>(info.frames) / info.samplerate);
      return source;
    }
  }
  auto source = std::make_unique<SndfileSource>(handle, info, path.string());
  if (cut_off) {
    source->add_warning("the file ends early: its header promises more than its " +
                        std::to_string(status.st_size) + " bytes");
  }
  return source;
}

std::string time_of_frame(std::int64_t frame, int sample_rate_hz) {
  return fixed(static_cast<double>(frame) / sample_rate_hz, 3) + " s";
}

}  // namespace mer
