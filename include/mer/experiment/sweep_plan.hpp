#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/experiment/sweep_file.hpp"

namespace mer {

/// One run of a sweep: a row with one seed and one split.
struct SweepCell {
  std::string name;     ///< of its run folder
  std::size_t row = 0;  ///< index into SweepPlan::rows
  std::string repeat;   ///< which seed and split, the same text in every row
  RunConfig config;     ///< effective; data.store is never empty
  /// Cells that answer together in this one, whose config is the first one's; empty = a run.
  std::vector<std::size_t> members;

  bool is_run() const { return members.empty(); }
};

/// Cells that differ only in seed and split: what a table's row is the mean over.
struct SweepRow {
  std::string name;  ///< without the variant
  std::string variant;
  std::map<std::string, std::string> keys;  ///< what varies, `cell` for a named cell's name
  std::vector<std::size_t> cells;           ///< indices into SweepPlan::cells
  std::optional<std::size_t> reference;     ///< the row that it is compared with

  std::string full_name() const { return variant.empty() ? name : variant + "_" + name; }
};

/// A sweep with every cell's effective config.
struct SweepPlan {
  SweepFile file;
  std::vector<SweepRow> rows;
  std::vector<SweepCell> cells;  ///< first those that are runs
  std::size_t num_runs() const;  ///< cells to train
};

/// Expands variants × named cells × grid × repeats, and checks each cell's config.
/// @throws UsageError for an unknown key or a bad value (where it stands, with the nearest key),
/// two
///         cells with the same effective config, a reference, a claim or a number of the paper that
///         names no row
SweepPlan plan_sweep(SweepFile file);

/// The options that decide a cell's result: all but the place of the feature store and how many
/// threads, replicas and folds work at once.
nlohmann::ordered_json deciding_options(const RunConfig& config);

/// Checks what can be checked of the songs before the first cell starts: manifest and splits.
/// @throws UsageError naming what is missing, e.g. a class that a fold lacks
void check_songs(const SweepPlan& plan);
/// The same for the cells of one manifest, in which near-duplicates may have been marked since.
void check_songs(const SweepPlan& plan, const Manifest& manifest);

/// The distinct features and embeddings that some cells need: a cell for each.
std::vector<std::size_t> cells_with_distinct_features(const SweepPlan& plan,
                                                      const std::vector<std::size_t>& cells);

}  // namespace mer
