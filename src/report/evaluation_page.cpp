#include "evaluation_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "html.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/report/evaluation_plot.hpp"

namespace mer {
namespace {

using Json = nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

constexpr int kDigits = 3;
constexpr std::size_t kNumErrors = 20;

double number_at(const Json& json, const std::string& name) {
  return json.is_object() && json.contains(name) && json[name].is_number()
             ? json[name].get<double>()
             : std::numeric_limits<double>::quiet_NaN();
}

std::string number_text(const Json& json, const std::string& name) {
  const double value = number_at(json, name);
  return std::isnan(value) ? "" : fixed(value, kDigits);
}

std::string scores_table(const Json& metrics) {
  // Scored by an earlier version, they are missing.
  const bool has_probabilities = metrics.value("songs", Json::object()).contains("ece");
  Rows rows;
  for (const char* items : {"songs", "segments"}) {
    const Json scores = metrics.value(items, Json::object());
    rows.push_back({items, std::to_string(scores.value("count", 0)),
                    score_with_interval(scores, "accuracy"),
                    score_with_interval(scores, "macro_f1")});
    if (!has_probabilities) continue;
    rows.back().push_back(number_text(scores, "ece"));
    rows.back().push_back(number_text(scores, "brier"));
  }
  std::vector<std::string> head = {"", "count", "accuracy [95 %]", "macro F1 [95 %]"};
  if (has_probabilities) head.insert(head.end(), {"ECE", "Brier"});
  std::string html = html_table(head, rows);
  html += "<p>Saying always <i>" + escaped(metrics.value("baseline_class", "")) +
          "</i>, the training songs' most frequent class, is right for " +
          number_text(metrics, "baseline_accuracy") +
          " of these songs. Intervals come from resampling groups of songs (artists, where the "
          "manifest names them).</p>\n";
  const std::size_t num_failed = metrics.value("failed", Json::array()).size();
  if (num_failed > 0) {
    html += "<p>" + std::to_string(num_failed) +
            " of the songs could not be read; they are not counted.</p>\n";
  }
  return html;
}

/// Positive or negative valence, high or low arousal, and the numbers of va_regression.
std::string axes_table(const Json& metrics) {
  Rows rows;
  const Json sides = metrics.value("valence_arousal", Json::object());
  for (const auto& [name, meaning] :
       {std::pair{"positive_valence", "positive (happy, relaxed) or negative"},
        {"high_arousal", "high (happy, anger) or low"}}) {
    if (!sides.contains(name)) continue;
    rows.push_back({escaped(meaning), score_with_interval(sides[name], "accuracy"),
                    score_with_interval(sides[name], "macro_f1")});
  }
  if (rows.empty()) return "";
  return "<h3>The two axes</h3>\n" +
         html_table({"valence and arousal of songs", "accuracy [95 %]", "macro F1 [95 %]"}, rows);
}

std::string classes_table(const Json& scores, const std::vector<std::string>& classes) {
  Rows rows;
  const Json per_class = scores.value("per_class", Json::object());
  for (const std::string& name : classes) {
    const Json one = per_class.value(name, Json::object());
    rows.push_back({escaped(name), number_text(one, "recall"), number_text(one, "precision"),
                    number_text(one, "f1"), std::to_string(one.value("support", 0))});
  }
  return "<h3>Each class</h3>\n" +
         html_table({"songs of the class", "accuracy (recall)", "precision", "F1", "songs"}, rows);
}

/// A cell as dark as its share of the row is large, with the count and the share in it.
std::string heat_cell(double count, double share) {
  const int strength = static_cast<int>(std::lround(share * 100.0));
  char style[96];
  std::snprintf(style, sizeof(style), "background:rgba(59,110,165,%.2f);color:%s", share,
                share > 0.6 ? "#fff" : "#222");
  return "<td style=\"" + std::string(style) + "\">" + fixed(count, 0) + "<br><small>" +
         std::to_string(strength) + " %</small></td>";
}

std::string confusion_table(const Json& scores, const std::vector<std::string>& classes) {
  const Json confusion = scores.value("confusion", Json::array());
  std::string html =
      "<h3>Confusion</h3>\n<div class=\"scroll\"><table class=\"heat\">"
      "<tr><th>truth \\ answer</th>";
  for (const std::string& name : classes) html += "<th>" + escaped(name) + "</th>";
  html += "</tr>\n";
  for (std::size_t row = 0; row < confusion.size() && row < classes.size(); ++row) {
    double sum = 0.0;
    for (const Json& count : confusion[row]) sum += count.get<double>();
    html += "<tr><th>" + escaped(classes[row]) + "</th>";
    for (const Json& count : confusion[row]) {
      html += heat_cell(count.get<double>(), sum > 0.0 ? count.get<double>() / sum : 0.0);
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string probabilities_part(const EvaluationRecord& evaluation, const ReportOptions& options) {
  const SongProbabilities songs = probabilities_of(evaluation);
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

std::string surest_errors(const EvaluationRecord& evaluation) {
  std::vector<const PredictedSong*> errors;
  for (const PredictedSong& song : evaluation.songs) {
    if (song.label != song.predicted) errors.push_back(&song);
  }
  if (errors.empty()) return "";
  std::sort(errors.begin(), errors.end(), [](const PredictedSong* a, const PredictedSong* b) {
    return a->confidence != b->confidence ? a->confidence > b->confidence : a->path < b->path;
  });
  const std::size_t num_all = errors.size();
  errors.resize(std::min(errors.size(), kNumErrors));
  std::vector<std::string> head = {"song", "truth", "answer", "confidence"};
  for (const std::string& name : evaluation.classes) head.push_back(escaped("p " + name));
  Rows rows;
  for (const PredictedSong* song : errors) {
    std::vector<std::string> row = {escaped(song->path), escaped(song->label),
                                    escaped(song->predicted), fixed(song->confidence, kDigits)};
    for (const double p : song->probabilities) row.push_back(fixed(p, kDigits));
    rows.push_back(std::move(row));
  }
  return "<h3>The errors it was surest of</h3>\n<p>" + std::to_string(rows.size()) + " of " +
         std::to_string(num_all) + " errors; worth listening to.</p>\n" + html_table(head, rows);
}

}  // namespace

std::string score_with_interval(const Json& scores, const std::string& name) {
  std::string text = number_text(scores, name);
  const std::string interval = name + "_ci95";
  if (text.empty() || !scores.contains(interval)) return text;
  return text + " [" + fixed(scores[interval].at(0).get<double>(), kDigits) + ", " +
         fixed(scores[interval].at(1).get<double>(), kDigits) + "]";
}

std::string evaluation_section(const EvaluationRecord& evaluation, const ReportOptions& options) {
  const Json songs = evaluation.metrics.value("songs", Json::object());
  return section("Scores on the " + evaluation.split + " songs",
                 scores_table(evaluation.metrics) + "<div class=\"side\">\n<div>" +
                     confusion_table(songs, evaluation.classes) + "</div>\n<div>" +
                     classes_table(songs, evaluation.classes) + axes_table(evaluation.metrics) +
                     "</div>\n</div>\n" + probabilities_part(evaluation, options) +
                     surest_errors(evaluation));
}

}  // namespace mer
