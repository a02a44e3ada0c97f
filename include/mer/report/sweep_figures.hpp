#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/experiment/sweep_summary.hpp"

namespace mer {

/// A picture of a sweep as a gnuplot script needs to know it: what is drawn, not yet as what.
struct SweepFigure {
  std::string name;  ///< of its files
  int width = 0, height = 0;
  std::string script;  ///< all after the first lines that say size and format
};

/// The pictures that a sweep's summary allows, beside the paper's numbers; a panel a variant:
///
///   accuracy               bars with 95 % intervals, a group a row
///   accuracy_over_KEY      curves with intervals in place of the bars, where a numeric KEY of the
///                          grid (segment.length_s) has several values
///   loss, loss_as_printed  curves over iterations, with `show: [loss]`
///   confusion              matrices side by side, with `confusion_order`
std::vector<SweepFigure> sweep_figures(const SweepPlan& plan, const SweepSummary& summary);

/// The tables of a summary in Markdown as LaTeX tables of the package booktabs, with their headings
/// as captions.
std::string latex_tables(const std::string& markdown);

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
