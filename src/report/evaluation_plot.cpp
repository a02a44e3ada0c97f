#include "mer/report/evaluation_plot.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <tuple>

#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/runs/evaluation_files.hpp"
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

/// Of the songs whose label is among the classes.
LabelledProbabilities known_songs(const Evaluation& evaluation) {
  std::vector<ScoredSong> known;
  std::copy_if(evaluation.songs.begin(), evaluation.songs.end(), std::back_inserter(known),
               [&](const ScoredSong& one) {
                 return std::count(evaluation.classes.begin(), evaluation.classes.end(),
                                   one.song.label) > 0;
               });
  return labelled(known, evaluation.classes);
}

/// No script without embeddings, as of a cross-validation: each fold has a network of its own.
Figure embeddings_of(const Evaluation& evaluation) {
  Eigen::MatrixXd rows;
  std::vector<int> truth;
  for (const ScoredSong& song : evaluation.songs) {
    const auto& embedding = song.prediction.network_embedding;
    const auto label =
        std::find(evaluation.classes.begin(), evaluation.classes.end(), song.song.label);
    if (embedding.empty() || label == evaluation.classes.end()) continue;
    rows.conservativeResize(std::ssize(truth) + 1, std::ssize(embedding));
    rows.row(std::ssize(truth)) =
        Eigen::Map<const Eigen::RowVectorXd>(embedding.data(), std::ssize(embedding));
    truth.push_back(static_cast<int>(label - evaluation.classes.begin()));
  }
  return truth.empty() ? Figure()
                       : embedding_figure(principal_plane(rows), truth, evaluation.classes);
}

}  // namespace

Figure reliability_figure(const Calibration& calibration) {
  std::string script = rows_of(calibration);
  script += "set multiplot\nset lmargin at screen 0.13; set rmargin at screen 0.97\n";
  script += "set xrange [0:1]; set xtics 0.2; set style fill solid 0.35 border\n";
  // A plot without data is an error of gnuplot's: the diagonal is always there.
  const std::string diagonal =
      "x with lines linecolor rgb '#888888' dashtype 2 title 'perfect calibration'";
  script += "set tmargin at screen 0.85; set bmargin at screen 0.33\nset format x ''\n";
  script +=
      "set yrange [0:1]; set ytics 0.2; set ylabel 'accuracy'\n"
      "set key at screen 0.97, screen 0.935 horizontal Left reverse samplen 1.5\n";
  script += "set title " +
            gnuplot_quoted("reliability: " + std::to_string(calibration.count) + " songs, ECE " +
                           fixed(calibration.ece, 3) + ", Brier " + fixed(calibration.brier, 3)) +
            " offset 0,2.2\n";
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
  return {"reliability", 560, 560, script + "unset multiplot\n"};
}

Figure coverage_figure(const std::vector<CoveragePoint>& points) {
  Figure figure{"coverage", 560, 420, {}};
  std::string& script = figure.script;
  script += "set xrange [0:100]; set xtics 20; set yrange [0:1]; set ytics 0.2\n";
  script +=
      "set xlabel 'songs answered, the surest first (%)'; set ylabel 'accuracy, confidence'\n";
  script += "set key left bottom Left reverse\nset title 'accuracy over coverage'\n";
  if (points.empty()) {
    script += "plot NaN notitle\n";
    return figure;
  }
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
  return figure;
}

Figure embedding_figure(const PrincipalPlane& plane, std::span<const int> truth,
                        const std::vector<std::string>& classes) {
  std::string script;
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
    const std::string name = "class" + std::to_string(c);
    const std::string block = "$" + name;
    const std::string colour = line_colour(c);
    const std::string shape = "points pointtype " + std::to_string(picture_shape(c)) + " ";
    script += data_block(name, rows) + data_block(name + "center", data_line({sum(0), sum(1)}));
    plots += (plots.empty() ? "plot " : ", ") + block + " using 1:2 with " + shape +
             "pointsize 0.7" + colour + " title " + gnuplot_quoted(classes[c]);
    // The center over everything, with a dark rim.
    centers += ", " + block + "center using 1:2 with " + shape +
               "pointsize 1.9 linecolor rgb '#222222' notitle, " + block +
               "center using 1:2 with " + shape + "pointsize 1.4" + colour + " notitle";
  }
  if (plots.empty()) plots = "set xrange [0:1]; set yrange [0:1]\nplot NaN notitle";
  return {"embeddings", 560, 480, script + plots + centers + "\n"};
}

