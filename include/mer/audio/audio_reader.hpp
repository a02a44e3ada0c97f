#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// How a file becomes mono samples.
struct AudioOptions {
  int sample_rate_hz = 44100;
  double start_s = 0.0;      ///< skip this much of each file
  double duration_s = 30.0;  ///< read at most this much after start_s; 0 = to the end
  double pad_to_s = 0.0;     ///< fill shorter songs with masked zero frames; 0 = off
  /// All four cost nearly the same, less than half of what the features cost. `low` lets the bands
  /// above 16 kHz fall by 5 dB and `medium` changes the valleys there; `high` stays within 0.05 dB
  /// of `very_high` in log-mel and 0.07 dB in MFCC (RMS; tests/benchmarks/resampler_table.cpp).
  enum class Resampler { kLow, kMedium, kHigh, kVeryHigh } resampler = Resampler::kHigh;
  /// Bring every song to this level (see song_level_dbfs()), so that nothing depends on how loud it
  /// was mastered; 0 = leave it as it is.
  double level_dbfs = 0.0;

  void visit(OptionsVisitor& v);
};

/// What is known about a file before it is decoded.
struct AudioInfo {
  std::string format;       ///< "WAV (16 bit PCM)", "MP3", …
  int sample_rate_hz = 0;   ///< of the file
  int num_channels = 0;     ///< of the file
  double duration_s = 0.0;  ///< of the file; an estimate when its end was not read
  bool by_ffmpeg = false;
};

/// Sound in memory, as a file would hold it.
struct SampleArray {
  std::span<const float> interleaved;  ///< [frames, channels]
  int num_channels = 1;
  int sample_rate_hz = 0;
};

/// A file as blocks of mono samples at the rate asked for: decoded, averaged over channels (one is
/// taken when they cancel each other), its constant offset removed, brought to a level if asked
/// for, resampled (libsoxr), start_s skipped, at most duration_s given. It holds 64 MiB at most.
///
/// MP3 by libmpg123; WAV, FLAC, Ogg Vorbis, Opus and what else libsndfile reads; anything else, and
/// what follows damage, by the `ffmpeg` program when it is installed.
class AudioReader {
 public:
  /// @throws InputError when the file is missing, empty, not audio, of a codec nobody here reads
  ///         (naming the codec and the command that converts it), or as read() does
  AudioReader(const std::filesystem::path& path, const AudioOptions& options);
  /// Samples in memory go the same way. They must outlive the reader.
  /// @param name  stands in messages in the place of a file's
  AudioReader(const SampleArray& samples, const std::string& name, const AudioOptions& options);
  /// The same song from its start at another rate or level. It is decoded once for both, unless it
  /// is longer than 6 minutes (at 44.1 kHz) or its channels cancel. Samples in memory must outlive
  /// both; what this reader has read does not count.
  /// @throws std::invalid_argument when start_s or duration_s is another
  AudioReader again(const AudioOptions& options) const;
  ~AudioReader();
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;

  const AudioInfo& info() const;

  /// Fills `block` from the front; returns the number of samples written, 0 at the end.
  /// @throws InputError for NaN or infinite samples, naming the time in the file of the first one,
  ///         and when decoding breaks off with an error
  std::size_t read(std::span<float> block);

  /// Remarks for the user: "decoded by ffmpeg", "a damaged place at 3.7 s", "recorded at 8000 Hz"
  /// (less than half the rate asked for: a network has not seen such spectra), …
  const std::vector<std::string>& warnings() const;

 private:
  struct Impl;
  explicit AudioReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// How loud a song is, in dB of full scale: the mean power of its blocks of 0.4 s, without those
/// below -70 dBFS and then without those 10 dB below the mean of the rest. These are the gates of
/// ITU-R BS.1770-4, without its weighting of frequencies and on what AudioReader gives, whole
/// blocks beside each other. -infinity for silence. options.level_dbfs does not count.
/// @throws InputError as AudioReader does
double song_level_dbfs(const std::filesystem::path& path, const AudioOptions& options);

/// The whole (possibly shortened) file as samples; for tests and small tools.
std::vector<float> read_audio(const std::filesystem::path& path, const AudioOptions& options);

/// Writes mono samples as 16-bit WAV or FLAC (by the extension), clipped to [-1, 1].
/// @throws Error when the file can't be written
void write_audio(const std::filesystem::path& path, std::span<const float> samples,
                 int sample_rate_hz);

/// True for extensions that `mer` takes for audio when it searches a folder (.wav, .flac, .mp3, …;
/// case ignored).
bool has_audio_extension(const std::filesystem::path& path);

/// A format and whether it really decodes here: one second is encoded and decoded again in memory
/// (ffmpeg formats: through the program).
struct FormatCheck {
  std::string name;
  bool works = false;
  std::string note;
  bool is_optional = false;  ///< read by ffmpeg, which need not be installed
};
std::vector<FormatCheck> check_formats();

}  // namespace mer
