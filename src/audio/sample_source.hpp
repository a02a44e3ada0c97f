#pragma once

#include <sndfile.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "containers.hpp"
#include "file_bytes.hpp"
#include "mer/audio/audio_reader.hpp"

namespace mer {

/// A decoder: interleaved frames at the file's own rate, from its first frame to its last.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  const AudioInfo& info() const { return info_; }

  /// Fills whole frames from the front of `interleaved`, whose size is a multiple of the number of
  /// channels; returns the number of frames, 0 at the end. Where decoding breaks off is an end.
  virtual std::size_t read(std::span<float> interleaved) = 0;

  /// Goes to a frame when that gives the very samples that decoding up to it would; false when it
  /// doesn't, and then the caller reads on and discards.
  virtual bool seek_exactly(std::int64_t /*frame*/) { return false; }

  /// Whether some of the file was or will not be decoded that another decoder may find; complete
  /// once read() has returned 0.
  bool has_trouble() const { return has_trouble_; }
  /// Where decoding broke off with an error, in seconds; negative: it did not.
  double stopped_s() const { return stopped_s_; }
  /// Where in the song something else than music is, in seconds; complete then, too.
  const std::vector<double>& damage_s() const { return damage_s_; }
  /// Remarks for the user; complete then, too.
  const std::vector<std::string>& warnings() const { return warnings_; }

 protected:
  AudioInfo info_;
  bool has_trouble_ = false;
  double stopped_s_ = -1.0;
  std::vector<double> damage_s_;
  std::vector<std::string> warnings_;
};

/// Reads by libmpg123; null for what is no MPEG audio.
std::unique_ptr<SampleSource> open_mpeg(const FileBytes& file, const std::string& name);

/// Reads by libsndfile; null, with its reason, for what it can't read.
std::unique_ptr<SampleSource> open_by_sndfile(const FileBytes& file, const KnownOfFile& known,
                                              const std::string& name, std::string& refusal);

/// The same over an open libsndfile handle, which the source closes; `name` stands in messages.
std::unique_ptr<SampleSource> source_of_sndfile(SNDFILE* handle, const SF_INFO& sf_info,
                                                const std::string& name);

/// Gives samples in memory, which must outlive it.
std::unique_ptr<SampleSource> source_of_array(const SampleArray& samples);

/// A part of a file as ffmpeg is to see it.
struct FfmpegPart {
  FileBytes::Range bytes;  ///< end 0 = the whole file
  int rate_hz = 0;         ///< resampled to; 0 = its own
};

/// Reads by the `ffmpeg` program through a pipe. Returns null when it isn't installed.
/// @throws InputError with the reason when it finds no audio
std::unique_ptr<SampleSource> open_by_ffmpeg(const std::filesystem::path& path,
                                             const FfmpegPart& part = {});

/// Reads songs that stand one behind the other in a file as one, at the first one's rate and with
/// its number of channels; null when the first can't be read.
std::unique_ptr<SampleSource> open_chain(const std::filesystem::path& path, const FileBytes& file,
                                         const KnownOfFile& known);

/// Runs `ffmpeg` with these arguments to its end, without input; "" when it did well, else its last
/// line. `installed` becomes false when there is no such program.
std::string run_ffmpeg(const std::vector<std::string>& arguments, bool& installed);

/// "MPEG-4 audio (AAC or ALAC)" from a file's first bytes, "" for what only libraries here read.
std::string codec_of_bytes(const FileBytes& file);
/// The same, else by the file's extension.
std::string guess_codec(const std::filesystem::path& path);

/// "12.345 s" for a frame of a file.
std::string time_of_frame(std::int64_t frame, int sample_rate_hz);

}  // namespace mer
