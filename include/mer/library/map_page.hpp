#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/path_map.hpp"

namespace mer {

/// A library as one HTML page that needs nothing else, no network either: every song a point, at
/// the first two coordinates of its embedding, or of valence and arousal; colored by emotion, to be
/// searched, filtered, heard, and chosen from for a playlist. Titles and artists are those of the
/// files' tags, where the files are there. Songs that failed are left out.
///
/// About 300 bytes a song, and 280 KB.
///
/// @param folder  of the page: links to songs are relative to it
/// @param map     from the list's paths to where the files lie here
/// @throws UsageError when no song has an embedding or valence and arousal
std::string map_page(const std::vector<ListedPrediction>& list, const std::filesystem::path& folder,
                     const PathMap& map = {});

}  // namespace mer
