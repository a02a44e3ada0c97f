#include "mer/features/vad.hpp"

#include <algorithm>
#include <cmath>

namespace mer {
namespace {

// The floor of FeatureSet::energy_db: no threshold makes it music.
constexpr float kDigitalSilenceDb = -120.0F;

// The level below which so many per cent of the frames lie (linear between neighbors).
float percentile(std::vector<float> levels, double percent) {
  std::sort(levels.begin(), levels.end());
  const double place = percent / 100.0 * static_cast<double>(levels.size() - 1);
  const std::size_t low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, levels.size() - 1);
  const double part = place - static_cast<double>(low);
  return static_cast<float>((1.0 - part) * levels[low] + part * levels[high]);
}

}  // namespace

void VadOptions::visit(OptionsVisitor& v) {
  v.field("enabled", enabled, "leave out mute frames");
  v.field("threshold_db", threshold_db, between(-120, 0),
          "a frame this far below the song's loudest frames is mute, in dB");
  v.field("loudest_percentile", loudest_percentile, between(0, 100),
          "the level of the loudest frames is this percentile of all frames' levels");
  v.field("floor_dbfs", floor_dbfs, between(-120, 0),
          "a frame below this level is mute in any song, in dB of full scale");
  v.field("hangover_s", hangover_s, between(0, 60),
          "mute stretches inside the music up to this length are kept, in seconds");
}

std::vector<std::uint8_t> voice_activity(std::span<const float> level_db, double frame_step_s,
                                         const VadOptions& options) {
  const std::size_t count = level_db.size();
  if (count == 0) return {};
  if (!options.enabled) return std::vector<std::uint8_t>(count, 1);

  const double loudest = percentile({level_db.begin(), level_db.end()}, options.loudest_percentile);
  const double threshold = std::max(options.floor_dbfs, loudest + options.threshold_db);
  const double longest_rest = options.hangover_s / frame_step_s * (1.0 + 1e-9);
  std::vector<std::uint8_t> kept(count, 0);
  std::size_t rest_start = count;  // after the last loud frame; `count` before the first
  for (std::size_t t = 0; t < count; ++t) {
    if (static_cast<double>(level_db[t]) < threshold || level_db[t] <= kDigitalSilenceDb) continue;
    kept[t] = 1;
    if (rest_start < t && static_cast<double>(t - rest_start) <= longest_rest) {
      std::fill(kept.begin() + static_cast<std::ptrdiff_t>(rest_start),
                kept.begin() + static_cast<std::ptrdiff_t>(t), std::uint8_t{1});
    }
    rest_start = t + 1;
  }
  return kept;
}

}  // namespace mer
