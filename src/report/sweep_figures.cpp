#include "mer/report/sweep_figures.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/report/latex.hpp"
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

class Figures {
 public:
  Figures(const SweepPlan& plan, const SweepSummary& summary) : plan_(plan), summary_(summary) {}

  std::vector<Figure> all() const {
    std::vector<Figure> figures;
    const auto axis = numeric_axis();
    if (plan_.file.score != kScoreNone) {
      figures.push_back(axis ? over(*axis, accuracy()) : accuracy_bars());
    }
    if (plan_.file.show_training_segments && axis) {
      figures.push_back(over(*axis, training_segments()));
    }
    if (plan_.file.show_loss) {
      figures.push_back(curves("loss", "training loss", &LossPoint::train_loss));
      figures.push_back(
          curves("loss_as_printed", "loss as printed (sum over a batch)", &LossPoint::as_printed));
    }
    if (!plan_.file.confusion_order.empty() && !summary_.classes.empty()) {
      figures.push_back(confusions());
    }
    std::erase_if(figures, [](const Figure& figure) { return figure.script.empty(); });
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

  Figure accuracy_bars() const {
    const auto panels = variants();
    std::size_t most = 1;
    for (const std::string& variant : panels) most = std::max(most, rows_of(variant).size());
    Figure figure{"accuracy",
                  std::max(480, 520 * static_cast<int>(panels.size())),
                  static_cast<int>(110 + 34 * most),
                  {}};
    std::string plots;
    for (std::size_t number = 0; number < panels.size(); ++number) {
      std::vector<Bar> bars;
      BarMarks printed{"paper", "the paper", {}};
      BarMarks training{"training", "training songs", {}};
      for (const auto& [row, of_row] : rows_of(panels[number])) {
        bars.push_back({row->name, 0.0, {}});
        bars.back().value = in_percent(of_row->song_accuracy, bars.back().ci95);
        printed.values.push_back(paper("accuracy", row->name));
        training.values.push_back(100.0 * of_row->train_accuracy.mean);
      }
      const Panel panel = bars_panel(std::to_string(number), bars, "here, with 95 % interval",
                                     {std::move(printed), std::move(training)});
      figure.script += panel.data;
      plots += title_of(panels[number]) + panel.commands;
    }
    if (plots.empty()) return figure;
    figure.script +=
        "set xlabel 'song accuracy (%)'\nset xrange [0:100]\nset ytics scale 0\n"
        "set key outside top center horizontal Left reverse\n"
        "set multiplot layout 1," +
        std::to_string(panels.size()) + "\n" + plots + "unset multiplot\n";
    return figure;
  }

  /// What a figure shows of a row, beside the paper's numbers.
  struct Quantity {
    std::string name;  ///< the paper's measure
    std::string axis;
    std::function<double(const RowSummary&, Interval& ci95)> value;
  };

  /// @param ci95  receives the interval
  static double in_percent(const Measured& measured, Interval& ci95) {
    ci95 = {100.0 * measured.ci95[0], 100.0 * measured.ci95[1]};
    return 100.0 * measured.mean;
  }

  static Quantity accuracy() {
    return {
        "accuracy", "song accuracy (%), 95 % intervals",
        [](const RowSummary& row, Interval& ci95) { return in_percent(row.song_accuracy, ci95); }};
  }

  static Quantity training_segments() {
    return {"training_segments", "training segments", [](const RowSummary& row, Interval& ci95) {
              ci95 = {row.training_segments, row.training_segments};
              return row.training_segments;
            }};
  }

  /// A curve a system: what a row is without the key.
  Figure over(const std::string& key, const Quantity& quantity) const {
    const std::string leaf = key.substr(key.rfind('.') + 1);
    const auto panels = variants();
    Figure figure{quantity.name + "_over_" + leaf,
                  std::max(620, 520 * static_cast<int>(panels.size())),
                  460,
                  {}};
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
          Interval ci95;
          const double value = quantity.value(*of_row, ci95);
          here += data_line({at, value, ci95[0], ci95[1]});
          const double printed = paper(quantity.name, row->name);
          if (!std::isnan(printed)) papers += data_line({at, printed});
        }
        const std::string id = std::to_string(number++);
        // Side by side, so that intervals don't hide each other.
        const std::string x = "($1*(1+0.012*" + std::to_string(s) + "))";
        figure.script += data_block("here" + id, here);
        curves += (curves.empty() ? "plot $here" : ", $here") + id + " using " + x +
                  ":2:3:4 with yerrorlines linewidth 1.5 pointsize 0.7 pointtype " +
                  std::to_string(picture_shape(s)) + line_colour(s) + " title " +
                  gnuplot_quoted(systems[s].first);
        if (papers.empty()) continue;
        figure.script += data_block("paper" + id, papers);
        curves += ", $paper" + id +
                  " using 1:2 with linespoints dashtype 2 pointsize 0.7 pointtype " +
                  std::to_string(picture_shape(s)) + line_colour(s) + " title " +
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
                     "\nset ylabel " + gnuplot_quoted(quantity.axis) + "\nset xtics (" + ticks +
                     ")\nset offsets graph 0.04, graph 0.06\n"
                     "set key outside top center horizontal Left reverse samplen 2 maxcols 2\n"
                     "set multiplot layout 1," +
                     std::to_string(panels.size()) + "\n" + plots + "unset multiplot\n";
    return figure;
  }

  Figure curves(const std::string& name, const std::string& axis, double LossPoint::*loss) const {
    const auto panels = variants();
    Figure figure{name, std::max(620, 520 * static_cast<int>(panels.size())), 440, {}};
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
          points += data_line({static_cast<double>(point.iteration), point.*loss});
        }
        const double of_paper = paper("loss", row->name);
        if (!std::isnan(of_paper)) printed.push_back(of_paper);
        if (points.empty()) continue;
        const std::string id = "curve" + std::to_string(number++);
        figure.script += data_block(id, points);
        lines += (lines.empty() ? "plot $" : ", $") + id + " using 1:2 with lines linewidth 1.8" +
                 line_colour(i) + " title " + gnuplot_quoted(row->name);
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

  Figure confusions() const {
    const std::vector<std::size_t> order = class_order(plan_, summary_);
    std::vector<std::string> classes;
    for (const std::size_t c : order) classes.push_back(summary_.classes[c]);
    std::vector<std::vector<ConfusionPanel>> panels;
    for (const std::string& variant : variants()) {
      panels.emplace_back();
      for (const auto& [row, of_row] : rows_of(variant)) {
        panels.back().push_back({row->name + (variant.empty() ? "" : " (" + variant + ")"),
                                 of_row->song_confusion(order, order)});
      }
    }
    return panels.empty() ? Figure() : confusion_figure(panels, classes);
  }

  const SweepPlan& plan_;
  const SweepSummary& summary_;
};

}  // namespace

std::vector<Figure> sweep_figures(const SweepPlan& plan, const SweepSummary& summary) {
  return Figures(plan, summary).all();
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
  for (const Figure& figure : sweep_figures(plan, summary)) {
    for (const PictureFormat format : kPictureFormats) {
      write_text_file(folder.figures() / figure.file_name(format), draw(figure, format));
    }
  }
  return folder.figures();
}

}  // namespace mer
