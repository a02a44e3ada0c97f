#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mer/core/csv_table.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer {

/// A column of metrics.csv or loss.csv over the iterations; NaN where nothing was measured.
struct Curve {
  std::string name;
  std::vector<double> iterations;
  std::vector<double> values;

  bool empty() const;  ///< nothing was measured
};

/// What a run, or a cross-validation, has left in its folder.
struct RunRecord {
  RunFolder folder;
  std::optional<RunStatus> status;  ///< none of a cross-validation
  std::string config;               ///< config.yaml as text; empty when there is none
  std::vector<Curve> curves;        ///< of metrics.csv
  std::vector<Evaluation> evaluations;
  std::vector<std::string> left_out;  ///< evaluations in its folder that are of other weights
  std::vector<RunRecord> folds;

  const Curve* curve(const std::string& name) const;  ///< null when it is empty or absent
};

/// @throws UsageError naming a file that can't be read
RunRecord read_run(const RunFolder& folder);

/// Every column but the first, which is the iteration.
std::vector<Curve> curves_of(const CsvTable& table);

}  // namespace mer
