#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// Which frames are music and which are mute.
struct VadOptions {
  bool enabled = true;
  double threshold_db = -50.0;     ///< relative to the song's loudest frames
  double loudest_percentile = 95;  ///< "the loudest frames": this percentile of the frame levels
  double floor_dbfs = -70.0;       ///< a frame below this is mute however quiet the song is
  double hangover_s = 0.5;         ///< mute stretches up to this length inside music are kept

  void visit(OptionsVisitor& v);
};

/// Keeps frame t when level[t] ≥ max(floor_dbfs, percentile(level) + threshold_db); then keeps mute
/// stretches of at most hangover_s between kept frames (rests are part of the music). Leading and
/// trailing silence is always dropped. All silent: all zeros. Disabled: all ones.
///
/// @param level_db     mean square of each frame in dBFS, [num_frames]
/// @param frame_step_s hop in seconds
/// @return             [num_frames], 1 = keep
std::vector<std::uint8_t> voice_activity(std::span<const float> level_db, double frame_step_s,
                                         const VadOptions& options);

}  // namespace mer
