#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mer/corpus/manifest.hpp"
#include "mer/runs/evaluation_files.hpp"

namespace mer {

/// Checks that the model knows every label of these songs.
/// @param songs  indices into manifest.songs
/// @throws UsageError naming the manifest's line and the model's classes
void require_known_labels(const Manifest& manifest, const std::vector<std::size_t>& songs,
                          const std::vector<std::string>& classes);

/// Scores finished predictions; intervals resample groups (Song::group; a song without one is a
/// group of its own), for segments as well as for songs. Without songs every score is 0.
///
/// @param training_counts  parallel to classes; the largest names the baseline's class
/// @throws UsageError for a label that is not among the classes
Evaluation score_songs(std::string model, std::string split, std::vector<std::string> classes,
                       std::vector<ScoredSong> songs, std::vector<std::string> failed,
                       const std::vector<std::int64_t>& training_counts);

/// The table that `mer eval` prints: scores with intervals, baseline, what the probabilities are
/// worth, per class, confusion (counts and per cent of the row), for songs and for segments.
std::string to_table(const Evaluation& evaluation);

}  // namespace mer
