#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "mer/core/error.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

constexpr int kRateHz = 48000;  // Opus takes no 44.1 kHz
constexpr double kAmplitude = 0.5;

/// A file in memory for libsndfile.
struct MemoryFile {
  std::vector<char> bytes;
  sf_count_t position = 0;

  static MemoryFile& of(void* user) { return *static_cast<MemoryFile*>(user); }

  static SF_VIRTUAL_IO functions() {
    SF_VIRTUAL_IO io{};
    io.get_filelen = [](void* user) { return static_cast<sf_count_t>(of(user).bytes.size()); };
    io.tell = [](void* user) { return of(user).position; };
    io.seek = [](sf_count_t offset, int whence, void* user) {
      MemoryFile& file = of(user);
      const auto size = static_cast<sf_count_t>(file.bytes.size());
      const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.position : size;
      file.position = std::max<sf_count_t>(0, base + offset);
      return file.position;
    };
    io.read = [](void* target, sf_count_t count, void* user) {
      MemoryFile& file = of(user);
      const auto size = static_cast<sf_count_t>(file.bytes.size());
      const sf_count_t got = std::clamp<sf_count_t>(size - file.position, 0, count);
      if (got > 0)
        std::memcpy(target, file.bytes.data() + file.position, static_cast<std::size_t>(got));
      file.position += got;
      return got;
    };
    io.write = [](const void* source, sf_count_t count, void* user) {
      MemoryFile& file = of(user);
      const auto end = static_cast<std::size_t>(file.position + count);
      if (file.bytes.size() < end) file.bytes.resize(end);
      std::memcpy(file.bytes.data() + file.position, source, static_cast<std::size_t>(count));
      file.position += count;
      return count;
    };
    return io;
  }
};

std::vector<float> one_second_of_sine() {
  std::vector<float> samples(kRateHz);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<float>(
        kAmplitude * std::sin(2 * std::numbers::pi * 440.0 * static_cast<double>(i) / kRateHz));
  }
  return samples;
}

/// The sine's level within 1 dB over the middle of the second, whatever delay a codec has.
bool is_the_sine(std::span<const float> samples) {
  if (samples.size() < kRateHz * 9 / 10) return false;
  const std::span<const float> middle = samples.subspan(samples.size() / 4, samples.size() / 2);
  double sum = 0.0;
  for (const float value : middle) sum += static_cast<double>(value) * value;
  const double rms = std::sqrt(sum / static_cast<double>(middle.size()));
  return std::abs(20 * std::log10(rms / (kAmplitude / std::numbers::sqrt2))) < 1.0;
}

FormatCheck check_in_memory(const std::string& name, int format) {
  FormatCheck check{name, false, ""};
  MemoryFile file;
  SF_VIRTUAL_IO io = MemoryFile::functions();
  SF_INFO info{};
  info.channels = 1;
  info.samplerate = kRateHz;
  info.format = format;
  SNDFILE* writer = sf_open_virtual(&io, SFM_WRITE, &info, &file);
  if (writer == nullptr) {
    check.note = std::string("this libsndfile is built without it: ") + sf_strerror(nullptr);
    return check;
  }
  const std::vector<float> sine = one_second_of_sine();
  sf_writef_float(writer, sine.data(), static_cast<sf_count_t>(sine.size()));
  sf_close(writer);

  file.position = 0;
  info = SF_INFO{};
  SNDFILE* reader = sf_open_virtual(&io, SFM_READ, &info, &file);
  if (reader == nullptr) {
    check.note = sf_strerror(nullptr);
    return check;
  }
  const auto source = source_of_sndfile(reader, info, name);
  std::vector<float> decoded(2 * kRateHz);
  std::size_t count = 0;
  try {
    while (const std::size_t got = source->read(std::span(decoded).subspan(count))) count += got;
    check.works = is_the_sine(std::span(decoded).first(count));
    check.note = check.works ? "" : "decodes to something else";
  } catch (const InputError& error) {
    check.note = error.what();
  }
  return check;
}

/// Encodes into a file in memory that ffmpeg finds under /proc, and reads it as any other file.
FormatCheck check_by_ffmpeg(const std::string& name, const std::string& codec,
                            const std::string& container) {
  FormatCheck check{name, false, "", /*is_optional=*/true};
  const int fd = memfd_create("mer-format-check", MFD_CLOEXEC);
  if (fd < 0) {
    check.note = "cannot be checked: no file in memory here";
    return check;
  }
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd);
  bool installed = false;
  // lavfi's sine has an amplitude of 1/8
  const std::string failure =
      run_ffmpeg({"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1", "-af",
                  "volume=4", "-c:a", codec, "-f", container, "-y", "file:" + path},
                 installed);
  if (!failure.empty()) {
    check.note =
        installed ? "cannot be checked: " + failure : "needs ffmpeg, which is not installed";
  } else {
    try {
      AudioOptions options;
      options.sample_rate_hz = kRateHz;
      check.works = is_the_sine(read_audio(path, options));
      check.note = check.works ? "by ffmpeg" : "decodes to something else";
    } catch (const Error& error) {
      check.note = error.what();
    }
  }
  close(fd);
  return check;
}

}  // namespace

std::vector<FormatCheck> check_formats() {
  return {check_in_memory("WAV", SF_FORMAT_WAV | SF_FORMAT_PCM_16),
          check_in_memory("FLAC", SF_FORMAT_FLAC | SF_FORMAT_PCM_16),
          check_in_memory("AIFF", SF_FORMAT_AIFF | SF_FORMAT_PCM_16),
          check_in_memory("Ogg Vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS),
          check_in_memory("Opus", SF_FORMAT_OGG | SF_FORMAT_OPUS),
          check_in_memory("MP3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III),
          check_by_ffmpeg("M4A (AAC)", "aac", "ipod"),
          check_by_ffmpeg("M4A (ALAC)", "alac", "ipod"),
          check_by_ffmpeg("WMA", "wmav2", "asf")};
}

}  // namespace mer
