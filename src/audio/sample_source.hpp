#pragma once

#include <sndfile.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mer/audio/audio_reader.hpp"

namespace mer {

/// A decoder: interleaved frames at the file's own rate, from its first frame to its last.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  const AudioInfo& info() const { return info_; }

  /// Fills whole frames from the front of `interleaved`, whose size is a multiple of the number of
  /// channels; returns the number of frames, 0 at the end.
  /// @throws InputError when decoding breaks off
  virtual std::size_t read(std::span<float> interleaved) = 0;

  /// Goes to a frame when that gives the very samples that decoding up to it would; false when it
  /// doesn't, and then the caller reads on and discards.
  virtual bool seek_exactly(std::int64_t /*frame*/) { return false; }

  /// Remarks for the user; complete once read() has returned 0.
  const std::vector<std::string>& warnings() const { return warnings_; }

 protected:
  AudioInfo info_;
  std::vector<std::string> warnings_;
};

/// What libsndfile said about a file that it doesn't read.
struct NotForSndfile {
  std::string reason;
};

/// Reads by libsndfile. Returns null, with the reason, for what libsndfile can't read.
/// @throws InputError when the file can't be opened at all or is empty
std::unique_ptr<SampleSource> open_by_sndfile(const std::filesystem::path& path,
                                              NotForSndfile& refusal);

/// The same over an open libsndfile handle, which the source closes; `name` stands in messages.
std::unique_ptr<SampleSource> source_of_sndfile(SNDFILE* handle, const SF_INFO& sf_info,
                                                const std::string& name);

/// Reads by the `ffmpeg` program through a pipe. Returns null when it isn't installed.
/// @throws InputError with ffmpeg's last line when it can't read the file
std::unique_ptr<SampleSource> open_by_ffmpeg(const std::filesystem::path& path);

/// Runs `ffmpeg` with these arguments to its end, without input; "" when it did well, else its last
/// line. `installed` becomes false when there is no such program.
std::string run_ffmpeg(const std::vector<std::string>& arguments, bool& installed);

/// "MPEG-4 (AAC or ALAC)" from the file's first bytes, else its extension, else "".
std::string guess_codec(const std::filesystem::path& path);

/// "12.345 s" for a frame of a file.
std::string time_of_frame(std::int64_t frame, int sample_rate_hz);

/// A path as a shell would want to have it typed.
std::string shell_quoted(const std::filesystem::path& path);

}  // namespace mer