Figure valence_arousal_figure(const std::vector<ScoredSong>& songs) {
  std::string arrows;  // truth, then the way to the prediction; NaN where it isn't known
  double reach = 1.0;
  std::size_t count = 0;
  for (const auto& [song, prediction] : songs) {
    if (std::isnan(prediction.valence) || std::isnan(prediction.arousal)) continue;
    arrows += data_line({song.valence, song.arousal, prediction.valence, prediction.arousal});
    reach = std::max({reach, std::abs(prediction.valence), std::abs(prediction.arousal)});
    ++count;
  }
  Figure figure{"valence_arousal", 560, 560, {}};
  if (count == 0) return figure;
  constexpr std::size_t kMaxArrows = 300;  // more are a thicket
  const std::string range = "[" + format_number(-reach) + ":" + format_number(reach) + "]";
  figure.script =
      data_block("songs", arrows) + "set size square\nset xrange " + range + "; set yrange " +
      range +
      "\nset xlabel 'valence'; set ylabel 'arousal'\n"
      "set arrow 1 from graph 0, first 0 to graph 1, first 0 nohead linecolor rgb '#888888'\n"
      "set arrow 2 from first 0, graph 0 to first 0, graph 1 nohead linecolor rgb '#888888'\n"
      "set key outside top center horizontal Left reverse samplen 1\nplot " +
      (count > kMaxArrows ? ""
                          : "$songs using 1:2:($3-$1):($4-$2) with vectors head size screen "
                            "0.012,20 linewidth 0.7 linecolor rgb '#bbbbbb' notitle, ") +
      "$songs using 1:2 with points pointtype 6 pointsize 0.7 linecolor rgb '#222222' title "
      "'truth', $songs using 3:4 with points pointtype 7 pointsize 0.7" +
      line_colour(0) + " title 'prediction'\n";
  return figure;
}

Figure agreement_figure(const std::vector<ScoredSong>& songs) {
  Figure figure{"agreement", 900, 460, {}};
  std::string plots;
  double reach = 1.0;
  for (const auto& [name, truth, predicted] :
       {std::tuple{"valence", &Song::valence, &SongPrediction::valence},
        {"arousal", &Song::arousal, &SongPrediction::arousal}}) {
    std::vector<double> is;
    std::vector<double> said;
    std::string points;
    for (const ScoredSong& one : songs) {
      const double x = one.song.*truth;
      const double y = one.prediction.*predicted;
      if (std::isnan(x) || std::isnan(y)) continue;
      is.push_back(x);
      said.push_back(y);
      points += data_line({x, y});
      reach = std::max(reach, std::abs(y));
    }
    if (is.empty()) continue;
    const RegressionScores scores = regression_scores(is, said);
    const auto text = [](double value) { return std::isnan(value) ? "-" : fixed(value, 3); };
    figure.script += data_block(name, points);
    plots += "set title " +
             gnuplot_quoted(std::string(name) + ": R² " + text(scores.r2) + ", RMSE " +
                            text(scores.rmse) + ", concordance " + text(scores.concordance)) +
             "\nplot x with lines linecolor rgb '#888888' dashtype 2, $" + name +
             " using 1:2 with points pointtype 7 pointsize 0.6" + line_colour(0) + "\n";
  }
  if (plots.empty()) return figure;
  figure.script += "set size square\nset xrange [-1:1]; set yrange [" + format_number(-reach) +
                   ":" + format_number(reach) +
                   "]\nset xlabel 'truth'; set ylabel 'prediction'\n"
                   "set multiplot layout 1,2\n" +
                   plots + "unset multiplot\n";
  return figure;
}

Figure tags_figure(const TagScores& scores, const std::vector<std::string>& tags) {
  std::vector<Bar> roc = {{"mean", scores.macro.roc_auc, scores.macro.roc_auc_ci95}};
  std::vector<Bar> pr = {{"mean", scores.macro.pr_auc, scores.macro.pr_auc_ci95}};
  BarMarks shares{"share", "share of the songs", {std::numeric_limits<double>::quiet_NaN()}};
  for (std::size_t tag = 0; tag < tags.size(); ++tag) {
    const TagScore& one = scores.per_tag.at(tag);
    roc.push_back({tags[tag], one.roc_auc, one.roc_auc_ci95});
    pr.push_back({tags[tag], one.pr_auc, one.pr_auc_ci95});
    shares.values.push_back(static_cast<double>(one.positives) /
                            static_cast<double>(std::max<std::int64_t>(scores.count, 1)));
  }
  const Panel left = bars_panel("roc", roc, "ROC-AUC, 95 % intervals");
  const Panel right = bars_panel("pr", pr, "PR-AUC, 95 % intervals", {shares});
  return {"tags", 1000, static_cast<int>(110 + 22 * roc.size()),
          left.data + right.data +
              "set xrange [0:1]; set ytics scale 0\n"
              "set key outside top center horizontal Left reverse samplen 1.5\n"
              "set multiplot layout 1,2\n"
              "set arrow 1 from 0.5, graph 0 to 0.5, graph 1 nohead front dashtype 2 linecolor rgb "
              "'#888888'\n" +
              left.commands + "unset arrow 1\n" + right.commands + "unset multiplot\n"};
}

std::vector<Figure> evaluation_figures(const Evaluation& evaluation) {
  std::vector<Figure> figures;
  if (evaluation.song_scores.confusion.size() > 0) {
    figures.push_back(
        confusion_figure({{{"", evaluation.song_scores.confusion}}}, evaluation.classes));
  }
  const LabelledProbabilities songs = known_songs(evaluation);
  if (!songs.truth.empty()) {
    figures.push_back(reliability_figure(calibration(songs.probabilities, songs.truth)));
    figures.push_back(coverage_figure(accuracy_over_coverage(songs.probabilities, songs.truth)));
  }
  figures.push_back(embeddings_of(evaluation));
  figures.push_back(valence_arousal_figure(evaluation.songs));
  figures.push_back(agreement_figure(evaluation.songs));
  if (evaluation.tag_scores) {
    figures.push_back(tags_figure(*evaluation.tag_scores, evaluation.tags));
  }
  std::erase_if(figures, [](const Figure& figure) { return figure.script.empty(); });
  return figures;
}

}  // namespace mer
