#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/path_map.hpp"

namespace mer {

/// A song near another one.
struct SimilarSong {
  const ListedPrediction* song = nullptr;
  std::filesystem::path path;  ///< here
  double distance = 0.0;       ///< Euclidean, between SongPrediction::embedding
};

/// The songs of a list that are nearest to one of them, the nearest first; of equal ones in the
/// list's order. Songs that failed are left out.
/// @param song   a file, by whatever spelling, here or as the list has it
/// @param count  at most
/// @throws UsageError when the list does not hold the song, it failed, or there are no embeddings
std::vector<SimilarSong> similar_songs(const std::filesystem::path& song,
                                       const std::filesystem::path& list_file,
                                       const std::vector<ListedPrediction>& list, std::size_t count,
                                       const PathMap& map = {});

}  // namespace mer
