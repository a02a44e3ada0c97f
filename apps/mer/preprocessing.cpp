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

SongStore::Report fill_songs(const FillSongs& fill, const char* what, const Talk& talk) {
  SongStore::Report report;
  {
    ProgressLine line(what, talk);
    report = fill(line.callback());
  }
  if (interrupted()) {
    throw Interrupted(
        "interrupted: " + std::to_string(report.made) + " songs were preprocessed and stay",
        "the same command goes on");
  }
  for (const SongFailure& failure : report.failures) print_error(failure.message, failure.hint);
  return report;
}

FeatureStore::Report fill_store(const FeatureStore& store, const Manifest& manifest,
                                const std::vector<std::size_t>& songs, int jobs, const Shard& shard,
                                const Talk& talk) {
  return fill_songs(
      [&](const Progress& progress) {
        return store.fill(manifest, songs, jobs, shard, progress, interrupted);
      },
      "features", talk);
}

void say_filled(const Talk& talk, const char* what, const SongStore::Report& report,
                const std::filesystem::path& folder) {
  say(talk, std::to_string(report.made) + " songs " + what + ", " + std::to_string(report.present) +
                " were there already, " + std::to_string(report.failures.size()) +
                " failed: " + folder.string());
}

}  // namespace mer::app
