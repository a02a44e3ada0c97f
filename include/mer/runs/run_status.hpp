#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "mer/runs/model_card.hpp"

namespace mer {

/// run.json: what was trained, on what, and how far it has come. What an entry does not apply to,
/// or an earlier version did not write, is empty or none.
struct RunStatus {
  /// A network's weights.
  struct Network {
    std::string name;
    std::int64_t parameters = 0;
    std::int64_t frozen_parameters = 0;
    std::string init_file;  ///< name of the file that the weights started from; may be empty
    std::string init_hash;
  };
  /// A classical system.
  struct System {
    std::string name;
    std::vector<std::string> inputs;
    int columns = 0;
  };
  struct Seeds {
    std::int64_t train = 0;
    std::int64_t split = 0;
  };
  struct Dataset {
    std::string hash;
    std::vector<std::string> classes;
    std::int64_t training_songs = 0;
    std::int64_t validation_songs = 0;
    std::vector<std::int64_t> training_counts;  ///< of each class
    std::int64_t training_segments = 0;
    std::int64_t left_out = 0;         ///< songs that could not be read
    std::int64_t without_target = 0;   ///< songs with no target of any task of the run
    std::int64_t near_duplicates = 0;  ///< pairs of songs that are one recording
  };
  /// The weights that best.safetensors holds.
  struct Best {
    ModelCard::Validation scores;
    ModelCard::FittedTemperature calibration;
    std::int64_t iteration = 0;
  };

  std::string status;  ///< running, finished, interrupted or failed
  std::string command;
  std::string mer_version;
  std::string commit;
  std::string started;  ///< as utc_now(); ended is empty while it runs
  std::string ended;
  std::optional<std::int64_t> iterations;
  std::optional<Network> network;
  std::optional<System> system;
  std::string device;
  std::optional<int> threads;
  std::optional<Seeds> seeds;
  std::optional<Dataset> dataset;
  std::string recipe_fingerprint;
  std::optional<std::int64_t> iterations_planned;
  std::optional<int> processes, replicas;
  std::string chosen;  ///< JSON: what a classical system chose on inner folds
  std::optional<Best> best;
  double train_loss_as_printed = std::numeric_limits<double>::quiet_NaN();
  double segments_per_second = std::numeric_limits<double>::quiet_NaN();
  double validation_segments_per_second = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> resumed;  ///< when; as utc_now()
  std::string error;                 ///< of a run that failed

  /// Of a run that begins now.
  static RunStatus of_start(const std::string& command_line);
  void end_as(const std::string& word);  ///< status and time

  std::string to_json() const;
  /// @throws UsageError naming the file when it can't be read or is not the status of a run
  static RunStatus read(const std::filesystem::path& file);
};

/// "2024-05-01T12:00:00Z"
std::string utc_now();

}  // namespace mer
