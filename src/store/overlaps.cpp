#include "mer/store/overlaps.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "mer/core/files.hpp"
#include "mer/corpus/near_duplicates.hpp"
#include "mer/store/fingerprint_store.hpp"

namespace mer {

bool is_same_corpus(const ManifestPart& scored, const Manifest& learned) {
  AbsolutePaths absolute;
  std::set<std::filesystem::path> files;
  for (const Song& song : learned.songs) files.insert(absolute(song.path));
  return std::all_of(scored.songs.begin(), scored.songs.end(), [&](std::size_t song) {
    return files.count(absolute(scored.manifest.songs[song].path)) != 0;
  });
}

std::vector<Overlap> find_overlaps(const std::filesystem::path& root, const ManifestPart& scored,
                                   const ManifestPart& learned, bool seeks_recordings,
                                   JobListener& listener) {
  std::map<std::size_t, Overlap> overlaps;
  if (seeks_recordings) {
    std::vector<Fingerprint> songs = fingerprints_of(root, scored.manifest, scored.songs, listener);
    const std::size_t num_scored = songs.size();
    for (Fingerprint& song : fingerprints_of(root, learned.manifest, learned.songs, listener)) {
      songs.push_back(std::move(song));
    }
    for (const NearDuplicate& pair : find_near_duplicates(songs)) {
      if (pair.first >= num_scored || pair.second < num_scored) continue;
      const std::size_t song = scored.songs[pair.first];
      overlaps.insert({song, {song, learned.songs[pair.second - num_scored], pair.bit_error_rate}});
    }
  }
  std::map<std::string, std::size_t> learned_ids;
  const bool have_ids = learned.manifest.has_ids && scored.manifest.has_ids;
  for (const std::size_t song : have_ids ? learned.songs : std::vector<std::size_t>{}) {
    const std::string& id = learned.manifest.songs[song].id;
    if (id.find_first_not_of("0123456789") != std::string::npos) learned_ids[id] = song;
  }
  for (const std::size_t song : scored.songs) {
    const auto same = learned_ids.find(scored.manifest.songs[song].id);
    if (same != learned_ids.end()) overlaps.insert({song, {song, same->second}});
  }
  std::vector<Overlap> found;
  for (const auto& [song, overlap] : overlaps) found.push_back(overlap);
  return found;
}

}  // namespace mer
