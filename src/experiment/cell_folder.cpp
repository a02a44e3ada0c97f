#include "mer/experiment/cell_folder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/json.hpp"
#include "mer/runs/evaluation_files.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using State = CellProgress::State;

void require_same_settings(const SweepCell& cell, const fs::path& folder) {
  RunConfig there;
  const std::string hint = "give the sweep another --name, or remove " + folder.string();
  try {
    there = RunFolder(folder).config();
  } catch (const UsageError& error) {
    throw UsageError(std::string(error.what()) + " (a run of another version of mer?)", hint);
  }
  RunConfig wanted = cell.config;
  wanted.data.manifest = fs::absolute(wanted.data.manifest);
  const auto difference = find_difference(deciding_options(wanted), deciding_options(there));
  if (!difference) return;
  throw UsageError(folder.string() + ": was made with " + difference->key + " " +
                       difference->found + ", this sweep has " + difference->expected,
                   hint);
}

CellProgress progress_of_run(const RunFolder& run) {
  if (!fs::exists(run.path())) return {};
  const RunStatus status = run.find_status().value_or(RunStatus());
  if (status.status == "finished") return {State::kTrained, ""};
  if (status.status == "failed") {
    return {State::kFailed, status.error.empty() ? "failed without saying why" : status.error};
  }
  if (run.has_state()) return {State::kStopped, ""};
  return {State::kFailed, "stopped before its first checkpoint"};
}

bool is_scored(const RunFolder& run, const std::string& part) {
  return has_songs_and_segments(run.evaluation_folder(part));
}

}  // namespace

std::vector<RunFolder> runs_of(const SweepCell& cell, const fs::path& folder) {
  const int folds = cell.config.data.split.folds;
  if (folds == 0) return {RunFolder(folder)};
  std::vector<RunFolder> runs;
  for (int fold = 1; fold <= folds; ++fold) runs.push_back(RunFolder(folder).fold(fold));
  return runs;
}

CellProgress progress_of(const SweepCell& cell, const fs::path& folder, const std::string& score,
                         bool score_training) {
  if (!fs::exists(folder)) return {};
  if (!RunFolder(folder).has_config()) {
    return {State::kFailed, "stopped before it began"};
  }
  require_same_settings(cell, folder);
  const bool folds = cell.config.data.split.folds > 0;
  CellProgress progress{State::kTrained, ""};
  for (const RunFolder& run : runs_of(cell, folder)) {
    const CellProgress of_run = progress_of_run(run);
    if (of_run.state == State::kFailed) {
      return {State::kFailed, (folds ? run.path().filename().string() + ": " : "") + of_run.error};
    }
    if (of_run.state != State::kTrained) progress.state = State::kStopped;
  }
  // The parent of folds scores them itself as the last thing it does.
  if (folds && progress.state == State::kTrained && !is_scored(RunFolder(folder), kTest)) {
    progress.state = State::kStopped;
  }
  if (progress.state == State::kTrained &&
      unscored_parts(cell, folder, score, score_training).empty()) {
    progress.state = State::kFinished;
  }
  return progress;
}

std::vector<UnscoredPart> unscored_parts(const SweepCell& cell, const fs::path& folder,
                                         const std::string& score, bool score_training) {
  std::vector<UnscoredPart> parts;
  if (score == kScoreNone) return parts;
  for (const RunFolder& run : runs_of(cell, folder)) {
    if (!is_scored(run, score)) parts.push_back({run.path(), score});
    if (score_training && !is_scored(run, kTrain)) parts.push_back({run.path(), kTrain});
  }
  return parts;
}

void clear_failed(const SweepCell& cell, const fs::path& folder) {
  if (cell.config.data.split.folds == 0 || !RunFolder(folder).has_config()) {
    fs::remove_all(folder);
    return;
  }
  for (const RunFolder& run : runs_of(cell, folder)) {
    if (progress_of_run(run).state == State::kFailed) fs::remove_all(run.path());
  }
}

}  // namespace mer
