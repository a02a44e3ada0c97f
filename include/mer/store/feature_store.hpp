#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "mer/config/recipe.hpp"
#include "mer/store/song_store.hpp"

namespace mer {

/// Features on disk: a SongStore in `<root>/<recipe's store key>`.
class FeatureStore {
 public:
  using Report = SongStore::Report;

  FeatureStore(const std::filesystem::path& root, Recipe recipe);

  const Recipe& recipe() const { return recipe_; }
  const SongStore& songs() const { return songs_; }
  const std::filesystem::path& folder() const { return songs_.folder(); }
  std::filesystem::path file_of(const Song& song) const { return songs_.file_of(song); }
  /// Preprocesses what is missing; see SongStore::fill().
  Report fill(const Manifest& manifest, const std::vector<std::size_t>& songs, int jobs,
              const Shard& shard, const Progress& progress,
              const std::function<bool()>& stop = {}) const {
    return songs_.fill(manifest, songs, jobs, shard, progress, stop);
  }

 private:
  Recipe recipe_;
  SongStore songs_;
};

}  // namespace mer
