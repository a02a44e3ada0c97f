#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/path_map.hpp"

namespace mer {

/// What is done to each song of a prediction list.
struct MoodListJob {
  const PathMap& map;
  std::function<bool()> stop;  ///< asked before each song
  /// Gets the song's place here and its line, and returns whether it has written the file.
  std::function<bool(const std::filesystem::path& song, const ListedPrediction& line)> change;
};

/// Goes through a prediction list. A tag changes a file, but not what it sounds like: the list's
/// stamps of such files are renewed, so that it still answers for them.
/// @param file     that the list was read from
/// @param writing  keeps other writers off the list meanwhile; none: nothing will be changed
void follow_list(const std::filesystem::path& file, const std::vector<ListedPrediction>& list,
                 LineFile* writing, const MoodListJob& job);

}  // namespace mer
