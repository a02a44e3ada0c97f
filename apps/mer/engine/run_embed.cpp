#include "../cmd_preprocess.hpp"
#include "../command.hpp"
#include "../terminal.hpp"
#include "mer/embed/embedding_store.hpp"
#include "mer/store/fill_store.hpp"

namespace mer::app {

int run_embed(const PreprocessArgs& args, const RunConfig& config) {
  const Manifest manifest = config.data.load_manifest();
  const auto extractor = std::make_shared<EmbeddingExtractor>(
      config.embed, config.recipe, bundled_files().pretrained_weights(), config.device);
  extractor->require_own_vectors(manifest);
  const bool all_read = preprocess_features(args, config, manifest);
  const SongStore store = embedding_store(config.data.store, extractor);
  Terminal terminal;
  const SongStore::Report report =
      fill_store(store, manifest, {}, args.jobs, Shard::parse(args.shard), "embeddings", terminal);
  log_filled("embedded", report, store.folder());
  return all_read && report.failures.empty() ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
