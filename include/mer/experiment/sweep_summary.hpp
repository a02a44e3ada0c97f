#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "mer/experiment/cell_results.hpp"
#include "mer/experiment/sweep_plan.hpp"
#include "mer/metrics/paired_tests.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// A number of a row: the mean over its cells (seeds and splits), its deviation between runs (the
/// cells, or their folds), and a 95 % interval from resampling groups of songs.
struct Measured {
  double mean = kNotMeasured;
  double deviation = kNotMeasured;  ///< with n − 1; NaN for a single run
  Interval ci95 = {kNotMeasured, kNotMeasured};
};

/// A row against its reference.
struct PairedComparison {
  std::size_t reference = 0;  ///< index into SweepPlan::rows
  std::size_t num_pairs = 0;  ///< cells with the same seed and split
  std::size_t common_songs = 0;
  bool same_songs = true;  ///< both scored the same songs
  /// Songs that only one of the two gets right; with several cells, that one gets right in more of
  /// them (a sign test, which with one cell is McNemar's).
  std::int64_t better = 0;
  std::int64_t worse = 0;
  double mcnemar_p = kNotMeasured;
  double mcnemar_holm = kNotMeasured;
  double song_difference = kNotMeasured;  ///< of the mean accuracies
  Bootstrap song_bootstrap;
  double song_bootstrap_holm = kNotMeasured;
  double segment_difference = kNotMeasured;
  Bootstrap segment_bootstrap;
  double segment_bootstrap_holm = kNotMeasured;
  /// Over folds, or over splits; absent with a single split.
  std::optional<ResampledT> nadeau_bengio;
  double nadeau_bengio_holm = kNotMeasured;
};

struct RowSummary {
  std::size_t finished = 0;      ///< cells
  std::size_t num_runs = 0;      ///< of these cells: folds count
  std::size_t num_songs = 0;     ///< distinct
  std::size_t num_segments = 0;  ///< of one cell (the first)
  std::size_t num_groups = 0;
  Measured song_accuracy;
  Measured song_macro_f1;
  Measured segment_accuracy;
  Measured train_accuracy;  ///< of songs
  Measured train_segment_accuracy;
  Measured gap;  ///< of songs
  Measured segment_gap;
  Measured center_ratio;  ///< of the songs' embeddings, as in EmbeddingScores
  Measured silhouette;    ///< the same
  double baseline_accuracy = kNotMeasured;
  double training_songs = kNotMeasured;     ///< mean over runs
  double training_segments = kNotMeasured;  ///< the same
  double loss = kNotMeasured;               ///< mean of train_loss after SweepFile::loss_after
  double loss_deviation = kNotMeasured;     ///< between runs
  double loss_in_time = kNotMeasured;       ///< deviation between rows of one run, mean over runs
  double loss_fall = kNotMeasured;          ///< loss_fall() after it, mean over runs
  double loss_as_printed = kNotMeasured;    ///< at the end, mean over runs
  double seconds = kNotMeasured;            ///< of training, mean over runs
  ConfusionMatrix song_confusion;           ///< summed over cells
  ConfusionMatrix segment_confusion;
  std::vector<LossPoint> losses;  ///< means over runs
  std::optional<PairedComparison> comparison;
};

enum class Verdict { kHolds, kFails, kUndecided, kNotRun };

/// One comparison of a claim with our numbers.
struct ComparisonResult {
  double difference = kNotMeasured;
  Interval ci95 = {kNotMeasured, kNotMeasured};  ///< NaN when a single run has no interval
  Verdict verdict = Verdict::kNotRun;
};

/// A claim in one variant: holds when every comparison's interval lies above 0, fails when one lies
/// below, else the intervals can't decide.
struct ClaimResult {
  std::string variant;
  Verdict songs = Verdict::kNotRun;
  Verdict segments = Verdict::kNotRun;
  std::vector<ComparisonResult> of_songs;  ///< parallel to Claim::holds_if
  std::vector<ComparisonResult> of_segments;
};

/// A cell that has no results, and why.
struct MissingCell {
  std::string name;
  std::string reason;
};

struct SweepSummary {
  std::vector<std::string> classes;
  std::vector<RowSummary> rows;                  ///< parallel to SweepPlan::rows
  std::vector<std::vector<ClaimResult>> claims;  ///< parallel to SweepFile::claims, a variant each
  std::vector<MissingCell> missing;
  std::vector<std::string> failed_songs;
};

/// @param results  parallel to plan.cells; none for a cell without results
/// @param missing  reasons for those, for the reader
/// @throws UsageError when cells know different classes, or one song has two labels
SweepSummary summarize(const SweepPlan& plan,
                       const std::vector<std::optional<CellResults>>& results,
                       std::vector<MissingCell> missing);

/// The classes in SweepFile::confusion_order, then those that it does not name; indices.
std::vector<std::size_t> class_order(const SweepPlan& plan, const SweepSummary& summary);

/// summary.csv: a line a row, shares as fractions.
std::string summary_csv(const SweepPlan& plan, const SweepSummary& summary);
/// loss.csv and loss_as_printed.csv: iteration, then a column a row with the mean over runs.
std::string loss_csv(const SweepPlan& plan, const SweepSummary& summary,
                     double LossPoint::*loss = &LossPoint::train_loss);
/// summary.md: the table beside the paper's, the tests, the claims, what is missing.
std::string summary_markdown(const SweepPlan& plan, const SweepSummary& summary);

}  // namespace mer
