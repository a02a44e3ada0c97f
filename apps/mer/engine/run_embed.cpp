#include "../arguments.hpp"
#include "../command.hpp"
#include "../models.hpp"
#include "../preprocessing.hpp"
#include "mer/embed/embedding_store.hpp"

namespace mer::app {

int run_embed(const PreprocessArgs& args, const RunConfig& config) {
  const Manifest manifest = load_manifest(config.data);
  const auto extractor = std::make_shared<EmbeddingExtractor>(config.embed, config.recipe,
                                                              pretrained_weights(), config.device);
  const int code = preprocess_features(args, config, manifest);
  const SongStore store = embedding_store(config.data.store, extractor);
  const SongStore::Report report = fill_songs(
      [&](const Progress& progress) {
        return store.fill(manifest, {}, args.jobs, Shard::parse(args.shard), progress, interrupted);
      },
      "embeddings", args.talk);
  say_filled(args.talk, "embedded", report, store.folder());
  return report.failures.empty() ? code : kSomeInputsFailed;
}

}  // namespace mer::app
