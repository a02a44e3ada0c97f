#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/corpus/split.hpp"
#include "mer/runs/run_status.hpp"

namespace mer {

/// A run's folder, to read; RunWriter fills it. Or the parent of a cross-validation's folds, which
/// holds their config and the pooled evaluation, but no run of its own.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string name() const;  ///< of the folder, also where the path is "." or "run/"

  std::filesystem::path config_file() const { return path_ / "config.yaml"; }
  std::filesystem::path status_file() const { return path_ / "run.json"; }
  std::filesystem::path split_file() const { return path_ / "split.csv"; }
  std::filesystem::path metrics_file() const { return path_ / "metrics.csv"; }
  std::filesystem::path log_file() const { return path_ / "log.txt"; }
  std::filesystem::path best_file() const { return weights_file("best"); }
  std::filesystem::path last_file() const { return weights_file("last"); }
  std::filesystem::path state_file() const { return path_ / "state.safetensors"; }
  std::filesystem::path report_file() const { return path_ / "report.html"; }
  /// @param weights  best or last
  std::filesystem::path weights_file(const std::string& weights) const {
    return path_ / (weights + ".safetensors");
  }
  /// Of write_evaluation().
  std::filesystem::path evaluation_folder(const std::string& split) const {
    return path_ / "eval" / split;
  }
  /// The parts that have been scored, the test songs first.
  std::vector<std::string> scored_splits() const;

  bool has_config() const;
  bool has_status() const;
  bool has_state() const;  ///< can be resumed
  bool has_finished() const;

  /// Fold `number`, from 1.
  RunFolder fold(int number) const;
  /// In order; empty when it is no cross-validation.
  std::vector<RunFolder> folds() const;

  /// Paths in it are absolute.
  /// @throws UsageError when there is none, or it can't be read
  RunConfig config() const;
  /// "best" or "last", as the config selects.
  std::string selected_weights() const;
  /// @throws UsageError when run.json is missing or damaged
  RunStatus read_status() const;
  /// None where read_status() throws.
  std::optional<RunStatus> find_status() const;
  /// The columns of MetricsRow by name.
  /// @throws UsageError when metrics.csv is missing or damaged
  CsvTable metrics() const;
  /// @throws UsageError when split.csv does not list exactly the manifest's songs
  Split split(const Manifest& manifest) const;
  /// The group of each song, by its id.
  /// @throws UsageError when split.csv can't be read
  std::map<std::string, std::string> groups() const;

 private:
  std::filesystem::path path_;
};

}  // namespace mer
