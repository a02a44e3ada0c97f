#include "song_files.hpp"

#include <functional>
#include <memory>
#include <numeric>

#include "../models.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/embed/embedding_store.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

/// Songs that no store has failed on yet, and their files in the next one.
class SongsThatWork {
 public:
  SongsThatWork(const std::vector<std::size_t>& songs, const std::vector<std::string>& made)
      : num_songs_(songs.size()) {
    for (std::size_t place = 0; place < songs.size(); ++place) {
      if (made[place].empty()) continue;
      places_.push_back(place);
      songs_.push_back(songs[place]);
    }
  }

  /// @param fill  fills a store with these songs
  /// @return      its report with files parallel to all songs
  SongStore::Report fill(
      const std::function<SongStore::Report(const std::vector<std::size_t>&)>& fill_these) const {
    SongStore::Report report;
    if (!songs_.empty()) report = fill_these(songs_);  // no songs would mean all
    std::vector<std::string> files(num_songs_);
    for (std::size_t i = 0; i < places_.size(); ++i) files[places_[i]] = report.files[i];
    report.files = std::move(files);
    return report;
  }

 private:
  std::size_t num_songs_;
  std::vector<std::size_t> places_;  // of these songs among all
  std::vector<std::size_t> songs_;
};

/// Fills a store as fill_store() does, but with those songs only of which another store has made
/// files: what failed there has been reported.
/// @param songs  indices into manifest.songs
/// @param made   parallel to songs; an empty path is a song that failed
/// @return       parallel to songs
SongStore::Report fill_embeddings(const EmbeddingExtractor& extractor, const fs::path& store,
                                  const Manifest& manifest, const std::vector<std::size_t>& songs,
                                  const std::vector<std::string>& made, int jobs,
                                  const Talk& talk) {
  const SongStore embeddings =
      embedding_store(store, std::make_shared<const EmbeddingExtractor>(extractor));
  return SongsThatWork(songs, made).fill([&](const std::vector<std::size_t>& these) {
    return fill_songs(
        [&](const Progress& progress) {
          return embeddings.fill(manifest, these, jobs, {}, progress, interrupted);
        },
        "embeddings", talk);
  });
}

}  // namespace

SongStore::Report embeddings_of_run(const RunConfig& config, const Manifest& manifest,
                                    const FeatureStore::Report& features, const Talk& talk) {
  if (!config.sees_embeddings()) return {};
  std::vector<std::size_t> all(manifest.songs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const EmbeddingExtractor extractor(config.embed, config.recipe, pretrained_weights(),
                                     config.device);
  return fill_embeddings(extractor, config.data.store, manifest, all, features.files, 0, talk);
}

std::vector<SongFiles> files_for(const Predictor& predictor, const RunConfig& config,
                                 const Manifest& manifest, const std::vector<std::size_t>& songs,
                                 int jobs, const Talk& talk) {
  std::vector<SongFiles> files(songs.size());
  const AudioOptions& audio = config.recipe.audio;
  std::vector<std::string> made(songs.size(), "not tried yet");
  for (Recipe recipe : predictor.recipes()) {
    recipe.audio.start_s = audio.start_s;
    recipe.audio.duration_s = audio.duration_s;
    const FeatureStore store(config.data.store, recipe);
    made = SongsThatWork(songs, made)
               .fill([&](const std::vector<std::size_t>& these) {
                 return fill_store(store, manifest, these, jobs, {}, talk);
               })
               .files;
    for (std::size_t i = 0; i < songs.size(); ++i) files[i].features.push_back(made[i]);
  }
  for (const EmbeddingExtractor& extractor : predictor.extractors()) {
    made = fill_embeddings(extractor.of_part(audio.start_s, audio.duration_s), config.data.store,
                           manifest, songs, made, jobs, talk)
               .files;
    for (std::size_t i = 0; i < songs.size(); ++i) files[i].embeddings.push_back(made[i]);
  }
  return files;
}

}  // namespace mer::app
