#include "evaluation_page.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>

#include "html.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/evaluation_plot.hpp"

namespace mer {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr int kPageDigits = 3;
constexpr std::size_t kNumErrors = 20;

std::string number_text(double value) { return std::isnan(value) ? "" : fixed(value, kPageDigits); }

std::string scores_table(const Evaluation& evaluation) {
  const ProbabilityScores& worth = evaluation.probability_scores;
  // Scored by an earlier version, they are missing.
  const bool has_probabilities = !std::isnan(worth.songs.ece);
  Rows rows;
  for (const auto& [name, scores, calibration] :
       {std::tuple("songs", &evaluation.song_scores, &worth.songs),
        {"segments", &evaluation.segment_scores, &worth.segments}}) {
    rows.push_back({name, std::to_string(scores->count),
                    score_with_interval(scores->accuracy, scores->accuracy_ci95),
                    score_with_interval(scores->macro_f1, scores->macro_f1_ci95)});
    if (!has_probabilities) continue;
    rows.back().push_back(number_text(calibration->ece));
    rows.back().push_back(number_text(calibration->brier));
  }
  std::vector<std::string> head = {"", "count", "accuracy [95 %]", "macro F1 [95 %]"};
  if (has_probabilities) head.insert(head.end(), {"ECE", "Brier"});
  std::string html = html_table(head, rows);
  html += "<p>Saying always <i>" + escaped(evaluation.baseline_class) +
          "</i>, the training songs' most frequent class, is right for " +
          number_text(evaluation.baseline_accuracy) +
          " of these songs. Intervals come from resampling groups of songs (artists, where the "
          "manifest names them).</p>\n";
  if (!evaluation.failed.empty()) {
    html += "<p>" + std::to_string(evaluation.failed.size()) +
            " of the songs could not be read; they are not counted.</p>\n";
  }
  return html;
}

/// Positive or negative valence, high or low arousal.
std::string axes_table(const ProbabilityScores& sides) {
  Rows rows;
  for (const auto& [scores, meaning] :
       {std::pair{&sides.positive_valence, "positive (happy, relaxed) or negative"},
        {&sides.high_arousal, "high (happy, anger) or low"}}) {
    if (!*scores) continue;
    rows.push_back({escaped(meaning),
                    score_with_interval((*scores)->accuracy, (*scores)->accuracy_ci95),
                    score_with_interval((*scores)->macro_f1, (*scores)->macro_f1_ci95)});
  }
  if (rows.empty()) return "";
  return "<h3>The two axes</h3>\n" +
         html_table({"valence and arousal of songs", "accuracy [95 %]", "macro F1 [95 %]"}, rows);
}

std::string classes_table(const Evaluation& evaluation) {
  Rows rows;
  for (std::size_t c = 0; c < evaluation.classes.size(); ++c) {
    const ClassScores& one = evaluation.song_scores.per_class.at(c);
    rows.push_back({escaped(evaluation.classes[c]), number_text(one.recall),
                    number_text(one.precision), number_text(one.f1), std::to_string(one.support)});
  }
  return "<h3>Each class</h3>\n" +
         html_table({"songs of the class", "accuracy (recall)", "precision", "F1", "songs"}, rows);
}

/// A cell as dark as its share of the row is large, with the count and the share in it.
std::string heat_cell(double count, double share) {
  const int strength = static_cast<int>(std::lround(share * 100.0));
  return "<td style=\"background:rgba(59,110,165," + fixed(share, 2) +
         ");color:" + (share > 0.6 ? "#fff" : "#222") + "\">" + fixed(count, 0) + "<br><small>" +
         std::to_string(strength) + " %</small></td>";
}

std::string confusion_table(const Evaluation& evaluation) {
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

std::string probabilities_part(const Evaluation& evaluation, const ReportOptions& options) {
  const LabelledProbabilities songs = known_songs(evaluation);
  if (songs.truth.empty()) return "";
  const auto draw = [&] {
    return "<div class=\"side\">\n<div class=\"figure\">" +
           svg_element(reliability_plot(calibration(songs.probabilities, songs.truth))) +
           "</div>\n<div class=\"figure\">" +
           svg_element(coverage_plot(accuracy_over_coverage(songs.probabilities, songs.truth))) +
           "</div>\n</div>\n";
  };
  return "<h3>Can the probabilities be believed?</h3>\n" + figure_or_note(options, draw);
}

std::string embeddings_part(const Evaluation& evaluation, const ReportOptions& options) {
  if (!evaluation.embedding_scores) return "";
  const EmbeddingScores& scores = *evaluation.embedding_scores;
  const Rows numbers = {{std::to_string(scores.count), number_text(scores.own_center),
                         number_text(scores.other_centers),
                         score_with_interval(scores.ratio, scores.ratio_ci95),
                         score_with_interval(scores.silhouette, scores.silhouette_ci95)}};
  std::string html =
      "<h3>Does the network keep the classes apart?</h3>\n" +
      html_table(
          {"songs", "to the own center", "to the others", "ratio [95 %]", "silhouette [95 %]"},
          numbers) +
      "<p class=\"note\">Euclidean distances of the songs' embeddings, what the network has before "
      "its last layer, to the means of their classes.</p>\n";
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
  if (truth.empty()) return html;  // of a cross-validation: each fold has a network of its own
  return html + figure_or_note(options, [&] {
           return "<div class=\"figure\">" +
                  svg_element(embedding_plot(principal_plane(rows), truth, evaluation.classes)) +
                  "</div>\n";
         });
}

std::string surest_errors(const Evaluation& evaluation) {
  if (evaluation.classes.empty()) return "";
  const auto answer_to = [&](const ScoredSong& one) {
    return evaluation.classes.at(static_cast<std::size_t>(one.prediction.predicted()));
  };
  std::vector<const ScoredSong*> errors;
  for (const ScoredSong& one : evaluation.songs) {
    if (one.song.label != answer_to(one)) errors.push_back(&one);
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

std::string score_with_interval(double score, const Interval& interval) {
  const std::string text = number_text(score);
  if (text.empty() || std::isnan(interval[0])) return text;
  return text + " [" + fixed(interval[0], kPageDigits) + ", " + fixed(interval[1], kPageDigits) +
         "]";
}

std::string evaluation_section(const Evaluation& evaluation, const ReportOptions& options) {
  return section("Scores on the " + evaluation.split + " songs",
                 scores_table(evaluation) + "<div class=\"side\">\n<div>" +
                     confusion_table(evaluation) + "</div>\n<div>" + classes_table(evaluation) +
                     axes_table(evaluation.probability_scores) + "</div>\n</div>\n" +
                     probabilities_part(evaluation, options) +
                     embeddings_part(evaluation, options) + surest_errors(evaluation));
}

}  // namespace mer
