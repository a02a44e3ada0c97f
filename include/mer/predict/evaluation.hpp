#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mer/corpus/manifest.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/metrics/regression.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/predict/predictor.hpp"

namespace mer {

/// A song with its truth and its prediction.
struct ScoredSong {
  Song song;
  SongPrediction prediction;
};

/// What the probabilities are worth, beyond the classes that they choose.
struct ProbabilityScores {
  Calibration songs;
  Calibration segments;  ///< without intervals
  /// Of songs; and those points of it that have an interval, every tenth of the songs.
  std::vector<CoveragePoint> coverage;
  std::vector<std::pair<CoveragePoint, Interval>> coverage_intervals;
  /// Whether songs lie on the right side of each axis (class 1: positive, high), where the classes
  /// are the four of Quadrants.
  std::optional<Scores> positive_valence, high_arousal;
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
  ProbabilityScores probability_scores;
  /// Of the songs whose valence and arousal the manifest and the model both give; none otherwise.
  std::optional<RegressionScores> valence, arousal;
};

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

/// metrics.json (contract/metrics.schema.json), with `baseline_class`, `calibration`, `coverage`
/// and `valence_arousal` besides, and `regression` where valence and arousal are predicted as
/// numbers.
nlohmann::ordered_json to_json(const Evaluation& evaluation);
/// The table that `mer eval` prints: scores with intervals, baseline, what the probabilities are
/// worth, per class, confusion (counts and per cent of the row), for songs and for segments.
std::string to_table(const Evaluation& evaluation);
/// Writes metrics.json, confusion.csv, predictions.csv, reliability.csv and coverage.csv (songs)
/// and segments.csv into the folder (made if needed), each atomically.
/// @throws Error when the folder can't be made or written
void write_evaluation(const Evaluation& evaluation, const std::filesystem::path& folder);

}  // namespace mer
