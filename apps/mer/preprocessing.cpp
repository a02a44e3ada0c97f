#include "preprocessing.hpp"

#include "mer/core/error.hpp"

namespace mer::app {

Manifest load_manifest(const DataOptions& options) {
  if (options.manifest.empty()) {
    throw UsageError("'data.manifest' is not given",
                     "--set data.manifest=songs.csv (mer import writes one)");
  }
  return Manifest::load(options.manifest);
}

FeatureStore::Report fill_store(const FeatureStore& store, const Manifest& manifest,
                                const std::vector<std::size_t>& songs, int jobs, const Shard& shard,
                                const Talk& talk) {
  FeatureStore::Report report;
  {
    ProgressLine line("features", talk);
    report = store.fill(manifest, songs, jobs, shard, line.callback(), interrupted);
  }
  if (interrupted()) {
    throw Interrupted(
        "interrupted: " + std::to_string(report.made) + " songs were preprocessed and stay",
        "the same command goes on");
  }
  for (const SongFailure& failure : report.failures) print_error(failure.message, failure.hint);
  return report;
}

}  // namespace mer::app
