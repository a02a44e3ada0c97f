#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "mer/config/run_config.hpp"
#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/predict/evaluation.hpp"
#include "mer/train/trainer.hpp"

namespace mer {

/// A run, or a cross-validation of data.split.folds runs, from its config to its end.
struct TrainingJob {
  RunConfig config;
  std::filesystem::path run;  ///< its folder; of a cross-validation the folds' parent
  bool resumes = false;
  std::string command_line;  ///< for run.json
  WeightFiles weights;       ///< of frozen networks
  Workers workers;

  /// What this process is among several; the first one speaks and writes.
  bool is_first() const;
};

/// Whom a job tells how it goes.
struct TrainingListener {
  JobListener& job;
  /// Once it is known which songs there are.
  /// @param division  "8/4/4" or "5 folds"
  std::function<void(const Manifest& manifest, const std::string& division)> on_songs;
  /// @param fold  from 1; 0 = the only run
  std::function<RunCallbacks(int fold)> callbacks;
};

struct TrainingOutcome {
  bool is_interrupted = false;  ///< what is there stays
  bool songs_failed = false;    ///< some could not be read
  RunResult result;             ///< of a run
  /// Of a cross-validation: all songs, each scored by the fold that has not seen it.
  std::optional<Evaluation> evaluation;
};

/// Makes the features that are missing, trains what has not been trained, and scores folds.
///
/// Folds are trained side by side, as many as config.train.fold_jobs says (0 = as there are cores
/// for); each is a run of its own in RUN/fold-1, …, resumed where it stands, and its test songs are
/// scored in RUN/fold-1/eval/test. All test songs together are scored in RUN/eval/test.
/// @throws Interrupted when the user asked to stop before training began
TrainingOutcome run_training(const TrainingJob& job, const TrainingListener& listener);

/// "16 songs (8/4/4), split by group"
std::string division_text(const RunConfig& config, const Manifest& manifest,
                          const std::string& division);

}  // namespace mer
