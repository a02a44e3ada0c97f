#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/data/manifest.hpp"
#include "mer/eval/predictor.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {

/// A song with its truth and its prediction.
struct ScoredSong {
  Song song;
  SongPrediction prediction;
};

/// Predictions of labelled songs and the scores that follow from them.
struct Evaluation {
  std::string model;  ///< as named by the user
  std::string split;  ///< "test", …, or "all"
  std::vector<std::string> classes;
  std::vector<ScoredSong> songs;
  std::vector<std::string> failed;  ///< listed paths of songs that could not be read
  double baseline_accuracy = 0.0;   ///< the training songs' most frequent class on these songs
  std::string baseline_class;
  Scores song_scores;
  Scores segment_scores;
};

/// Scores finished predictions; intervals resample groups.
/// @param training_counts  parallel to classes; names the baseline's class
Evaluation score_songs(std::string model, std::string split, std::vector<std::string> classes,
                       std::vector<ScoredSong> songs, std::vector<std::string> failed,
                       const std::vector<std::int64_t>& training_counts);

/// metrics.json (contract/metrics.schema.json).
nlohmann::ordered_json to_json(const Evaluation& evaluation);
/// The table that `mer eval` prints: scores with intervals, baseline, per class, confusion.
std::string to_table(const Evaluation& evaluation);
/// Writes metrics.json, confusion.csv, predictions.csv into the folder (made if needed).
void write_evaluation(const Evaluation& evaluation, const std::filesystem::path& folder);

}  // namespace mer
