#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "mer/experiment/sweep_plan.hpp"
#include "mer/metrics/embedding_scores.hpp"

namespace mer {

/// A song or a segment with its truth and its prediction, as indices into the classes.
struct ScoredItem {
  std::string song;   ///< its id
  std::string group;  ///< what resampling draws
  int truth = 0;
  int predicted = 0;
  std::vector<double> probabilities = {};  ///< of the classes; of songs only
  EmbeddingPlace place = {};               ///< of songs only
};

/// The songs of one part, and their segments.
struct ScoredPart {
  std::vector<ScoredItem> songs;
  std::vector<ScoredItem> segments;
};

/// A row of metrics.csv.
struct LossPoint {
  std::int64_t iteration = 0;
  double train_loss = 0.0;
  double train_softmax = 0.0;
  double as_printed = 0.0;  ///< the paper's eq. 12; NaN in runs of earlier versions
};

/// What one run (a cell, or a fold of it) left on disk.
struct RunResults {
  ScoredPart scored;    ///< the test (or validation) songs
  ScoredPart training;  ///< empty when they were not scored
  std::int64_t training_songs = 0;
  std::int64_t training_segments = 0;  ///< 0 where run.json doesn't say
  double seconds = 0.0;                ///< of training
  double loss_as_printed = 0.0;        ///< NaN where run.json doesn't say
  std::vector<LossPoint> losses;
  double baseline_accuracy = 0.0;
};

/// What a finished cell left on disk.
struct CellResults {
  std::vector<std::string> classes;
  std::vector<RunResults> runs;     ///< one, or one a fold
  std::vector<std::string> failed;  ///< songs that could not be read
};

/// Reads split.csv, run.json, metrics.csv and eval/<part>/{metrics.json,predictions.csv,
/// segments.csv} of a cell's runs.
/// @throws UsageError when a file is damaged, naming it
CellResults read_cell_results(const SweepCell& cell, const std::filesystem::path& folder,
                              const std::string& score, bool with_training);

/// What cells say together: of every song the class with the largest mean log-probability, all
/// cells counting alike (a probability counts as at least 1e-12). Segments have no common answer,
/// since cells may cut songs differently: there are none.
/// @param names    of the cells, for errors
/// @throws UsageError when the cells' runs, folds or songs are not the same ones
CellResults ensemble_results(const std::vector<const CellResults*>& cells,
                             const std::vector<std::string>& names);

}  // namespace mer
