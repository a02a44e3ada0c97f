#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "part_reader.hpp"

namespace mer {

/// How the channels of a song become one.
struct Mix {
  int channel = -1;     ///< this one alone; -1 = the mean of all
  float offset = 0.0F;  ///< a constant that is subtracted
  float gain = 1.0F;
};

/// Makes one channel, without the mix' offset and gain.
void mix_down(std::span<const float> values, std::size_t channels, const Mix& mix,
              std::vector<float>& mono);

/// What a first pass over the part of a song that is asked for finds.
struct Survey {
  bool by_ffmpeg = false;
  AudioInfo info;
  std::int64_t num_frames = 0;
  Mix mix;
  double level_dbfs = 0.0;
  std::vector<std::string> warnings;  ///< whatever the rate asked for
  std::vector<double> damage_s;
  double stopped_s = -1.0;  ///< where decoding broke off; negative: it did not
  bool has_trouble = false;
  bool is_empty = false;
  /// The song mixed down at its own rate, so that it need not be decoded again; empty when it is
  /// long or its channels cancel.
  std::vector<float> mono;
};

/// By the libraries; by ffmpeg what they don't read, and where it finds more of the song.
/// @throws InputError as AudioReader does
Survey survey_file(const std::filesystem::path& path, const AudioOptions& options);
/// Of samples in memory.
/// @param name  stands in messages in the place of a file's
/// @throws InputError as AudioReader does
Survey survey_array(const SampleArray& samples, const std::string& name,
                    const AudioOptions& options);

}  // namespace mer
