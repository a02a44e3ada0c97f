#include "mer/predict/song_files.hpp"

#include "mer/embed/embedding_store.hpp"
#include "mer/store/feature_store.hpp"
#include "mer/store/fill_store.hpp"

namespace mer {

std::vector<SongFiles> make_song_files(const Predictor& predictor, const RunConfig& config,
                                       const Manifest& manifest,
                                       const std::vector<std::size_t>& songs, int jobs,
                                       JobListener& listener) {
  std::vector<SongFiles> files(songs.size());
  const AudioOptions& audio = config.recipe.audio;
  std::vector<std::string> made(songs.size(), "not tried yet");
  for (Recipe recipe : predictor.recipes()) {
    recipe.audio.start_s = audio.start_s;
    recipe.audio.duration_s = audio.duration_s;
    const FeatureStore store(config.data.store, recipe);
    made = fill_store_where(store.songs(), manifest, songs, made, jobs, "features", listener).files;
    for (std::size_t i = 0; i < songs.size(); ++i) files[i].features.push_back(made[i]);
  }
  for (const EmbeddingExtractor& extractor : predictor.extractors()) {
    made = fill_embeddings(extractor.of_part(audio.start_s, audio.duration_s), config.data.store,
                           manifest, songs, made, jobs, listener)
               .files;
    for (std::size_t i = 0; i < songs.size(); ++i) files[i].embeddings.push_back(made[i]);
  }
  return files;
}

}  // namespace mer
