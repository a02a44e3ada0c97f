#include "mer/store/segment_rows.hpp"

#include <set>
#include <stdexcept>

#include "mer/core/error.hpp"

namespace mer {
namespace {

void refuse_equal_ids(const Manifest& manifest) {
  std::set<std::string> ids;
  for (const Song& song : manifest.songs) {
    if (ids.insert(song.id).second) continue;
    throw UsageError(manifest.file.string() + ": the id '" + song.id +
                         "' is also that of another song's segment",
                     "rename the song, or use data.split.unit: song");
  }
}

}  // namespace

std::vector<Segment> grid_of(const SongFeatures& song, const Recipe& recipe,
                             const SegmentOptions& segment, bool testing) {
  const int rate = recipe.audio.sample_rate_hz;
  const int hop = recipe.features.frame.hop_samples;
  return cut_segments(static_cast<std::int64_t>(song.kept_frames().size()),
                      segment.num_frames(rate, hop), segment.hop_frames(rate, hop, testing),
                      segment.tail, frames_in(recipe.audio.pad_to_s, rate, hop));
}

void expand_to_segments(const Recipe& recipe, const SegmentOptions& segment, Manifest& manifest,
                        FeatureStore::Report& features) {
  if (features.files.size() != manifest.songs.size()) {
    throw std::invalid_argument("expand_to_segments: the features are not those of all songs");
  }
  if (manifest.has_splits) {
    throw UsageError(manifest.file.string() +
                         ": the manifest has a split column, so data.split.unit: segment has "
                         "nothing to divide",
                     "remove the column, or use data.split.unit: song");
  }
  std::vector<Song> rows;
  std::vector<std::string> files;
  std::vector<std::size_t> first_row;
  for (std::size_t i = 0; i < manifest.songs.size(); ++i) {
    first_row.push_back(rows.size());
    const std::string& file = features.files[i];
    std::size_t num_segments = 0;
    if (!file.empty()) {
      num_segments = grid_of(SongFeatures::open(file), recipe, segment, false).size();
    }
    for (std::size_t s = 0; s < num_segments; ++s) {
      rows.push_back(manifest.songs[i]);
      rows.back().id += "#" + std::to_string(s + 1);
      rows.back().segment = static_cast<int>(s);
      files.push_back(file);
    }
    if (num_segments == 0) {
      rows.push_back(manifest.songs[i]);
      files.emplace_back();
    }
  }
  for (SongFailure& failure : features.failures) failure.song = first_row[failure.song];
  manifest.songs = std::move(rows);
  features.files = std::move(files);
  refuse_equal_ids(manifest);
}

}  // namespace mer
