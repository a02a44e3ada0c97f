#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "mer/core/file_lock.hpp"
#include "mer/core/line_file.hpp"
#include "mer/runs/run_folder.hpp"

namespace spdlog {
class logger;
}

namespace mer {

/// A row of metrics.csv; NaN where not measured.
struct MetricsRow {
  std::int64_t iteration = 0;
  double epoch = 0.0;
  double seconds = 0.0;
  double lr = 0.0;
  double train_loss = 0.0, train_softmax = 0.0, train_center = 0.0;  ///< means since the last row
  double train_as_printed = 0.0;  ///< the paper's eq. 12, summed over a batch; the same means
  double val_loss = 0.0, val_accuracy = 0.0, val_macro_f1 = 0.0;  ///< per song
  /// Losses of the other tasks, and the share of training segments whose class was found.
  double train_values = 0.0, train_tags = 0.0, train_accuracy = 0.0;
  double val_concordance = 0.0, val_roc_auc = 0.0, val_pr_auc = 0.0;  ///< ModelCard::Validation
  double segments_per_second = 0.0;                                   ///< not in the file
  bool is_best = false;                                               ///< not in the file
};

/// A run folder that this process trains in; it belongs to one process at a time.
class RunWriter : public RunFolder {
 public:
  /// Makes the folder and its parents, with config.yaml, split.csv and the header of metrics.csv.
  /// @throws UsageError when it exists
  static RunWriter create(const std::filesystem::path& path, const RunConfig& config,
                          const Manifest& manifest, const Split& split);
  /// Opens the folder of a run that stopped.
  /// @throws UsageError when it is no run, has finished, or another process is training it
  static RunWriter reopen(const std::filesystem::path& path);

  /// run.json; write_status() puts it on disk.
  RunStatus& status() { return status_; }
  void write_status();

  /// Drops the rows after `iteration` and starts with a header where there is none.
  void open_metrics(std::int64_t iteration);
  /// Appends and flushes.
  void add_metrics(const MetricsRow& row);

  /// log.txt from debug level on.
  spdlog::logger& log() { return *log_; }

 private:
  explicit RunWriter(std::filesystem::path path);
  void lock();
  void open_log();

  std::optional<FileLock> lock_;  ///< of the folder
  RunStatus status_;
  std::optional<LineFile> metrics_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace mer
