#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

constexpr std::array kAudioExtensions = {
    ".wav", ".wave", ".flac", ".mp3", ".ogg",  ".oga", ".opus", ".aif", ".aiff", ".aifc",
    ".au",  ".snd",  ".caf",  ".w64", ".rf64", ".mp2", ".m4a",  ".m4b", ".aac",  ".wma",
    ".ape", ".wv",   ".mpc",  ".tta", ".mka",  ".amr", ".ac3",  ".dsf", ".weba"};

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  const char* codec;
};

constexpr std::array kSignatures = {Signature{4, "ftyp", "MPEG-4 audio (AAC or ALAC)"},
                                    Signature{0, "\x30\x26\xB2\x75", "Windows Media Audio"},
                                    Signature{0, "\x1A\x45\xDF\xA3", "Matroska/WebM audio"},
                                    Signature{0, "\xFF\xF1", "AAC"},
                                    Signature{0, "\xFF\xF9", "AAC"},
                                    Signature{0, "MAC ", "Monkey's Audio"},
                                    Signature{0, "wvpk", "WavPack"},
                                    Signature{0, "TTA1", "True Audio"},
                                    Signature{0, "MPCK", "Musepack"},
                                    Signature{0, "MP+", "Musepack"},
                                    Signature{0, "DSD ", "DSD audio"},
                                    Signature{0, "#!AMR", "AMR"},
                                    Signature{0, "\x0B\x77", "AC-3"},
                                    Signature{28, "Speex", "Ogg Speex"}};

/// An extension says little: only those that libsndfile never reads name a codec.
std::string codec_of_extension(const std::string& extension) {
  if (extension == ".m4a" || extension == ".m4b" || extension == ".aac") return "AAC";
  if (extension == ".wma") return "Windows Media Audio";
  if (extension == ".ape") return "Monkey's Audio";
  if (extension == ".wv") return "WavPack";
  if (extension == ".mpc") return "Musepack";
  if (extension == ".tta") return "True Audio";
  if (extension == ".amr") return "AMR";
  if (extension == ".ac3") return "AC-3";
  if (extension == ".dsf") return "DSD audio";
  return "";
}

}  // namespace

std::string codec_of_bytes(const FileBytes& file) {
  const std::string start = file.text(0, 64);
  for (const Signature& signature : kSignatures) {
    if (start.size() > signature.offset &&
        start.compare(signature.offset, signature.bytes.size(), signature.bytes) == 0) {
      return signature.codec;
    }
  }
  return "";
}

std::string guess_codec(const fs::path& path) {
  const std::string codec = codec_of_bytes(FileBytes(path));
  return codec.empty() ? codec_of_extension(lower_extension(path)) : codec;
}

bool has_audio_extension(const fs::path& path) {
  const std::string extension = lower_extension(path);
  return std::find(kAudioExtensions.begin(), kAudioExtensions.end(), extension) !=
         kAudioExtensions.end();
}

void write_audio(const fs::path& path, std::span<const float> samples, int sample_rate_hz) {
  const std::string extension = lower_extension(path);
  SF_INFO info{};
  info.channels = 1;
  info.samplerate = sample_rate_hz;
  if (extension == ".wav") {
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  } else if (extension == ".flac") {
    info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
  } else {
    throw Error(path.string() + ": cannot write '" + extension + "', only .wav and .flac");
  }
  AtomicFile target(path);
  const auto fail = [&](const std::string& reason) {
    return Error(
        path.string() + ": cannot be written: " + (errno == ENOSPC ? reason_of(errno) : reason),
        "check that the folder exists, is writable and has space left");
  };
  SNDFILE* file = sf_open(target.temporary().c_str(), SFM_WRITE, &info);
  if (file == nullptr) throw fail(sf_strerror(nullptr));
  std::array<short, 4096> block{};
  std::size_t done = 0;
  while (done < samples.size()) {
    const std::size_t count = std::min(block.size(), samples.size() - done);
    for (std::size_t i = 0; i < count; ++i) {
      const float scaled = std::clamp(samples[done + i] * 32768.0F, -32768.0F, 32767.0F);
      block[i] = static_cast<short>(std::lrint(scaled));
    }
    if (sf_write_short(file, block.data(), static_cast<sf_count_t>(count)) !=
        static_cast<sf_count_t>(count)) {
      const std::string reason = sf_strerror(file);
      sf_close(file);
      throw fail(reason);
    }
    done += count;
  }
  if (const int error = sf_close(file); error != 0) throw fail(sf_error_number(error));
  target.commit();
}

}  // namespace mer
