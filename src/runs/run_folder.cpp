#include "mer/runs/run_folder.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/split_file.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string RunFolder::name() const { return fs::weakly_canonical(path_).filename().string(); }

std::vector<std::string> RunFolder::scored_splits() const {
  std::vector<std::string> splits;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(evaluation_folder(""), ignored)) {
    if (has_scores(entry.path())) splits.push_back(entry.path().filename().string());
  }
  std::sort(splits.begin(), splits.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a != kTest, a) < std::pair(b != kTest, b);
  });
  return splits;
}

bool RunFolder::has_config() const { return fs::is_regular_file(config_file()); }
bool RunFolder::has_status() const { return fs::is_regular_file(status_file()); }
bool RunFolder::has_state() const { return fs::is_regular_file(state_file()); }

bool RunFolder::has_finished() const {
  const auto status = find_status();
  return status && status->status == "finished";
}

RunFolder RunFolder::fold(int number) const {
  return RunFolder(path_ / ("fold-" + std::to_string(number)));
}

std::vector<RunFolder> RunFolder::folds() const {
  std::vector<RunFolder> folds;
  for (int number = 1; fs::is_directory(fold(number).path()); ++number) {
    folds.push_back(fold(number));
  }
  return folds;
}

RunConfig RunFolder::config() const {
  if (!has_config()) {
    throw UsageError(path_.string() + ": not a run: it has no config.yaml",
                     "give a folder that `mer train` made");
  }
  RunConfig config;
  ConfigDocument::load(config_file()).read(config);
  return config;
}

std::string RunFolder::selected_weights() const {
  return config().train.checkpoint == TrainOptions::Checkpoint::kBest ? "best" : "last";
}

RunStatus RunFolder::read_status() const { return RunStatus::read(status_file()); }

std::optional<RunStatus> RunFolder::find_status() const {
  try {
    return read_status();
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

CsvTable RunFolder::metrics() const { return CsvTable(metrics_file()); }

Split RunFolder::split(const Manifest& manifest) const {
  return read_split_csv(split_file(), manifest);
}

std::map<std::string, std::string> RunFolder::groups() const {
  const CsvTable table(split_file());
  table.require({"id", "group"}, "take a split.csv that `mer train` wrote");
  std::map<std::string, std::string> groups;
  for (std::size_t row = 0; row < table.size(); ++row) {
    groups[table.cell(row, "id")] = table.cell(row, "group");
  }
  return groups;
}

}  // namespace mer
