#pragma once

#include <filesystem>
#include <vector>

#include "mer/experiment/sweep_summary.hpp"
#include "mer/report/figure.hpp"

namespace mer {

/// The pictures that a sweep's summary allows, beside the paper's numbers; a panel a variant:
///
///   accuracy                    bars with 95 % intervals, a group a row; with
///                               `show: [train_accuracy]` beside that of the training songs
///   accuracy_over_KEY           curves with intervals in place of the bars, where a numeric KEY of
///                               the grid (segment.length_s) has several values
///   training_segments_over_KEY  with `show: [training_segments]`
///   loss, loss_as_printed       curves over iterations, with `show: [loss]`
///   confusion                   matrices side by side, with `confusion_order`
std::vector<Figure> sweep_figures(const SweepPlan& plan, const SweepSummary& summary);

/// Writes the tables of a sweep's summary as `summary.tex` beside it.
/// @throws Error when it can't be written
void write_latex_tables(const SweepPlan& plan, const SweepSummary& summary,
                        const std::filesystem::path& sweep);

/// write_latex_tables(), and `figures/NAME.svg`, `.png` and `.pdf` beside a sweep's summary.
/// @return the pictures' folder
/// @throws Error when gnuplot is missing or fails, or a file can't be written
std::filesystem::path write_sweep_figures(const SweepPlan& plan, const SweepSummary& summary,
                                          const std::filesystem::path& sweep);

}  // namespace mer
