#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/corpus/split.hpp"
#include "mer/runs/run_writer.hpp"
#include "mer/store/feature_store.hpp"

namespace mer {

class Collective;

/// What a run talks to: never the terminal itself.
struct RunCallbacks {
  std::function<void(const MetricsRow&)> on_row;  ///< after each evaluation
  /// After each step: (iteration, iterations, segments a second).
  std::function<void(std::int64_t, std::int64_t, double)> on_step;
  std::function<bool()> stop;           ///< asked after each step; true = save and stop
  std::shared_ptr<spdlog::logger> log;  ///< may be null
};

struct RunResult {
  enum class Status { kFinished, kInterrupted } status = Status::kFinished;
  std::int64_t iterations = 0;
  double best_score = 0.0;  ///< ModelCard::Validation::score() of validation songs; NaN without any
  std::int64_t best_iteration = 0;
  std::vector<SongFailure> failures;  ///< songs left out because they can't be read
};

/// What a run needs to start: the songs, who is in which part, where their features lie.
struct RunData {
  Manifest manifest;
  Split split;
  /// Of all songs (fill() with no `songs`), so that its files are parallel to manifest.songs; songs
  /// with an empty path are left out.
  FeatureStore::Report features;
  /// The same of the songs' embeddings, where the system sees some (RunConfig::sees_embeddings());
  /// else without files.
  SongStore::Report embeddings;
};

/// Who trains a run. Each worker has its rows of every batch, and all together do what one alone
/// does with the whole batch, but for rounding: sums of losses, gradients, batch norm's moments and
/// class centers are over all workers, and what is random follows from (seed, iteration, song).
struct Workers {
  int replicas = 0;  ///< threads of this process; 0 = as the config says. The same in each process
  /// This process among others (join_processes()), which make the same calls with the same config
  /// and songs; null = alone. Rank 0 writes the run folder and the log; the others only read it, to
  /// resume.
  Collective* processes = nullptr;
  int rank_on_host = 0;  ///< picks the GPU
};

/// Trains the system that the config names, network or classical, into a new run folder
/// (docs/formats.md, "Run folder") and returns when done or stopped.
///
/// A classical system is trained in one go by one process: its metrics.csv has one row, best and
/// last are the same model, and there is no state, so that a stopped run starts anew.
///
/// Checks everything that can fail before the first step. Same config, seed, machine and thread
/// count give the same weights and metrics. When the loss is not finite: status `failed` and an
/// Error that names the iteration and the last good checkpoint.
/// @throws UsageError when the folder exists already, a part of the split has no songs, …
RunResult train_run(const RunConfig& config, const RunData& data,
                    const std::filesystem::path& run_folder, const std::string& command_line,
                    const RunCallbacks& callbacks, const Workers& workers = {});

/// Goes on from state.safetensors; on CPU the end is the same as an uninterrupted run's with the
/// same number of workers, and with another number the same but for rounding.
/// @throws UsageError when there is nothing to resume, the run has finished, or the manifest
/// changed
RunResult resume_run(const std::filesystem::path& run_folder, const RunData& data,
                     const RunCallbacks& callbacks, const Workers& workers = {});

/// How many classes and tags a manifest has.
struct TaskSizes {
  int classes = 0;
  int tags = 0;

  static TaskSizes of(const Manifest& manifest) {
    return {static_cast<int>(manifest.classes.size()), static_cast<int>(manifest.tags.size())};
  }
};

/// One line about the system that a config and a layout give. Also finds what is wrong with
/// train.init_from and train.freeze, before any song is read.
struct SystemDescription {
  std::string name;
  std::int64_t parameters = 0;          ///< of a network
  std::int64_t trained_parameters = 0;  ///< without those that train.freeze names
  int columns = 0;                      ///< that a classical system sees; 0 for a network
  int segment_frames = 0;
};
SystemDescription describe_system(const RunConfig& config, const TaskSizes& sizes);

}  // namespace mer
