#include "evaluation_page.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "html.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/evaluation_plot.hpp"
#include "score_tables.hpp"

namespace mer {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr int kPageDigits = 3;
constexpr std::size_t kNumErrors = 20;

/// A cell as dark as its share of the row is large, with the count and the share in it.
std::string heat_cell(double count, double share) {
  const int strength = static_cast<int>(std::lround(share * 100.0));
  return "<td style=\"background:rgba(59,110,165," + fixed(share, 2) +
         ");color:" + (share > 0.6 ? "#fff" : "#222") + "\">" + fixed(count, 0) + "<br><small>" +
         std::to_string(strength) + " %</small></td>";
}

std::string confusion_table(const Evaluation& evaluation) {
  if (evaluation.classes.empty()) return "";
  const ConfusionMatrix& confusion = evaluation.song_scores.confusion;
  std::string html =
      "<h3>Confusion</h3>\n<div class=\"scroll\"><table class=\"heat\">"
      "<tr><th>truth \\ answer</th>";
  for (const std::string& name : evaluation.classes) html += "<th>" + escaped(name) + "</th>";
  html += "</tr>\n";
  for (Eigen::Index row = 0; row < confusion.rows(); ++row) {
    const auto sum = static_cast<double>(confusion.row(row).sum());
    html += "<tr><th>" + escaped(evaluation.classes[static_cast<std::size_t>(row)]) + "</th>";
    for (Eigen::Index column = 0; column < confusion.cols(); ++column) {
      const auto count = static_cast<double>(confusion(row, column));
      html += heat_cell(count, sum > 0.0 ? count / sum : 0.0);
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

/// What a page shows of an evaluation: tables and pictures by name, each where it exists.
class Parts {
 public:
  Parts(const Evaluation& evaluation, const ReportOptions& options)
      : options_(options),
        tables_(score_tables(evaluation)),
        figures_(evaluation_figures(evaluation)) {}

  /// "" where there is none.
  std::string table(const std::string& name) const {
    const auto found = std::ranges::find(tables_, name, &ScoreTable::name);
    if (found == tables_.end()) return "";
    std::vector<std::string> head;
    for (const std::string& cell : found->head) head.push_back(escaped(cell));
    Rows rows = found->rows;
    for (auto& row : rows) {
      for (std::string& cell : row) cell = escaped(cell);
    }
    return html_table(head, rows);
  }

  /// Side by side; "" where there are none.
  std::string figures(std::initializer_list<const char*> names) const {
    std::vector<Figure> found;
    for (const char* name : names) {
      const auto figure = std::ranges::find(figures_, name, &Figure::name);
      if (figure != figures_.end()) found.push_back(*figure);
    }
    return figures_or_note(options_, found);
  }

 private:
  const ReportOptions& options_;
  std::vector<ScoreTable> tables_;
  std::vector<Figure> figures_;
};

/// A heading with what stands below it, unless that is nothing.
std::string titled(const std::string& heading, const std::string& content) {
  return content.empty() ? "" : "<h3>" + heading + "</h3>\n" + content;
}

std::string note(const std::string& text) { return "<p class=\"note\">" + text + "</p>\n"; }

std::string baseline(const Evaluation& evaluation) {
  if (evaluation.classes.empty()) return "";
  return "<p>Saying always <i>" + escaped(evaluation.baseline_class) +
         "</i>, the training songs' most frequent class, is right for " +
         fixed(evaluation.baseline_accuracy, kPageDigits) + " of these songs.</p>\n";
}

std::string failed_songs(const Evaluation& evaluation) {
  if (evaluation.failed.empty()) return "";
  return "<p>" + std::to_string(evaluation.failed.size()) +
         " of the songs could not be read; they are not counted.</p>\n";
}

std::string surest_errors(const Evaluation& evaluation) {
  if (evaluation.classes.empty()) return "";
  const auto answer_to = [&](const ScoredSong& one) {
    return evaluation.classes.at(static_cast<std::size_t>(one.prediction.predicted()));
  };
  std::vector<const ScoredSong*> errors;
  for (const ScoredSong& one : evaluation.songs) {
    if (!one.song.label.empty() && one.song.label != answer_to(one)) errors.push_back(&one);
  }
  if (errors.empty()) return "";
  std::sort(errors.begin(), errors.end(), [](const ScoredSong* a, const ScoredSong* b) {
    const double of_a = a->prediction.confidence();
    const double of_b = b->prediction.confidence();
    return of_a != of_b ? of_a > of_b : a->song.listed_path < b->song.listed_path;
  });
  const std::size_t num_all = errors.size();
  errors.resize(std::min(errors.size(), kNumErrors));
  std::vector<std::string> head = {"song", "truth", "answer", "confidence"};
  for (const std::string& name : evaluation.classes) head.push_back(escaped("p " + name));
  Rows rows;
  for (const ScoredSong* one : errors) {
    std::vector<std::string> row = {escaped(one->song.listed_path), escaped(one->song.label),
                                    escaped(answer_to(*one)),
                                    fixed(one->prediction.confidence(), kPageDigits)};
    for (const double p : one->prediction.probabilities) row.push_back(fixed(p, kPageDigits));
    rows.push_back(std::move(row));
  }
  return "<h3>The errors it was surest of</h3>\n<p>" + std::to_string(rows.size()) + " of " +
         std::to_string(num_all) + " errors; worth listening to.</p>\n" + html_table(head, rows);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> main_scores(const Evaluation& evaluation) {
  const Scores& songs = evaluation.song_scores;
  std::vector<std::pair<std::string, std::string>> cells;
  if (!evaluation.classes.empty()) {
    cells = {{"songs", std::to_string(songs.count)},
             {"accuracy [95 %]", score_with_interval(songs.accuracy, songs.accuracy_ci95)},
             {"macro F1 [95 %]", score_with_interval(songs.macro_f1, songs.macro_f1_ci95)}};
  }
  for (const auto& [axis, scores] :
       {std::pair{"valence", &evaluation.valence}, {"arousal", &evaluation.arousal}}) {
    if (!*scores) continue;
    cells.emplace_back(std::string(axis) + ": concordance [95 %]",
                       score_with_interval((*scores)->concordance, (*scores)->concordance_ci95));
  }
  if (evaluation.tag_scores) {
    const TagScore& mean = evaluation.tag_scores->macro;
    cells.emplace_back("ROC-AUC [95 %]", score_with_interval(mean.roc_auc, mean.roc_auc_ci95));
  }
  return cells;
}

void append_main_scores(const std::vector<std::optional<Evaluation>>& evaluations,
                        std::vector<std::string>& head, Rows& rows) {
  std::vector<std::string> names;
  for (const auto& evaluation : evaluations) {
    if (!evaluation) continue;
    for (const auto& [name, text] : main_scores(*evaluation)) {
      if (std::ranges::count(names, name) == 0) names.push_back(name);
    }
  }
  head.insert(head.end(), names.begin(), names.end());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto scores = evaluations[i] ? main_scores(*evaluations[i])
                                       : std::vector<std::pair<std::string, std::string>>();
    for (const std::string& name : names) {
      const auto found = std::ranges::find(scores, name, [](const auto& one) { return one.first; });
      rows[i].push_back(found == scores.end() ? "" : found->second);
    }
  }
}

std::string evaluation_section(const Evaluation& evaluation, const ReportOptions& options) {
  const Parts parts(evaluation, options);
  std::string html = parts.table("scores") + baseline(evaluation) + failed_songs(evaluation);
  if (!evaluation.classes.empty()) {
    html += "<div class=\"side\">\n<div>" + confusion_table(evaluation) + "</div>\n<div>" +
            titled("Each class", parts.table("classes")) +
            titled("The two axes", parts.table("sides")) + "</div>\n</div>\n";
  }
  html += titled("Valence and arousal",
                 parts.table("valence_arousal") + parts.figures({"valence_arousal", "agreement"}));
  if (const std::string table = parts.table("over_time"); !table.empty()) {
    html += titled("Valence and arousal over time",
                   table + note("Of each song's curve, then the mean over songs. Within a "
                                "tolerance, a prediction is compared with the nearest of the "
                                "values that the truth has so much earlier or later."));
  }
  html += titled("Labels", parts.table("tags") + parts.figures({"tags"}));
  html += titled("Can the probabilities be believed?", parts.figures({"reliability", "coverage"}));
  if (const std::string table = parts.table("embeddings"); !table.empty()) {
    html += titled("Does the network keep the classes apart?",
                   table +
                       note("Euclidean distances of the songs' embeddings, what the network has "
                            "before its last layer, to the means of their classes.") +
                       parts.figures({"embeddings"}));
  }
  html += surest_errors(evaluation) +
          note(
              "Intervals come from resampling groups of songs (artists, where the manifest names "
              "them).");
  return section("Scores on the " + evaluation.split + " songs", html);
}

}  // namespace mer
