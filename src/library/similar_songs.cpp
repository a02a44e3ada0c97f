#include "mer/library/similar_songs.hpp"

#include <algorithm>
#include <cmath>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace

std::vector<SimilarSong> similar_songs(const fs::path& song, const fs::path& list_file,
                                       const std::vector<ListedPrediction>& list, std::size_t count,
                                       const PathMap& map) {
  AbsolutePaths absolute;
  const std::string wanted = absolute(song).string();
  const ListedPrediction* found = nullptr;
  std::vector<fs::path> paths;
  for (const ListedPrediction& line : list) {
    paths.push_back(map(line.result.path));
    const bool is_it = line.result.path == wanted || absolute(paths.back()).string() == wanted;
    if (is_it) found = &line;  // the last of several lines counts
  }
  const std::string predict = "mer predict " + shell_quoted(song) + " --format jsonl -o " +
                              shell_quoted(list_file) + " --resume";
  if (found == nullptr) {
    throw UsageError(song.string() + ": is not in " + list_file.string(), predict + " adds it");
  }
  if (!found->result.ok()) {
    throw UsageError(song.string() + ": could not be predicted: " + found->result.error,
                     predict + " --retry-failed tries again");
  }
  const std::vector<double>& place = found->result.prediction->embedding;
  if (place.empty()) {
    throw UsageError(list_file.string() + ": does not say where songs lie among others",
                     "mer predict … --format jsonl -o FILE, with a model of this version, does");
  }
  std::vector<SimilarSong> songs;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (&list[i] == found || !list[i].result.ok() || list[i].result.path == found->result.path)
      continue;
    const std::vector<double>& other = list[i].result.prediction->embedding;
    if (!other.empty()) songs.push_back({&list[i], paths[i], distance(place, other)});
  }
  std::stable_sort(songs.begin(), songs.end(), [](const SimilarSong& a, const SimilarSong& b) {
    return a.distance < b.distance;
  });
  if (songs.size() > count) songs.resize(count);
  return songs;
}

}  // namespace mer
