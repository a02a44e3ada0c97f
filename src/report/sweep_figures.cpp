#include "mer/report/sweep_figures.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/runs/sweep_folder.hpp"
#include "picture.hpp"

namespace mer {
namespace {

constexpr const char* kPaperColour = "#222222";

std::optional<double> number_in(const std::string& text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A block of data lines with a name.
std::string block(const std::string& name, const std::string& lines) {
  return "$" + name + " << EOD\n" + lines + "EOD\n";
}

std::string colour(std::size_t number) {
  return " linecolor rgb '" + std::string(picture_colour(number)) + "'";
}

std::string line_of(const std::vector<double>& numbers) {
  constexpr double kDigits = 1e6;  // more than a picture shows
  std::vector<std::string> cells;
  for (const double number : numbers) {
    cells.push_back(std::isnan(number) ? "NaN"
                                       : format_number(std::round(number * kDigits) / kDigits));
  }
  return join(cells, " ") + "\n";
}

class Figures {
 public:
  Figures(const SweepPlan& plan, const SweepSummary& summary) : plan_(plan), summary_(summary) {}

  std::vector<SweepFigure> all() const {
    std::vector<SweepFigure> figures;
    if (plan_.file.score != kScoreNone) {
      const auto over = numeric_axis();
      figures.push_back(over ? accuracy_over(*over) : accuracy_bars());
    }
    if (plan_.file.show_loss) {
      figures.push_back(curves("loss", "training loss", &LossPoint::train_loss));
      figures.push_back(
          curves("loss_as_printed", "loss as printed (sum over a batch)", &LossPoint::as_printed));
    }
    if (!plan_.file.confusion_order.empty() && !summary_.classes.empty()) {
      figures.push_back(confusions());
    }
    std::erase_if(figures, [](const SweepFigure& figure) { return figure.script.empty(); });
    return figures;
  }

 private:
  using Row = std::pair<const SweepRow*, const RowSummary*>;

  std::vector<Row> rows_of(const std::string& variant) const {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < plan_.rows.size(); ++i) {
      if (plan_.rows[i].variant == variant && summary_.rows[i].finished > 0) {
        rows.emplace_back(&plan_.rows[i], &summary_.rows[i]);
      }
    }
    return rows;
  }

  /// Those with something to draw.
  std::vector<std::string> variants() const {
    std::vector<std::string> names;
    for (const SweepVariant& variant : plan_.file.variants) {
      if (!rows_of(variant.name).empty()) names.push_back(variant.name);
    }
    return names;
  }

  double paper(const std::string& measure, const std::string& row) const {
    const auto numbers = plan_.file.paper.by_measure.find(measure);
    if (numbers == plan_.file.paper.by_measure.end()) return kNotMeasured;
    const auto found = numbers->second.find(row);
    return found == numbers->second.end() ? kNotMeasured : found->second;
  }

  /// A title above a panel, where there are several.
  static std::string title_of(const std::string& variant) {
    return variant.empty() ? "unset title\n" : "set title " + gnuplot_quoted(variant) + "\n";
  }

  /// The key of the grid whose values are numbers, several of them.
  std::optional<std::string> numeric_axis() const {
    for (const GridAxis& axis : plan_.file.grid) {
      const bool numeric =
          std::all_of(axis.values.begin(), axis.values.end(),
                      [](const Setting& value) { return number_in(value.yaml).has_value(); });
      if (numeric && axis.values.size() > 1) return axis.key;
    }
    return std::nullopt;
  }

  SweepFigure accuracy_bars() const {
    const auto panels = variants();
    std::size_t most = 1;
    for (const std::string& variant : panels) most = std::max(most, rows_of(variant).size());
    SweepFigure figure{"accuracy", 640, static_cast<int>(110 + 34 * most), {}};
    figure.width = std::max(480, 520 * static_cast<int>(panels.size()));
    std::string plots;
    std::size_t number = 0;
    for (const std::string& variant : panels) {
      const auto rows = rows_of(variant);
      std::string bars;
      std::string papers;
      std::string names;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& [row, of_row] = rows[i];
        const Measured& accuracy = of_row->song_accuracy;
        const auto place = static_cast<double>(rows.size() - i);  // the first is on top
        bars += line_of(
            {100.0 * accuracy.mean, place, 100.0 * accuracy.ci95[0], 100.0 * accuracy.ci95[1]});
        const double printed = paper("accuracy", row->name);
        if (!std::isnan(printed)) papers += line_of({printed, place});
        names +=
            (names.empty() ? "" : ", ") + gnuplot_quoted(row->name) + " " + format_number(place);
      }
      const std::string id = std::to_string(number);
      figure.script += block("bars" + id, bars);
      if (!papers.empty()) figure.script += block("paper" + id, papers);
      plots += title_of(variant) +
               "set yrange [0.4:" + format_number(static_cast<double>(rows.size()) + 0.6) +
               "]\nset ytics (" + names + ")\n";
      plots += "plot $bars" + id + " using ($1/2):2:($1/2):(0.33) with boxxyerror" + colour(0) +
               " fillstyle solid 0.45 title 'here, with 95 % interval', $bars" + id +
               " using 1:2:3:4 with xerrorbars pointtype 0 linewidth 1.5 linecolor rgb '#333333' "
               "notitle";
      if (!papers.empty()) {
        plots += ", $paper" + id +
                 " using 1:2 with points pointtype 13 pointsize 1.1 linecolor rgb '" +
                 std::string(kPaperColour) + "' title 'the paper'";
      }
      plots += "\n";
      ++number;
    }
    if (plots.empty()) return figure;
    figure.script +=
        "set xlabel 'song accuracy (%)'\nset xrange [0:100]\nset ytics scale 0\n"
        "set key outside top center horizontal Left reverse\n"
        "set multiplot layout 1," +
        std::to_string(panels.size()) + "\n" + plots + "unset multiplot\n";
    return figure;
  }

