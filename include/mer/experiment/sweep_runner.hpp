#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/child_process.hpp"
#include "mer/core/progress.hpp"
#include "mer/experiment/cell_folder.hpp"
#include "mer/experiment/sweep_summary.hpp"

namespace mer {

/// Runs the cells of a sweep as processes of their own, so that one that crashes takes no other
/// with it. Each is `mer train`, then `mer eval` of what has to be scored.
///
///   RUNS/<sweep>/<cell>/               an ordinary run folder (or a parent of folds)
///   RUNS/<sweep>/configs/<cell>.yaml   its effective config
///   RUNS/<sweep>/logs/<cell>.txt       what its processes said
class SweepRunner {
 public:
  /// @param program  `mer`, the file
  /// What is given must outlive the runner.
  SweepRunner(const SweepPlan& plan, std::filesystem::path folder, int jobs,
              std::filesystem::path program, JobListener& listener);

  std::filesystem::path folder_of(std::size_t cell) const;
  /// @throws UsageError when a cell's folder has a run with other settings
  CellProgress progress_of_cell(std::size_t cell) const;

  /// @throws Error when they can't be made
  void make_folders() const;
  /// Makes the features and embeddings that cells share, before the first of them starts: other
  /// processes that run cells of the sweep wait until they are made.
  /// @return whether some songs could not be read
  /// @throws Error when they can't be made, Interrupted when the user asked to stop
  bool fill_stores(const std::vector<std::size_t>& cells);
  /// Runs these cells as far as they have not finished, `jobs` at a time; one that failed before is
  /// tried again.
  /// @throws Interrupted once the cells that were running have saved their state
  void run(const std::vector<std::size_t>& cells);

  /// Cells that failed in run(), with the reason.
  const std::vector<MissingCell>& failed() const { return failed_; }
  /// Whether a cell of run() had songs that could not be read.
  bool songs_failed() const { return songs_failed_; }

 private:
  struct Running {
    std::size_t cell;
    std::vector<std::string> command;
    std::uintmax_t log_start;  ///< size of the log before this command
    double started_s;
    std::unique_ptr<ChildProcess> process;
  };

  std::filesystem::path log_of(std::size_t cell) const;
  std::filesystem::path config_of(std::size_t cell) const;
  /// What is to be done next for a cell; empty when it has finished.
  std::vector<std::string> next_command(std::size_t cell) const;
  void write_config(std::size_t cell) const;
  void prepare(std::size_t cell);
  void start(std::size_t cell, const std::vector<std::string>& command, double started_s);
  void ended(const Running& running, int exit_code);
  void fail(std::size_t cell, const std::string& reason);
  std::string reason_of(const Running& running, int exit_code) const;
  void show(ProgressDisplay& display, std::size_t num_left) const;
  /// By `mer preprocess`, which has LibTorch.
  bool make_embeddings(std::size_t cell);

  const SweepPlan& plan_;
  std::filesystem::path folder_;
  int jobs_;
  std::filesystem::path program_;
  JobListener& listener_;
  RateMeter clock_;
  std::list<Running> running_;
  std::vector<MissingCell> failed_;
  bool songs_failed_ = false;
};

/// Reads the results of the cells that have finished, also those of other processes, and writes
/// summary.csv, summary.md, loss.csv and loss_as_printed.csv into the sweep's folder.
SweepSummary write_summary(const SweepPlan& plan, const SweepRunner& runner,
                           const std::filesystem::path& folder);

}  // namespace mer
