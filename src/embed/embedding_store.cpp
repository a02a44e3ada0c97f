#include "mer/embed/embedding_store.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

#include "mer/core/error.hpp"
#include "mer/store/fill_store.hpp"

namespace mer {
namespace {

void require_intact(const std::filesystem::path& file, const EmbeddingExtractor& extractor) {
  const std::string hint = "remove this file and run `mer preprocess` again";
  const SongEmbeddings embeddings = [&] {
    try {
      return SongEmbeddings::open(file);
    } catch (const UsageError& error) {
      throw UsageError(error.what(), hint);
    }
  }();
  if (embeddings.fingerprint() == extractor.fingerprint()) return;
  require_same_recipe(extractor.recipe(), embeddings.recipe(), file.string());
  throw UsageError(file.string() + ": its fingerprint is " + embeddings.fingerprint() +
                       ", that of the folder's recipe is " + extractor.fingerprint(),
                   hint);
}

}  // namespace

SongStore embedding_store(const std::filesystem::path& root,
                          const std::shared_ptr<const EmbeddingExtractor>& extractor) {
  return {root / extractor->store_key(),
          {extractor->recipe().dump(2) + "\n",
           [extractor](const std::filesystem::path& audio_file, const std::filesystem::path& file) {
             extractor->extract(audio_file, file);
           },
           [extractor](const std::filesystem::path& file) { require_intact(file, *extractor); }}};
}

SongStore::Report fill_embeddings(const EmbeddingExtractor& extractor,
                                  const std::filesystem::path& root, const Manifest& manifest,
                                  const std::vector<std::size_t>& songs,
                                  const std::vector<std::string>& made, int jobs,
                                  JobListener& listener) {
  extractor.require_own_vectors(manifest);
  const SongStore store =
      embedding_store(root, std::make_shared<const EmbeddingExtractor>(extractor));
  return fill_store_where(store, manifest, songs, made, jobs, "embeddings", listener);
}

SongStore::Report fill_embeddings_of_run(const RunConfig& config, const Manifest& manifest,
                                         const SongStore::Report& features,
                                         const WeightFiles& weights, JobListener& listener) {
  if (!config.sees_embeddings()) return {};
  std::vector<std::size_t> all(manifest.songs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const EmbeddingExtractor extractor(config.embed, config.recipe, weights, config.device);
  return fill_embeddings(extractor, config.data.store, manifest, all, features.files, 0, listener);
}

}  // namespace mer