  /// A curve a system: what a row is without the key.
  SweepFigure accuracy_over(const std::string& key) const {
    const std::string leaf = key.substr(key.rfind('.') + 1);
    const auto panels = variants();
    SweepFigure figure{
        "accuracy_over_" + leaf, std::max(620, 520 * static_cast<int>(panels.size())), 460, {}};
    std::string plots;
    std::size_t number = 0;
    for (const std::string& variant : panels) {
      std::vector<std::pair<std::string, std::vector<Row>>> systems;
      for (const Row& row : rows_of(variant)) {
        std::vector<std::string> rest;
        for (const auto& [other, value] : row.first->keys) {
          if (other != key) rest.push_back(value);
        }
        const std::string name = join(rest, ", ");
        auto found = std::find_if(systems.begin(), systems.end(),
                                  [&](const auto& system) { return system.first == name; });
        if (found == systems.end()) found = systems.insert(systems.end(), {name, {}});
        found->second.push_back(row);
      }
      std::string curves;
      for (std::size_t s = 0; s < systems.size(); ++s) {
        std::string here;
        std::string papers;
        for (const auto& [row, of_row] : systems[s].second) {
          const double at = *number_in(row->keys.at(key));
          const Measured& accuracy = of_row->song_accuracy;
          here += line_of(
              {at, 100.0 * accuracy.mean, 100.0 * accuracy.ci95[0], 100.0 * accuracy.ci95[1]});
          const double printed = paper("accuracy", row->name);
          if (!std::isnan(printed)) papers += line_of({at, printed});
        }
        const std::string id = std::to_string(number++);
        // Side by side, so that intervals don't hide each other.
        const std::string x = "($1*(1+0.012*" + std::to_string(s) + "))";
        figure.script += block("here" + id, here);
        curves += (curves.empty() ? "plot $here" : ", $here") + id + " using " + x +
                  ":2:3:4 with yerrorlines linewidth 1.5 pointsize 0.7 pointtype " +
                  std::to_string(picture_shape(s)) + colour(s) + " title " +
                  gnuplot_quoted(systems[s].first);
        if (papers.empty()) continue;
        figure.script += block("paper" + id, papers);
        curves += ", $paper" + id +
                  " using 1:2 with linespoints dashtype 2 pointsize 0.7 pointtype " +
                  std::to_string(picture_shape(s)) + colour(s) + " title " +
                  gnuplot_quoted(systems[s].first + ", the paper");
      }
      if (!curves.empty()) plots += title_of(variant) + curves + "\n";
    }
    if (plots.empty()) return figure;
    std::string ticks;
    for (const GridAxis& axis : plan_.file.grid) {
      if (axis.key != key) continue;
      for (const Setting& value : axis.values) {
        ticks += (ticks.empty() ? "" : ", ") + gnuplot_quoted(value.yaml) + " " + value.yaml;
      }
    }
    const bool seconds = leaf.ends_with("_s");
    figure.script += "set xlabel " +
                     gnuplot_quoted(seconds ? leaf.substr(0, leaf.size() - 2) + " (s)" : leaf) +
                     "\nset ylabel 'song accuracy (%), 95 % intervals'\nset xtics (" + ticks +
                     ")\nset offsets graph 0.04, graph 0.06\n"
                     "set key outside top center horizontal Left reverse samplen 2 maxcols 2\n"
                     "set multiplot layout 1," +
                     std::to_string(panels.size()) + "\n" + plots + "unset multiplot\n";
    return figure;
  }

