#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "mer/core/file_lock.hpp"
#include "mer/train/trainer.hpp"

namespace mer {

/// Files of a run folder and the rules for writing them; the folder belongs to one process at a
/// time.
class RunFolder {
 public:
  /// Makes the folder and its parents. @throws UsageError when it exists
  static RunFolder create(const std::filesystem::path& path, const RunConfig& config,
                          const RunData& data);
  /// Opens the folder of a run that stopped.
  /// @throws UsageError when it is no run, has finished, or another process is training it
  static RunFolder reopen(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best_file() const { return path_ / "best.safetensors"; }
  std::filesystem::path last_file() const { return path_ / "last.safetensors"; }
  std::filesystem::path state_file() const { return path_ / "state.safetensors"; }

  /// run.json; write_status() puts it on disk.
  nlohmann::ordered_json& status() { return status_; }
  void write_status();
  /// What run.json says about any run that begins.
  void start_status(const std::string& command_line);

  /// Drops the rows after `iteration` and starts with a header where there is none.
  void open_metrics(std::int64_t iteration);
  /// Appends and flushes.
  void add_metrics(const MetricsRow& row);

  /// log.txt from debug level on.
  spdlog::logger& log() { return *log_; }

 private:
  explicit RunFolder(std::filesystem::path path);
  void lock();
  void open_log();

  std::filesystem::path path_;
  std::optional<FileLock> lock_;  ///< of the folder
  nlohmann::ordered_json status_;
  std::ofstream metrics_;
  std::shared_ptr<spdlog::logger> log_;
};

/// config.yaml of a run, paths absolute.
/// @throws UsageError when there is none
RunConfig read_run_config(const std::filesystem::path& run_folder);

/// "2024-05-01T12:00:00Z"
std::string utc_now();

}  // namespace mer
