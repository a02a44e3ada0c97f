#include "mer/embed/embedding_store.hpp"

#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"

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

}  // namespace mer