  SweepFigure curves(const std::string& name, const std::string& axis,
                     double LossPoint::*loss) const {
    const auto panels = variants();
    SweepFigure figure{name, std::max(620, 520 * static_cast<int>(panels.size())), 440, {}};
    std::string plots;
    std::size_t number = 0;
    for (const std::string& variant : panels) {
      std::string lines;
      std::vector<double> printed;
      const auto rows = rows_of(variant);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& [row, of_row] = rows[i];
        std::string points;
        for (const LossPoint& point : of_row->losses) {
          if (!(point.*loss > 0.0)) continue;  // NaN, too: the axis is logarithmic
          points += line_of({static_cast<double>(point.iteration), point.*loss});
        }
        const double of_paper = paper("loss", row->name);
        if (!std::isnan(of_paper)) printed.push_back(of_paper);
        if (points.empty()) continue;
        const std::string id = "curve" + std::to_string(number++);
        figure.script += block(id, points);
        lines += (lines.empty() ? "plot $" : ", $") + id + " using 1:2 with lines linewidth 1.8" +
                 colour(i) + " title " + gnuplot_quoted(row->name);
      }
      if (lines.empty()) continue;
      for (const double value : printed) {
        lines += ", " + format_number(value) + " with lines dashtype 2 linecolor rgb '" +
                 std::string(kPaperColour) + "' title " +
                 gnuplot_quoted("the paper's " + format_number(value));
      }
      plots += title_of(variant) + lines + "\n";
    }
    if (plots.empty()) return figure;
    figure.script += "set xlabel 'iteration'\nset ylabel " + gnuplot_quoted(axis) +
                     "\nset logscale y\nset format y '%g'\n"
                     "set key outside top center horizontal Left reverse samplen 2 maxcols 3\n"
                     "set multiplot layout 1," +
                     std::to_string(panels.size()) + "\n" + plots + "unset multiplot\n";
    return figure;
  }

  SweepFigure confusions() const {
    const std::vector<std::size_t> order = class_order(plan_, summary_);
    std::string tics;
    for (std::size_t c = 0; c < order.size(); ++c) {
      tics += (c == 0 ? "" : ", ") + gnuplot_quoted(summary_.classes[order[c]]) + " " +
              std::to_string(c);
    }
    const auto panels = variants();
    std::size_t most = 1;
    for (const std::string& variant : panels) most = std::max(most, rows_of(variant).size());
    SweepFigure figure{
        "confusion", 330 * static_cast<int>(most), 330 * static_cast<int>(panels.size()), {}};
    std::string plots;
    std::size_t number = 0;
    for (const std::string& variant : panels) {
      const auto rows = rows_of(variant);
      for (std::size_t i = 0; i < most; ++i) {
        if (i >= rows.size()) {
          plots += "set multiplot next\n";
          continue;
        }
        const auto& [row, of_row] = rows[i];
        const Eigen::MatrixXd shares = row_percent(of_row->song_confusion);
        std::string cells;
        for (std::size_t truth = 0; truth < order.size(); ++truth) {
          for (std::size_t answer = 0; answer < order.size(); ++answer) {
            const double share = shares(static_cast<Eigen::Index>(order[truth]),
                                        static_cast<Eigen::Index>(order[answer]));
            cells += std::to_string(answer) + " " + std::to_string(truth) + " " +
                     format_number(share) + " \"" + fixed(share, 1) + "\"\n";
          }
        }
        const std::string id = "matrix" + std::to_string(number++);
        figure.script += block(id, cells);
        plots += "set title " +
                 gnuplot_quoted(row->name + (variant.empty() ? "" : " (" + variant + ")")) +
                 "\nplot $" + id + " using 1:2:3 with image pixels notitle, $" + id +
                 " using 1:2:4:($3>55 ? 0xffffff : 0x222222) with labels textcolor rgb variable "
                 "notitle\n";
      }
    }
    if (number == 0) return figure;
    const std::string last = format_number(static_cast<double>(order.size()) - 0.5);
    figure.script +=
        "unset grid; unset colorbox\nset border 0; set tics scale 0\n"
        "set palette defined (0 '#ffffff', 1 '#3b6ea5')\nset cbrange [0:100]\n"
        "set size square\nset xrange [-0.5:" +
        last + "]; set yrange [" + last + ":-0.5]\nset xtics (" + tics + "); set ytics (" + tics +
        ")\nset xlabel 'answer (% of the truth)'; set ylabel 'truth'\n"
        "set multiplot layout " +
        std::to_string(panels.size()) + "," + std::to_string(most) + "\n" + plots +
        "unset multiplot\n";
    return figure;
  }

