#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/experiment/sweep_plan.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer {

/// How far a cell has come, as its run folder says.
struct CellProgress {
  enum class State {
    kNew,       ///< no folder
    kStopped,   ///< can be resumed
    kTrained,   ///< not scored yet
    kFinished,  ///< trained and scored
    kFailed     ///< diverged, crashed, or without anything that can be resumed
  } state = State::kNew;
  std::string error;  ///< of a failed cell, as far as its run.json says
};

/// Looks at a cell's folder.
/// @param score_training  whether the training songs have to be scored as well
/// @throws UsageError when a run with other settings lies there, naming the first that differs
CellProgress progress_of(const SweepCell& cell, const std::filesystem::path& folder,
                         const std::string& score, bool score_training);

/// The ordinary runs that a cell consists of: its folds, or itself.
std::vector<RunFolder> runs_of(const SweepCell& cell, const std::filesystem::path& folder);

/// A part of a run's split that `mer eval` has still to score.
struct UnscoredPart {
  std::filesystem::path run;
  std::string part;
};
std::vector<UnscoredPart> unscored_parts(const SweepCell& cell, const std::filesystem::path& folder,
                                         const std::string& score, bool score_training);

/// Makes way for another try of a failed cell: removes what can't be gone on with. Folds that have
/// finished stay.
void clear_failed(const SweepCell& cell, const std::filesystem::path& folder);

}  // namespace mer
