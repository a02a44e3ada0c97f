#pragma once

#include <optional>
#include <vector>

#include "mer/experiment/sweep_summary.hpp"
#include "row_tallies.hpp"

namespace mer {

/// Two cells with the same seed and split.
struct CellPair {
  const CellResults* first = nullptr;
  const CellResults* second = nullptr;
  std::int64_t split_seed = 0;
};

std::vector<CellPair> pairs_of(const SweepPlan& plan,
                               const std::vector<std::optional<CellResults>>& results,
                               std::size_t first_row, std::size_t second_row);

/// Mean over pairs of (measure of the first − measure of the second), and its interval.
struct Difference {
  double value = kNotMeasured;
  Bootstrap bootstrap;
};
Difference difference_of(const std::vector<CellPair>& pairs, const Measure& first,
                         const Measure& second, Level level, bool with_training);

/// Mean training loss of a run after an iteration; NaN without rows.
double mean_loss(const RunResults& run, double after,
                 double LossPoint::*loss = &LossPoint::train_loss);
/// Share of the whole fall of the training loss that comes after an iteration: how far from settled
/// it was then. NaN where nothing was measured after it.
double loss_fall(const RunResults& run, double after);

std::vector<std::vector<ClaimResult>> judge_claims(
    const SweepPlan& plan, const std::vector<std::optional<CellResults>>& results,
    const std::vector<std::string>& classes);

}  // namespace mer