  const SweepPlan& plan_;
  const SweepSummary& summary_;
};

/// Text in LaTeX; Markdown's **bold** becomes \textbf.
std::string in_latex(const std::string& text) {
  static const std::vector<std::pair<std::string, std::string>> kSigns = {
      {"**", "\x01"}, {"\\|", "|"}, {"−", "$-$"}, {"–", "--"},  {"±", "$\\pm$"}, {"×", "$\\times$"},
      {"%", "\\%"},   {"_", "\\_"}, {"&", "\\&"}, {"#", "\\#"}, {"<", "$<$"},    {">", "$>$"}};
  std::string out;
  bool bold = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto sign = std::find_if(kSigns.begin(), kSigns.end(), [&](const auto& pair) {
      return text.compare(i, pair.first.size(), pair.first) == 0;
    });
    if (sign == kSigns.end()) {
      out += text[i++];
      continue;
    }
    if (sign->second == "\x01") {
      out += bold ? "}" : "\\textbf{";
      bold = !bold;
    } else {
      out += sign->second;
    }
    i += sign->first.size();
  }
  return bold ? out + "}" : out;
}

/// The cells of a Markdown table's line.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|' && line[i - 1] != '\\') {
      cells.push_back(in_latex(trimmed(cell)));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

}  // namespace

std::vector<SweepFigure> sweep_figures(const SweepPlan& plan, const SweepSummary& summary) {
  return Figures(plan, summary).all();
}

std::string latex_tables(const std::string& markdown) {
  std::string text = "% \\usepackage{booktabs}\n";
  std::string heading;
  std::vector<std::string> rows;
  const auto finish = [&] {
    if (rows.size() < 2) return rows.clear();
    const std::vector<std::string> head = cells_of(rows.front());
    text += "\n\\begin{table}\n\\caption{" + in_latex(heading) + "}\n\\begin{tabular}{l" +
            std::string(head.size() - 1, 'r') + "}\n\\toprule\n";
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i == 1) continue;  // the line of dashes
      text += join(cells_of(rows[i]), " & ") + " \\\\\n" + (i == 0 ? "\\midrule\n" : "");
    }
    text += "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
    rows.clear();
  };
  for (std::size_t start = 0; start < markdown.size();) {
    const std::size_t end = std::min(markdown.find('\n', start), markdown.size());
    const std::string line = markdown.substr(start, end - start);
    start = end + 1;
    if (line.starts_with("|")) {
      rows.push_back(line);
      continue;
    }
    finish();
    if (line.starts_with("#")) heading = trimmed(line.substr(line.find_first_not_of('#')));
  }
  finish();
  return text;
}

void write_latex_tables(const SweepPlan& plan, const SweepSummary& summary,
                        const std::filesystem::path& sweep) {
  write_text_file(SweepFolder(sweep).latex_tables(), latex_tables(summary_markdown(plan, summary)));
}

std::filesystem::path write_sweep_figures(const SweepPlan& plan, const SweepSummary& summary,
                                          const std::filesystem::path& sweep) {
  write_latex_tables(plan, summary, sweep);
  const SweepFolder folder(sweep);
  make_folder(folder.figures());
  for (const SweepFigure& figure : sweep_figures(plan, summary)) {
    for (const PictureFormat format :
         {PictureFormat::kSvg, PictureFormat::kPng, PictureFormat::kPdf}) {
      const std::string drawn =
          run_gnuplot(picture_head(figure.width, figure.height, format) + figure.script);
      write_text_file(folder.figures() / (figure.name + "." + std::string(extension_of(format))),
                      drawn);
    }
  }
  return folder.figures();
}

}  // namespace mer
