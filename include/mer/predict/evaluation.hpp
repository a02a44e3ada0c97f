#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mer/corpus/manifest.hpp"
#include "mer/runs/evaluation_files.hpp"

namespace mer {

/// Checks that the model knows every class of these songs; songs may be without one.
/// @param songs  indices into manifest.songs
/// @throws UsageError naming the manifest's line and the model's classes
void require_known_labels(const Manifest& manifest, const std::vector<std::size_t>& songs,
                          const std::vector<std::string>& classes);

/// What a model answers, and what it was trained on.
struct ModelAnswers : AnswerKinds {
  std::vector<std::int64_t> training_counts =
      {};  ///< parallel to classes; the largest is the baseline
};

/// Scores finished predictions; intervals resample groups (Song::group; a song without one is a
/// group of its own), for segments as well as for songs. Each task is scored on the songs whose
/// target is known; without any its scores are 0, or none.
/// @throws UsageError for a label that is not among the classes
Evaluation score_songs(std::string model, std::string split, ModelAnswers answers,
                       std::vector<ScoredSong> songs, std::vector<std::string> failed);

/// The table that `mer eval` prints: scores with intervals, baseline, what the probabilities are
/// worth, per class, confusion (counts and per cent of the row), for songs and for segments.
std::string to_table(const Evaluation& evaluation);

}  // namespace mer
