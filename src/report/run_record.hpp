#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mer/metrics/calibration.hpp"

namespace mer {

/// A column of metrics.csv or loss.csv over the iterations; NaN where nothing was measured.
struct Curve {
  std::string name;
  std::vector<double> iterations;
  std::vector<double> values;

  bool empty() const;  ///< nothing was measured
};

/// A song of predictions.csv.
struct PredictedSong {
  std::string path;
  std::string label;
  std::string predicted;
  double confidence = 0.0;
  std::vector<double> probabilities;
};

/// A folder `eval/<split>`.
struct EvaluationRecord {
  std::string split;
  nlohmann::json metrics;  ///< metrics.json
  std::vector<std::string> classes;
  std::vector<PredictedSong> songs;
};

/// What a run, or a cross-validation, has left in its folder.
struct RunRecord {
  std::filesystem::path folder;
  nlohmann::json run;         ///< run.json; null of a cross-validation
  std::string config;         ///< config.yaml as text; empty when there is none
  std::vector<Curve> curves;  ///< of metrics.csv
  std::vector<EvaluationRecord> evaluations;
  std::vector<RunRecord> folds;

  std::string name() const;
  const Curve* curve(const std::string& name) const;  ///< null when it is empty or absent
};

/// @throws UsageError naming a file that can't be read
RunRecord read_run(const std::filesystem::path& folder);

/// Every column but the first, which is the iteration.
/// @throws UsageError when the file can't be read
std::vector<Curve> read_curves(const std::filesystem::path& csv);

/// Of the songs whose label is among the classes.
struct SongProbabilities {
  ProbabilityRows probabilities;
  std::vector<int> truth;
};
SongProbabilities probabilities_of(const EvaluationRecord& evaluation);

}  // namespace mer
