#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mer/core/file_stamp.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/metrics/embedding_scores.hpp"

namespace mer {

/// What is said of a stretch of a song; times in the source file.
struct SegmentPrediction {
  double start_s = 0.0;
  double end_s = 0.0;
  std::vector<double> probabilities;  ///< of the model's classes; empty without classes
  double valence = std::numeric_limits<double>::quiet_NaN();  ///< as SongPrediction's
  double arousal = std::numeric_limits<double>::quiet_NaN();
};

/// What a model answers.
struct AnswerKinds {
  std::vector<std::string> classes = {};  ///< empty without that task
  bool has_values = false;                ///< valence and arousal
  std::vector<std::string> tags = {};     ///< of which a song may have several; empty without them
  bool derives_values = false;  ///< valence and arousal follow from the class probabilities
};

/// What a model, or an ensemble, says of a song. What it does not answer is NaN, empty or none.
struct SongPrediction {
  std::vector<double> probabilities;  ///< of the model's classes
  std::vector<SegmentPrediction> segments;
  double duration_s = 0.0;  ///< of the file
  double analysed_s = 0.0;  ///< kept frames that the segments cover
  /// Where the song lies in the plane of emotions, about −1…1.
  double valence = std::numeric_limits<double>::quiet_NaN();
  double arousal = std::numeric_limits<double>::quiet_NaN();
  bool derives_values = false;  ///< these follow from the class probabilities (Quadrants)
  std::vector<std::string> warnings;
  std::vector<std::pair<std::string, double>> tags;  ///< each with a probability of its own
  std::vector<std::string> labels;                   ///< those probable enough to be told
  std::optional<EmotionCurve> over_time;             ///< at the middle of each segment
  /// Share of held-out songs that lie nearer to the training songs than this one (SongAxes); NaN of
  /// a song of less than two thirds of a segment and from models that have no such songs.
  double unlike_training = std::numeric_limits<double>::quiet_NaN();
  /// The song's place among others, for maps and neighbors: coordinates on the model's principal
  /// axes (SongAxes), in units of the first one's deviation among training songs.
  std::vector<double> embedding;

  /// What the model's network has before its last layer, mean over the segments; empty for a
  /// classical system and for several models.
  std::vector<double> network_embedding;
  EmbeddingPlace place;  ///< of that among the songs it was scored with

  int predicted() const;      ///< the class with the largest probability
  double confidence() const;  ///< its probability
};

/// What came out for one input file: a prediction, or why there is none.
struct FileResult {
  std::string path;  ///< as given; bytes, not necessarily UTF-8
  std::optional<SongPrediction> prediction;
  std::string error;               ///< empty when there is a prediction
  std::string hint;                ///< what to do about the error; may be empty
  bool uncertain = false;          ///< the largest probability is below the one asked for
  std::optional<FileStamp> stamp;  ///< of the file just before it was read; none when it is missing

  bool ok() const { return prediction.has_value(); }
};

}  // namespace mer
