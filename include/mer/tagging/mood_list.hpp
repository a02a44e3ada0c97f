#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mer/runs/prediction_list.hpp"

namespace mer {

/// Goes through a prediction list and gives each song's emotion (none: what was there before us) to
/// a function that returns whether it has written the file. A tag changes a file, but not what it
/// sounds like: the list's stamps of such files are renewed, so that it still answers for them.
/// @param file      that the list was read from
/// @param removing  no song gets an emotion; else songs without an answer are passed over
/// @param stop      asked before each song
void follow_list(const std::filesystem::path& file, const std::vector<ListedPrediction>& list,
                 bool removing, const std::function<bool()>& stop,
                 const std::function<bool(const std::filesystem::path& song,
                                          const std::optional<std::string>& emotion)>& change);

}  // namespace mer
