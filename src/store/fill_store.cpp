#include "mer/store/fill_store.hpp"

#include "mer/core/error.hpp"

namespace mer {

SongStore::Report fill_store(const SongStore& store, const Manifest& manifest,
                             const std::vector<std::size_t>& songs, int jobs, const Shard& shard,
                             const std::string& what, JobListener& listener) {
  SongStore::Report report;
  {
    const auto display = listener.progress(what);
    report = store.fill(manifest, songs, jobs, shard, display->callback(),
                        [&] { return listener.stopped(); });
  }
  if (listener.stopped()) {
    throw Interrupted(
        "interrupted: " + std::to_string(report.made) + " songs were preprocessed and stay",
        "the same command goes on");
  }
  for (const SongFailure& failure : report.failures) listener.error(failure.message, failure.hint);
  return report;
}

SongStore::Report fill_store_where(const SongStore& store, const Manifest& manifest,
                                   const std::vector<std::size_t>& songs,
                                   const std::vector<std::string>& made, int jobs,
                                   const std::string& what, JobListener& listener) {
  std::vector<std::size_t> places;  // of the songs that are left
  std::vector<std::size_t> left;
  for (std::size_t place = 0; place < songs.size(); ++place) {
    if (made[place].empty()) continue;
    places.push_back(place);
    left.push_back(songs[place]);
  }
  SongStore::Report report;
  if (!left.empty()) report = fill_store(store, manifest, left, jobs, {}, what, listener);
  std::vector<std::string> files(songs.size());
  for (std::size_t i = 0; i < places.size(); ++i) files[places[i]] = report.files[i];
  report.files = std::move(files);
  return report;
}

}  // namespace mer
