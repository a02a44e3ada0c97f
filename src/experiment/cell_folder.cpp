#include "mer/experiment/cell_folder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using State = CellProgress::State;

/// The first option, in their order, whose values differ; empty when none does.
struct Difference {
  std::string key;
  std::string found;
  std::string wanted;
};

Difference first_difference(const Json& found, const Json& wanted, const std::string& prefix) {
  for (const auto& [key, value] : wanted.items()) {
    const std::string dotted = prefix.empty() ? key : prefix + "." + key;
    const auto other = found.find(key);
    if (other == found.end()) return {dotted, "absent", value.dump()};
    if (value.is_object() && other->is_object()) {
      Difference inner = first_difference(*other, value, dotted);
      if (!inner.key.empty()) return inner;
    } else if (*other != value) {
      return {dotted, other->dump(), value.dump()};
    }
  }
  return {};
}

void require_same_settings(const SweepCell& cell, const fs::path& folder) {
  RunConfig there;
  const std::string hint = "give the sweep another --name, or remove " + folder.string();
  try {
    ConfigDocument::load(folder / "config.yaml").read(there);
  } catch (const UsageError& error) {
    throw UsageError(std::string(error.what()) + " (a run of another version of mer?)", hint);
  }
  RunConfig wanted = cell.config;
  wanted.data.manifest = fs::absolute(wanted.data.manifest);
  const Difference difference =
      first_difference(deciding_options(there), deciding_options(wanted), "");
  if (difference.key.empty()) return;
  throw UsageError(folder.string() + ": was made with " + difference.key + " " + difference.found +
                       ", this sweep has " + difference.wanted,
                   hint);
}

/// "" when there is no readable run.json.
Json status_of(const fs::path& run) {
  const fs::path file = run / "run.json";
  if (!fs::is_regular_file(file)) return Json::object();
  Json json = Json::parse(read_text_file(file), nullptr, false);
  return json.is_object() ? json : Json::object();
}

CellProgress progress_of_run(const fs::path& run) {
  if (!fs::exists(run)) return {};
  const Json status = status_of(run);
  const std::string word = status.value("status", "");
  if (word == "finished") return {State::kTrained, ""};
  if (word == "failed") {
    const auto error = status.find("error");
    return {State::kFailed, error != status.end() && error->is_string()
                                ? error->get<std::string>()
                                : "failed without saying why"};
  }
  if (fs::is_regular_file(run / "state.safetensors")) return {State::kStopped, ""};
  return {State::kFailed, "stopped before its first checkpoint"};
}

bool is_scored(const fs::path& run, const std::string& part) {
  const fs::path folder = run / "eval" / part;
  return fs::is_regular_file(folder / "metrics.json") &&
         fs::is_regular_file(folder / "predictions.csv") &&
         fs::is_regular_file(folder / "segments.csv");
}

}  // namespace

std::vector<fs::path> runs_of(const SweepCell& cell, const fs::path& folder) {
  const int folds = cell.config.data.split.folds;
  if (folds == 0) return {folder};
  std::vector<fs::path> runs;
  for (int fold = 1; fold <= folds; ++fold)
    runs.push_back(folder / ("fold-" + std::to_string(fold)));
  return runs;
}

CellProgress progress_of(const SweepCell& cell, const fs::path& folder, const std::string& score,
                         bool score_training) {
  if (!fs::exists(folder)) return {};
  if (!fs::is_regular_file(folder / "config.yaml")) {
    return {State::kFailed, "stopped before it began"};
  }
  require_same_settings(cell, folder);
  const bool folds = cell.config.data.split.folds > 0;
  CellProgress progress{State::kTrained, ""};
  for (const fs::path& run : runs_of(cell, folder)) {
    const CellProgress of_run = progress_of_run(run);
    if (of_run.state == State::kFailed) {
      return {State::kFailed, (folds ? run.filename().string() + ": " : "") + of_run.error};
    }
    if (of_run.state != State::kTrained) progress.state = State::kStopped;
  }
  // The parent of folds scores them itself as the last thing it does.
  if (folds && progress.state == State::kTrained && !is_scored(folder, kTest)) {
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
  for (const fs::path& run : runs_of(cell, folder)) {
    if (!is_scored(run, score)) parts.push_back({run, score});
    if (score_training && !is_scored(run, kTrain)) parts.push_back({run, kTrain});
  }
  return parts;
}

void clear_failed(const SweepCell& cell, const fs::path& folder) {
  if (cell.config.data.split.folds == 0 || !fs::is_regular_file(folder / "config.yaml")) {
    fs::remove_all(folder);
    return;
  }
  for (const fs::path& run : runs_of(cell, folder)) {
    if (progress_of_run(run).state == State::kFailed) fs::remove_all(run);
  }
}

}  // namespace mer
