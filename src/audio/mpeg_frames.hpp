#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "file_bytes.hpp"

namespace mer {

/// Where the frames of an MP1, MP2 or MP3 are, told from the data alone.
struct MpegFrames {
  int rate_hz = 0;
  int num_channels = 0;
  int layer = 0;
  std::int64_t samples_per_frame = 0;
  std::int64_t num_frames = 0;  ///< with music: without those that hold a table of contents
  std::vector<FileBytes::Range> ranges;  ///< frames without what is between
  std::vector<double> damage_s;          ///< places where something else than frames and tags is
  bool changes_format = false;           ///< frames of another rate or channel count follow
  bool is_cut_off = false;               ///< in the middle of a frame
  std::int64_t bytes_behind = 0;         ///< what follows the last frame, but for tags and zeros

  std::int64_t count_place = -1;     ///< of the number of frames in the first frame's header
  std::int64_t promised_frames = 0;  ///< that number; 0 = none
  std::int64_t promised_bytes = 0;   ///< what that header says of the file's length; 0 = nothing

  double duration_s() const {
    return static_cast<double>(num_frames * samples_per_frame) / rate_hz;
  }
};

/// num_frames is 0 for what is no MPEG audio.
MpegFrames find_mpeg_frames(const FileBytes& file);

}  // namespace mer
