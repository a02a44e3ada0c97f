#include "curve_plot.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "mer/core/text.hpp"
#include "mer/report/gnuplot.hpp"
#include "picture.hpp"

namespace mer {
namespace {

std::string block_of(const Curve& curve, std::size_t number) {
  std::string lines;
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    if (std::isnan(curve.values[i]) || std::isnan(curve.iterations[i])) continue;
    lines += format_number(curve.iterations[i]) + " " + format_number(curve.values[i]) + "\n";
  }
  return data_block("curve" + std::to_string(number), lines);
}

/// Columns of metrics.csv in one picture; all but the first are drawn dashed.
struct Content {
  const char* name;
  const char* axis;  ///< of one run
  std::vector<const char*> columns;
};

/// A run's curves are named after their columns; of folds, each has a colour of its own.
std::vector<PlottedCurve> curves_of(const RunRecord& record, const Content& content) {
  std::vector<PlottedCurve> curves;
  const bool has_folds = !record.folds.empty();
  std::vector<const RunRecord*> runs;
  for (const RunRecord& fold : record.folds) runs.push_back(&fold);
  if (!has_folds) runs.push_back(&record);
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (std::size_t column = 0; column < content.columns.size(); ++column) {
      const Curve* curve = runs[run]->curve(content.columns[column]);
      if (curve == nullptr) continue;
      std::string title = content.columns[column];
      if (has_folds) title = column == 0 ? "fold " + std::to_string(run + 1) : "";
      curves.push_back({*curve, title, has_folds ? run : column, column > 0});
    }
  }
  return curves;
}

}  // namespace

Figure curve_figure(const std::string& name, const std::vector<PlottedCurve>& curves,
                    const std::string& axis) {
  constexpr std::size_t kMaxKeyLines = 8;
  const bool beside = curves.size() > kMaxKeyLines;
  std::string script = "set xlabel 'iteration'\n";
  script += "set ylabel " + gnuplot_quoted(axis) + "\n";
  script += beside ? "set key outside right top Left reverse samplen 1.5\n"
                   : "set key outside top center horizontal Left reverse samplen 1.5\n";
  std::string plots;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const PlottedCurve& plotted = curves[i];
    if (plotted.curve.empty()) continue;
    script += block_of(plotted.curve, i);
    plots += (plots.empty() ? "plot " : ", ") + ("$curve" + std::to_string(i)) +
             " using 1:2 with linespoints pointtype 7 pointsize 0.25 linewidth 1.5" +
             line_colour(plotted.colour) + (plotted.dashed ? " dashtype 2" : "") +
             (plotted.title.empty() ? " notitle" : " title " + gnuplot_quoted(plotted.title));
  }
  // Every curve may be empty, which gnuplot takes for an error.
  script += (plots.empty() ? "set yrange [0:1]\nplot 0 notitle" : plots) + "\n";
  return {name, beside ? 1000 : 560, beside ? 460 : 380, std::move(script)};
}

std::vector<Figure> learning_figures(const RunRecord& record) {
  static const std::vector<Content> kContents = {
      {"learning_loss", "loss", {"train_loss", "val_loss"}},
      {"learning_classes", "on validation songs", {"val_accuracy", "val_macro_f1"}},
      {"learning_values", "concordance on validation songs", {"val_concordance"}},
      {"learning_tags", "labels of validation songs", {"val_roc_auc", "val_pr_auc"}}};
  std::vector<Figure> figures;
  for (const Content& content : kContents) {
    const auto curves = curves_of(record, content);
    const bool has_dashed = std::ranges::any_of(curves, &PlottedCurve::dashed);
    const bool has_course = std::ranges::any_of(
        curves, [](const PlottedCurve& one) { return one.curve.iterations.size() > 1; });
    if (!has_course) continue;
    std::string axis = content.axis;
    if (!record.folds.empty()) {
      axis = content.columns[0];
      if (has_dashed) axis += std::string(" (") + content.columns[1] + " dashed)";
    }
    figures.push_back(curve_figure(content.name, curves, axis));
  }
  return figures;
}

}  // namespace mer
