#pragma once

#include <filesystem>
#include <string>

#include "mer/runs/run_folder.hpp"

namespace mer {

/// Where a sweep keeps what: an ordinary run (or a parent of folds) a cell, the cells' effective
/// configs, what their processes said, and the summary.
class SweepFolder {
 public:
  explicit SweepFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  RunFolder cell(const std::string& name) const { return RunFolder(path_ / name); }
  std::filesystem::path configs() const { return path_ / "configs"; }
  std::filesystem::path logs() const { return path_ / "logs"; }
  std::filesystem::path config_file(const std::string& cell) const {
    return configs() / (cell + ".yaml");
  }
  std::filesystem::path log_file(const std::string& cell) const { return logs() / (cell + ".txt"); }
  std::filesystem::path summary_markdown() const { return path_ / "summary.md"; }
  std::filesystem::path summary_csv() const { return path_ / "summary.csv"; }
  std::filesystem::path loss_csv() const { return path_ / "loss.csv"; }
  std::filesystem::path loss_as_printed_csv() const { return path_ / "loss_as_printed.csv"; }
  std::filesystem::path figures() const { return path_ / "figures"; }
  std::filesystem::path latex_tables() const { return path_ / "summary.tex"; }

 private:
  std::filesystem::path path_;
};

}  // namespace mer
