#include <algorithm>

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

/// libsndfile's last message without its full stop.
std::string reason_of(SNDFILE* handle) {
  std::string reason = sf_strerror(handle);
  while (!reason.empty() && (reason.back() == '.' || reason.back() == ' ')) reason.pop_back();
  return reason;
}

SF_VIRTUAL_IO functions_of_cursor() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) { return static_cast<FileCursor*>(user)->file->size(); };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    return static_cast<FileCursor*>(user)->seek(offset, whence);
  };
  io.read = [](void* target, sf_count_t count, void* user) {
    return static_cast<FileCursor*>(user)->read(target, count);
  };
  io.write = [](const void*, sf_count_t, void*) -> sf_count_t { return 0; };
  io.tell = [](void* user) { return static_cast<FileCursor*>(user)->place; };
  return io;
}

/// The file that a libsndfile handle reads.
struct OpenFile {
  explicit OpenFile(const FileBytes& bytes) : file(bytes) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  FileBytes file;
  FileCursor cursor{&file, 0};
};

class SndfileSource final : public SampleSource {
 public:
  SndfileSource(SNDFILE* handle, const SF_INFO& sf_info, std::string name,
                std::unique_ptr<OpenFile> file = nullptr)
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
    constexpr sf_count_t kFewFrames = 256;
    if (is_flac()) wanted = std::min(wanted, kFewFrames);
    if (wanted == 0) return 0;
    const sf_count_t got =
        std::max<sf_count_t>(sf_readf_float(handle_, interleaved.data(), wanted), 0);
    position_ += got;
    if (got == 0) at_end();
    return static_cast<std::size_t>(got);
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

  void take(const KnownOfFile& known) {
    if (info_.duration_s == 0.0) {
      info_.duration_s = static_cast<double>(known.num_frames) / info_.sample_rate_hz;
    }
    known_ = known;
    damage_s_ = known.damage_s;
    has_trouble_ = known.has_trouble;
    warnings_ = known.warnings;
  }

 private:
  void at_end() {
    if (end_seen_) return;
    end_seen_ = true;
    const std::string at = time_of_frame(position_, sf_info_.samplerate);
    const bool has_error = sf_error(handle_) != SF_ERR_NO_ERROR;
    const std::int64_t promised = known_.num_frames > 0 || sf_info_.frames == SF_COUNT_MAX
                                      ? known_.num_frames
                                      : sf_info_.frames;
    const bool ends_early = position_ < promised;
    if (!ends_early && (!has_error || position_ == promised)) {
      report_rest(at);  // junk, or more music
      return;
    }
    has_trouble_ = true;
    if (has_error) stopped_s_ = static_cast<double>(position_) / sf_info_.samplerate;
    if (!damage_s_.empty()) return;  // which is what is missing
    warnings_.push_back("the file ends early: " +
                        (ends_early ? at + " of " + time_of_frame(promised, sf_info_.samplerate) +
                                          " could be decoded"
                                    : "decoding stopped at " + at + ": " + reason_of(handle_)));
  }

  bool is_flac() const {
    return file_ != nullptr && (sf_info_.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC;
  }

  void report_rest(const std::string& at) {
    constexpr std::int64_t kSmallRest = 1 << 16;  // the decoder reads ahead, too
    if (!is_flac()) return;                       // of others the structure is known
    const std::int64_t size = file_->file.size();
    const std::int64_t rest = size - file_->cursor.place;
    if (rest < kSmallRest || rest < size / 20) return;
    has_trouble_ = true;
    warnings_.push_back("the song ends at " + at + " as its header says, but the file goes on: " +
                        std::to_string(100 * rest / size) + " % of it was not decoded");
  }

  std::unique_ptr<OpenFile> file_;  // what handle_ reads, when it isn't in memory
  SNDFILE* handle_;
  SF_INFO sf_info_;
  std::string name_;
  KnownOfFile known_;
  sf_count_t position_ = 0;
  bool end_seen_ = false;
};

}  // namespace

std::unique_ptr<SampleSource> source_of_sndfile(SNDFILE* handle, const SF_INFO& sf_info,
                                                const std::string& name) {
  return std::make_unique<SndfileSource>(handle, sf_info, name);
}

std::unique_ptr<SampleSource> open_by_sndfile(const FileBytes& file, const KnownOfFile& known,
                                              const std::string& name, std::string& refusal) {
  auto open = std::make_unique<OpenFile>(file);
  SF_VIRTUAL_IO io = functions_of_cursor();
  SF_INFO info{};
  SNDFILE* handle = sf_open_virtual(&io, SFM_READ, &info, &open->cursor);
  if (handle == nullptr) {
    refusal = reason_of(nullptr);
    return nullptr;
  }
  auto source = std::make_unique<SndfileSource>(handle, info, name, std::move(open));
  source->take(known);
  return source;
}

std::string time_of_frame(std::int64_t frame, int sample_rate_hz) {
  return fixed(static_cast<double>(frame) / sample_rate_hz, 3) + " s";
}

}  // namespace mer
