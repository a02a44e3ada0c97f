#include "score_tables.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "mer/core/text_table.hpp"

namespace mer {
namespace {

using Row = std::vector<std::string>;

std::string number_text(double value) {
  constexpr int kDigits = 3;
  return std::isnan(value) ? "" : fixed(value, kDigits);
}

void add_class_tables(const Evaluation& evaluation, std::vector<ScoreTable>& tables) {
  const ProbabilityScores& worth = evaluation.probability_scores;
  // Scored by an earlier version, they are missing.
  const bool has_probabilities = !std::isnan(worth.songs.ece);
  ScoreTable scores{
      "scores", "Accuracy and macro F1", {"", "n", "accuracy [95 %]", "macro F1 [95 %]"}, {}};
  const auto add = [&](const std::string& name, const Scores& of, const Calibration& calibration) {
    scores.rows.push_back({name, std::to_string(of.count),
                           score_with_interval(of.accuracy, of.accuracy_ci95),
                           score_with_interval(of.macro_f1, of.macro_f1_ci95)});
    if (!has_probabilities) return;
    scores.rows.back().push_back(number_text(calibration.ece));
    scores.rows.back().push_back(number_text(calibration.brier));
  };
  add("songs", evaluation.song_scores, worth.songs);
  add("segments", evaluation.segment_scores, worth.segments);
  if (has_probabilities) scores.head.insert(scores.head.end(), {"ECE", "Brier"});
  tables.push_back(std::move(scores));

  ScoreTable classes{
      "classes", "Each class", {"class", "accuracy (recall)", "precision", "F1", "songs"}, {}};
  ScoreTable confusion{"confusion", "Confusion: songs (% of the truth)", {"truth \\ answer"}, {}};
  const Eigen::MatrixXd percent = row_percent(evaluation.song_scores.confusion);
  for (std::size_t c = 0; c < evaluation.classes.size(); ++c) {
    const std::string& name = evaluation.classes[c];
    const ClassScores& one = evaluation.song_scores.per_class.at(c);
    classes.rows.push_back({name, number_text(one.recall), number_text(one.precision),
                            number_text(one.f1), std::to_string(one.support)});
    confusion.head.push_back(name);
    if (percent.size() == 0) continue;  // an earlier version wrote none
    confusion.rows.push_back({name});
    for (Eigen::Index answer = 0; answer < percent.cols(); ++answer) {
      const auto truth = static_cast<Eigen::Index>(c);
      confusion.rows.back().push_back(
          std::to_string(evaluation.song_scores.confusion(truth, answer)) + " (" +
          fixed(percent(truth, answer), 1) + ")");
    }
  }
  tables.push_back(std::move(classes));
  if (!confusion.rows.empty()) tables.push_back(std::move(confusion));

  if (!worth.positive_valence) return;
  ScoreTable sides{"sides",
                   "The two axes as sides",
                   {"of a song's class", "accuracy [95 %]", "macro F1 [95 %]"},
                   {}};
  for (const auto& [scored, meaning] :
       {std::pair{&worth.positive_valence, "valence: positive or negative"},
        {&worth.high_arousal, "arousal: high or low"}}) {
    sides.rows.push_back({meaning,
                          score_with_interval((*scored)->accuracy, (*scored)->accuracy_ci95),
                          score_with_interval((*scored)->macro_f1, (*scored)->macro_f1_ci95)});
  }
  tables.push_back(std::move(sides));
}

ScoreTable embeddings_table(const EmbeddingScores& scores) {
  return {"embeddings",
          "Embeddings' distances to the mean of the own class and of others",
          {"songs", "own", "others", "ratio [95 %]", "silhouette [95 %]"},
          {{std::to_string(scores.count), number_text(scores.own_center),
            number_text(scores.other_centers), score_with_interval(scores.ratio, scores.ratio_ci95),
            score_with_interval(scores.silhouette, scores.silhouette_ci95)}}};
}

/// A score a row, an axis a column: a page is wide enough for that.
/// @param rows_of  a cell for each name of a row
template <class Scored, class RowsOf>
ScoreTable axes_table(std::string name, std::string caption, const std::vector<std::string>& names,
                      const std::optional<Scored>& valence, const std::optional<Scored>& arousal,
                      RowsOf rows_of) {
  ScoreTable table{std::move(name), std::move(caption), {"score [95 %]"}, {}};
  for (const auto& [axis, scores] : {std::pair{"valence", &valence}, {"arousal", &arousal}}) {
    if (!*scores) continue;
    table.head.emplace_back(axis);
    table.rows.resize(names.size());
    const std::vector<std::string> cells = rows_of(**scores);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (table.rows[i].empty()) table.rows[i].push_back(names[i]);
      table.rows[i].push_back(cells.at(i));
    }
  }
  std::erase_if(table.rows, [](const Row& row) {
    return std::all_of(row.begin() + 1, row.end(), [](const auto& cell) { return cell.empty(); });
  });
  return table;
}

ScoreTable values_table(const Evaluation& evaluation) {
  return axes_table("valence_arousal", "Valence and arousal",
                    {"R²", "RMSE", "Pearson", "concordance", "songs"}, evaluation.valence,
                    evaluation.arousal, [](const RegressionScores& axis) {
                      return Row{score_with_interval(axis.r2, axis.r2_ci95),
                                 score_with_interval(axis.rmse, axis.rmse_ci95),
                                 score_with_interval(axis.pearson, axis.pearson_ci95),
                                 score_with_interval(axis.concordance, axis.concordance_ci95),
                                 std::to_string(axis.count)};
                    });
}

ScoreTable over_time_table(const Evaluation& evaluation) {
  const std::string within = " within ± " + significant(kCurveToleranceS, 3) + " s";
  return axes_table(
      "over_time", "Valence and arousal over time, means over songs",
      {"concordance", "RMSE", "concordance" + within, "RMSE" + within, "RMSE of one rater", "songs",
       "points in time"},
      evaluation.valence_over_time, evaluation.arousal_over_time, [](const CurveScores& axis) {
        return Row{score_with_interval(axis.concordance, axis.concordance_ci95),
                   score_with_interval(axis.rmse, axis.rmse_ci95),
                   score_with_interval(axis.tolerant_concordance, axis.tolerant_concordance_ci95),
                   score_with_interval(axis.tolerant_rmse, axis.tolerant_rmse_ci95),
                   number_text(axis.rater_rmse),
                   std::to_string(axis.songs),
                   std::to_string(axis.points)};
      });
}

ScoreTable tags_table(const Evaluation& evaluation) {
  ScoreTable table{
      "tags", "Labels", {"label", "ROC-AUC [95 %]", "PR-AUC [95 %]", "songs with it"}, {}};
  if (!evaluation.tag_scores) return table;
  const auto add = [&](const std::string& name, const TagScore& score) {
    table.rows.push_back({name, score_with_interval(score.roc_auc, score.roc_auc_ci95),
                          score_with_interval(score.pr_auc, score.pr_auc_ci95),
                          std::to_string(score.positives)});
  };
  add("mean", evaluation.tag_scores->macro);
  for (std::size_t tag = 0; tag < evaluation.tags.size(); ++tag) {
    add(evaluation.tags[tag], evaluation.tag_scores->per_tag.at(tag));
  }
  return table;
}

}  // namespace

std::vector<ScoreTable> score_tables(const Evaluation& evaluation) {
  std::vector<ScoreTable> tables;
  if (!evaluation.classes.empty()) add_class_tables(evaluation, tables);
  if (evaluation.embedding_scores) tables.push_back(embeddings_table(*evaluation.embedding_scores));
  for (ScoreTable& table :
       std::array{values_table(evaluation), over_time_table(evaluation), tags_table(evaluation)}) {
    if (!table.rows.empty()) tables.push_back(std::move(table));
  }
  return tables;
}

std::string score_with_interval(double score, const Interval& interval) {
  const std::string text = number_text(score);
  if (text.empty() || std::isnan(interval[0])) return text;
  return text + " [" + number_text(interval[0]) + ", " + number_text(interval[1]) + "]";
}

}  // namespace mer
