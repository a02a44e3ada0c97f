#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mer/corpus/manifest.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/metrics/curve_scores.hpp"
#include "mer/metrics/ensemble.hpp"
#include "mer/metrics/regression.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/metrics/tag_scores.hpp"
#include "mer/runs/prediction.hpp"

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
  /// A model file that was scored.
  struct Model {
    std::string name;  ///< as named by the user
    std::string hash;  ///< hash_file_hex()
  };

  std::string model;                 ///< as named by the user, several joined by " + "
  std::vector<Model> models;         ///< none in evaluations of earlier versions
  std::string split;                 ///< "test", …, or "all"
  std::vector<std::string> classes;  ///< empty where the model answers none
  std::vector<ScoredSong> songs;
  std::vector<std::string> failed;  ///< listed paths of songs that could not be read
  /// Ids of songs of another corpus that a model had learned from.
  std::vector<std::string> known_songs;
  bool scores_known_songs = false;  ///< else they are left out
  double baseline_accuracy = 0.0;   ///< the training songs' most frequent class on these songs
  std::string baseline_class;
  Scores song_scores;
  Scores segment_scores;
  ProbabilityScores probability_scores;
  std::optional<EmbeddingScores>
      embedding_scores;  ///< of songs; none without a network's embeddings
  /// Of the songs whose valence and arousal the manifest and the model both give; none otherwise.
  std::optional<RegressionScores> valence, arousal;
  /// The same of songs whose manifest has a curve.
  std::optional<CurveScores> valence_over_time, arousal_over_time;
  std::vector<std::string> tags;        ///< that the model tells; empty where it tells none
  std::optional<TagScores> tag_scores;  ///< of the songs whose labels the manifest says
};

/// metrics.json (contract/metrics.schema.json), with `models`, `baseline_class`, `calibration`,
/// `coverage`, `sides` and `embedding` besides. `valence_arousal` is there where both are predicted
/// as numbers, with `over_time` where the manifest has curves, `tags` where several labels are
/// told. Without classes it has no scores of classes.
nlohmann::ordered_json to_json(const Evaluation& evaluation);

/// Writes metrics.json, predictions.csv and segments.csv, and where there are classes also
/// confusion.csv, reliability.csv and coverage.csv (of songs), of one network also
/// embeddings.safetensors, into the folder (made if needed), each atomically.
/// @throws UsageError when another process writes there, Error when it can't be made or written
void write_evaluation(const Evaluation& evaluation, const std::filesystem::path& folder);

/// Before any work: refuses a folder in which write_evaluation() would replace what isn't its own.
/// @throws UsageError naming it
void require_evaluation_folder(const std::filesystem::path& folder);

/// Whether a folder holds metrics.json, also every song, also every segment.
bool has_scores(const std::filesystem::path& folder);
bool has_songs(const std::filesystem::path& folder);
bool has_songs_and_segments(const std::filesystem::path& folder);

/// metrics.json alone, or with the songs of predictions.csv, or with their segments too.
enum class EvaluationPart { kScores, kSongs, kSegments };

/// Reads back what write_evaluation() wrote. A song has its id, path and label. Numbers that an
/// earlier version did not write are NaN; probability_scores.coverage stays empty.
/// @throws UsageError naming the file that is damaged
Evaluation read_evaluation(const std::filesystem::path& folder, EvaluationPart part);

/// The songs of predictions.csv alone.
/// @throws UsageError naming the file when it is damaged, or of other classes
std::vector<ScoredSong> read_predictions(const std::filesystem::path& folder,
                                         const std::vector<std::string>& classes);

/// To fit on.
/// @throws UsageError for a label that is not among the classes
LabelledProbabilities labelled(const std::vector<ScoredSong>& songs,
                               const std::vector<std::string>& classes);

}  // namespace mer
