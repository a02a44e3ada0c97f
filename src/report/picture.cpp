#include "picture.hpp"

#include <algorithm>
#include <cmath>

#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/gnuplot.hpp"

namespace mer {
namespace {

constexpr std::array<std::string_view, 10> kColours = {"#3b6ea5", "#c44e52", "#55a868", "#8172b2",
                                                       "#cc8963", "#64b5cd", "#937860", "#da8bc3",
                                                       "#8c8c8c", "#b5bd4c"};

}  // namespace

std::string picture_terminal(int width, int height, PictureFormat format) {
  constexpr double kPixelsPerInch = 96.0;
  const std::string size = std::to_string(width) + "," + std::to_string(height);
  switch (format) {
    case PictureFormat::kPng:
      return "set terminal pngcairo size " + size +
             " noenhanced font 'DejaVu Sans,10' background rgb 'white'\n";
    case PictureFormat::kPdf:
      return "set terminal pdfcairo size " + format_number(width / kPixelsPerInch) + "in," +
             format_number(height / kPixelsPerInch) + "in noenhanced font 'DejaVu Sans,9'\n";
    case PictureFormat::kSvg:
      break;
  }
  return "set terminal svg size " + size +
         " dynamic noenhanced font 'DejaVu Sans,sans-serif,12' background rgb 'white'\n";
}

std::string Figure::file_name(PictureFormat format) const {
  constexpr std::array<const char*, kPictureFormats.size()> kExtensions = {".svg", ".png", ".pdf"};
  return name + kExtensions[static_cast<std::size_t>(format)];
}

std::string draw(const Figure& figure, PictureFormat format) {
  return run_gnuplot("set encoding utf8\n" + picture_terminal(figure.width, figure.height, format) +
                     "set border 3 linecolor rgb '#555555'\nset tics out nomirror\nunset key\n"
                     "set grid linecolor rgb '#dddddd'\n" +
                     figure.script);
}

std::string_view picture_colour(std::size_t number) { return kColours[number % kColours.size()]; }

int picture_shape(std::size_t number) {
  constexpr std::array<int, 6> kShapes = {7,  5,  9,
                                          11, 13, 15};  // filled: disk, square, triangles …
  return kShapes[number % kShapes.size()];
}

std::string line_colour(std::size_t number) {
  return " linecolor rgb '" + std::string(picture_colour(number)) + "'";
}

std::string data_block(const std::string& name, const std::string& lines) {
  return "$" + name + " << EOD\n" + lines + "EOD\n";
}

std::string data_line(const std::vector<double>& numbers) {
  constexpr double kDigits = 1e6;  // more than a picture shows
  std::vector<std::string> cells;
  for (const double number : numbers) {
    cells.push_back(std::isnan(number) ? "NaN"
                                       : format_number(std::round(number * kDigits) / kDigits));
  }
  return join(cells, " ") + "\n";
}

std::string tic(const std::string& name, double place) {
  std::string label;
  for (const char c : name) label += c == '%' ? std::string("%%") : std::string(1, c);
  return gnuplot_quoted(label) + " " + format_number(place);
}

Panel bars_panel(const std::string& id, const std::vector<Bar>& bars, const std::string& title,
                 const std::vector<BarMarks>& marks) {
  const auto place = [&](std::size_t i) { return static_cast<double>(bars.size() - i); };
  std::string lines;
  std::string names;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    lines += data_line({bars[i].value, place(i), bars[i].ci95[0], bars[i].ci95[1]});
    names += (i == 0 ? "" : ", ") + tic(bars[i].name, place(i));
  }
  Panel panel{data_block("bars" + id, lines), {}};
  panel.commands =
      "set yrange [0.4:" + format_number(static_cast<double>(bars.size()) + 0.6) +
      "]\nset ytics (" + names + ")\nplot $bars" + id +
      " using ($1/2):2:($1/2):(0.33) with boxxyerror" + line_colour(0) +
      " fillstyle solid 0.45 title " + gnuplot_quoted(title) + ", $bars" + id +
      " using 1:2:3:4 with xerrorbars pointtype 0 linewidth 1.5 linecolor rgb '#333333' notitle";
  std::size_t shape = 4;  // a diamond, then a pentagon
  for (const BarMarks& mark : marks) {
    std::string points;
    for (std::size_t i = 0; i < mark.values.size(); ++i) {
      if (!std::isnan(mark.values[i])) points += data_line({mark.values[i], place(i)});
    }
    if (points.empty()) continue;
    panel.data += data_block(mark.name + id, points);
    panel.commands += ", $" + mark.name + id + " using 1:2 with points pointtype " +
                      std::to_string(picture_shape(shape++)) +
                      " pointsize 1.1 linecolor rgb '#222222' title " + gnuplot_quoted(mark.title);
  }
  panel.commands += "\n";
  return panel;
}

Figure confusion_figure(const std::vector<std::vector<ConfusionPanel>>& panels,
                        const std::vector<std::string>& classes) {
  std::string tics;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    tics += (c == 0 ? "" : ", ") + tic(classes[c], static_cast<double>(c));
  }
  std::size_t most = 1;
  for (const auto& row : panels) most = std::max(most, row.size());
  const int side = 330 + 40 * std::max(0, static_cast<int>(classes.size()) - 4);
  Figure figure{
      "confusion", side * static_cast<int>(most), side * static_cast<int>(panels.size()), {}};
  std::string plots;
  std::size_t number = 0;
  for (const auto& row : panels) {
    for (const ConfusionPanel& panel : row) {
      const Eigen::MatrixXd shares = row_percent(panel.confusion);
      std::string cells;
      for (Eigen::Index truth = 0; truth < shares.rows(); ++truth) {
        for (Eigen::Index answer = 0; answer < shares.cols(); ++answer) {
          const double share = shares(truth, answer);
          cells += std::to_string(answer) + " " + std::to_string(truth) + " " +
                   format_number(share) + " \"" + fixed(share, 1) + "\"\n";
        }
      }
      const std::string id = "matrix" + std::to_string(number++);
      figure.script += data_block(id, cells);
      plots += "set title " + gnuplot_quoted(panel.title) + "\nplot $" + id +
               " using 1:2:3 with image pixels notitle, $" + id +
               " using 1:2:4:($3>55 ? 0xffffff : 0x222222) with labels textcolor rgb variable "
               "notitle\n";
    }
    for (std::size_t i = row.size(); i < most; ++i) plots += "set multiplot next\n";
  }
  const std::string last = format_number(static_cast<double>(classes.size()) - 0.5);
  figure.script +=
      "unset grid; unset colorbox\nset border 0; set tics scale 0\n"
      "set palette defined (0 '#ffffff', 1 '#3b6ea5')\nset cbrange [0:100]\n"
      "set size square\nset xrange [-0.5:" +
      last + "]; set yrange [" + last + ":-0.5]\nset xtics (" + tics + ")" +
      (classes.size() > 5 ? " rotate by -40" : "") + "; set ytics (" + tics +
      ")\nset xlabel 'answer (% of the truth)'; set ylabel 'truth'\nset multiplot layout " +
      std::to_string(panels.size()) + "," + std::to_string(most) + "\n" + plots +
      "unset multiplot\n";
  return figure;
}

}  // namespace mer
