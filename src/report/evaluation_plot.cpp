#include "mer/report/evaluation_plot.hpp"

#include <algorithm>

#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/gnuplot.hpp"
#include "picture.hpp"

namespace mer {
namespace {

constexpr const char* kBlue = "#3b6ea5";
constexpr const char* kRed = "#c44e52";

std::string rows_of(const Calibration& calibration) {
  std::string rows = "$bins << EOD\n";
  for (const ReliabilityBin& bin : calibration.bins) {
    if (bin.count == 0) continue;
    rows += format_number(bin.from) + " " + format_number(bin.to) + " " +
            format_number(bin.mean_confidence) + " " + format_number(bin.accuracy) + " " +
            std::to_string(bin.count) + "\n";
  }
  return rows + "EOD\n";
}

}  // namespace

std::string reliability_plot(const Calibration& calibration) {
  std::string script = picture_head(560, 560);
  script += rows_of(calibration);
  script += "set multiplot\nset lmargin at screen 0.13; set rmargin at screen 0.97\n";
  script += "set xrange [0:1]; set xtics 0.2; set style fill solid 0.35 border\n";
  // A plot without data is an error of gnuplot's: the diagonal is always there.
  const std::string diagonal =
      "x with lines linecolor rgb '#888888' dashtype 2 title 'perfect calibration'";
  script += "set tmargin at screen 0.93; set bmargin at screen 0.33\nset format x ''\n";
  script +=
      "set yrange [0:1]; set ytics 0.2; set ylabel 'accuracy'\nset key left top Left reverse\n";
  script += "set title " +
            gnuplot_quoted("reliability: " + std::to_string(calibration.count) + " songs, ECE " +
                           fixed(calibration.ece, 3) + ", Brier " + fixed(calibration.brier, 3)) +
            "\n";
  script += "plot ";
  if (calibration.count > 0) {
    script += std::string("$bins using (($1+$2)/2):4:(0.9*($2-$1)) with boxes linecolor rgb '") +
              kBlue + "' title 'accuracy of a bin', " +
              "$bins using 3:4 with points pointtype 7 pointsize 0.6 linecolor rgb '" + kRed +
              "' title 'at its mean confidence', ";
  }
  script += diagonal + "\n";
  script += "unset title; unset key\nset tmargin at screen 0.29; set bmargin at screen 0.11\n";
  script += "set format x '%.1f'; set xlabel 'confidence (largest probability)'\n";
  std::int64_t most = 1;
  for (const ReliabilityBin& bin : calibration.bins) most = std::max(most, bin.count);
  script += "set yrange [0:" + format_number(1.1 * static_cast<double>(most)) +
            "]; set ytics auto; set ylabel 'songs'\n";
  script +=
      calibration.count > 0
          ? std::string("plot $bins using (($1+$2)/2):5:(0.9*($2-$1)) with boxes linecolor rgb '") +
                kBlue + "'\n"
          : "plot 0 linecolor rgb '#888888'\n";
  return run_gnuplot(script + "unset multiplot\n");
}

std::string coverage_plot(const std::vector<CoveragePoint>& points) {
  std::string script = picture_head(560, 420);
  script += "set xrange [0:100]; set xtics 20; set yrange [0:1]; set ytics 0.2\n";
  script +=
      "set xlabel 'songs answered, the surest first (%)'; set ylabel 'accuracy, confidence'\n";
  script += "set key left bottom Left reverse\nset title 'accuracy over coverage'\n";
  if (points.empty()) return run_gnuplot(script + "plot NaN notitle\n");
  script += "$points << EOD\n";
  for (const CoveragePoint& point : points) {
    script += format_number(100.0 * point.coverage) + " " + format_number(point.accuracy) + " " +
              format_number(point.min_confidence) + "\n";
  }
  script += "EOD\nplot $points using 1:2 with lines linewidth 2 linecolor rgb '" +
            std::string(kBlue) + "' title 'accuracy of the songs answered', " +
            "$points using 1:3 with lines linecolor rgb '" + kRed +
            "' dashtype 4 title 'least confidence among them', " +
            format_number(points.back().accuracy) +
            " with lines linecolor rgb '#888888' dashtype 2 title 'accuracy of all songs'\n";
  return run_gnuplot(script);
}

std::string embedding_plot(const PrincipalPlane& plane, std::span<const int> truth,
                           const std::vector<std::string>& classes) {
  std::string script = picture_head(560, 480);
  const auto axis = [&](std::size_t number) {
    return gnuplot_quoted("component " + std::to_string(number + 1) + " (" +
                          fixed(100.0 * plane.explained[number], 0) + " % of the variance)");
  };
  script += "set xlabel " + axis(0) + "; set ylabel " + axis(1) + "\n";
  script += "set key outside top center horizontal Left reverse samplen 1\n";
  std::string plots;
  std::string centers;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    Eigen::RowVector2d sum = Eigen::RowVector2d::Zero();
    std::size_t count = 0;
    std::string rows;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      if (truth[i] != static_cast<int>(c)) continue;
      const Eigen::RowVector2d point = plane.points.row(static_cast<Eigen::Index>(i));
      rows += format_number(point(0)) + " " + format_number(point(1)) + "\n";
      sum += point;
      ++count;
    }
    if (count == 0) continue;
    sum /= static_cast<double>(count);
    const std::string block = "$class" + std::to_string(c);
    const std::string colour = "linecolor rgb '" + std::string(picture_colour(c)) + "'";
    const std::string shape = "points pointtype " + std::to_string(picture_shape(c)) + " ";
    script += block + " << EOD\n" + rows + "EOD\n";
    script +=
        block + "center << EOD\n" + format_number(sum(0)) + " " + format_number(sum(1)) + "\nEOD\n";
    plots += (plots.empty() ? "plot " : ", ") + block + " using 1:2 with " + shape +
             "pointsize 0.7 " + colour + " title " + gnuplot_quoted(classes[c]);
    // The center over everything, with a dark rim.
    centers += ", " + block + "center using 1:2 with " + shape +
               "pointsize 1.9 linecolor rgb '#222222' notitle, " + block +
               "center using 1:2 with " + shape + "pointsize 1.4 " + colour + " notitle";
  }
  if (plots.empty()) plots = "set xrange [0:1]; set yrange [0:1]\nplot NaN notitle";
  return run_gnuplot(script + plots + centers + "\n");
}

}  // namespace mer
