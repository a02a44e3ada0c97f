#include "curve_plot.hpp"

#include <cmath>

#include "mer/core/text.hpp"
#include "mer/report/gnuplot.hpp"
#include "picture.hpp"

namespace mer {
namespace {

std::string data_block(const Curve& curve, std::size_t number) {
  std::string block = "$curve" + std::to_string(number) + " << EOD\n";
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    if (std::isnan(curve.values[i]) || std::isnan(curve.iterations[i])) continue;
    block += format_number(curve.iterations[i]) + " " + format_number(curve.values[i]) + "\n";
  }
  return block + "EOD\n";
}

}  // namespace

std::string curve_plot(const std::vector<PlottedCurve>& curves, const std::string& axis) {
  constexpr std::size_t kMaxKeyLines = 8;
  const bool beside = curves.size() > kMaxKeyLines;
  std::string script = picture_head(beside ? 1000 : 560, beside ? 460 : 380);
  script += "set xlabel 'iteration'\n";
  script += "set ylabel " + gnuplot_quoted(axis) + "\n";
  script += beside ? "set key outside right top Left reverse samplen 1.5\n"
                   : "set key outside top center horizontal Left reverse samplen 1.5\n";
  std::string plots;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const PlottedCurve& plotted = curves[i];
    if (plotted.curve.empty()) continue;
    script += data_block(plotted.curve, i);
    plots +=
        (plots.empty() ? "plot " : ", ") + ("$curve" + std::to_string(i)) +
        " using 1:2 with linespoints pointtype 7 pointsize 0.25 linewidth 1.5 linecolor rgb '" +
        std::string(picture_colour(plotted.colour)) + "'" + (plotted.dashed ? " dashtype 2" : "") +
        (plotted.title.empty() ? " notitle" : " title " + gnuplot_quoted(plotted.title));
  }
  // Every curve may be empty, which gnuplot takes for an error.
  return run_gnuplot(script + (plots.empty() ? "set yrange [0:1]\nplot 0 notitle" : plots) + "\n");
}

}  // namespace mer
