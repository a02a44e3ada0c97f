#include "task_scores.hpp"

#include <algorithm>
#include <cmath>

#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"

namespace mer {
namespace {

std::string number_with_interval(double value, const Interval& interval) {
  if (!std::isfinite(value)) return "-";
  return fixed(value, 3) + " [" + fixed(interval[0], 3) + ", " + fixed(interval[1], 3) + "]";
}

}  // namespace

int GroupNumbers::of(const Song& song) {
  // Two maps' worth of names in one: a song's id must not meet another song's group.
  const std::string key = song.group.empty() ? "i" + song.id : "g" + song.group;
  return numbers_.emplace(key, static_cast<int>(numbers_.size())).first->second;
}

std::optional<RegressionScores> score_numbers(const std::vector<ScoredSong>& songs,
                                              double Song::*truth,
                                              double SongPrediction::*predicted,
                                              std::uint64_t seed) {
  std::vector<double> true_numbers;
  std::vector<double> predicted_numbers;
  std::vector<int> groups;
  GroupNumbers numbers;
  for (const ScoredSong& scored : songs) {
    if (std::isnan(scored.song.*truth) || std::isnan(scored.prediction.*predicted)) continue;
    groups.push_back(numbers.of(scored.song));
    true_numbers.push_back(scored.song.*truth);
    predicted_numbers.push_back(scored.prediction.*predicted);
  }
  if (true_numbers.empty()) return std::nullopt;
  return regression_scores_with_intervals(true_numbers, predicted_numbers, groups, seed);
}

AxesOverTime score_curves(const std::vector<ScoredSong>& songs, std::uint64_t seed) {
  std::vector<CurvePair> valence;
  std::vector<CurvePair> arousal;
  GroupNumbers numbers;
  for (const ScoredSong& scored : songs) {
    if (scored.song.dynamic.empty() || !scored.prediction.over_time) continue;
    const EmotionCurve truth = read_emotion_curve(scored.song.dynamic);
    const EmotionCurve& predicted = *scored.prediction.over_time;
    const int group = numbers.of(scored.song);
    const auto pair_of = [&](std::vector<double> EmotionCurve::*axis,
                             const std::vector<double>& deviation) {
      return CurvePair{truth.time_s, truth.*axis,
                       interpolate(predicted.time_s, predicted.*axis, truth.time_s), deviation,
                       group};
    };
    valence.push_back(pair_of(&EmotionCurve::valence, truth.valence_sd));
    arousal.push_back(pair_of(&EmotionCurve::arousal, truth.arousal_sd));
  }
  if (valence.empty()) return {};
  return {curve_scores(valence, seed), curve_scores(arousal, seed)};
}

std::optional<TagScores> score_tags(const std::vector<ScoredSong>& songs,
                                    const std::vector<std::string>& tags, std::uint64_t seed) {
  std::vector<const ScoredSong*> known;
  std::vector<int> groups;
  GroupNumbers numbers;
  for (const ScoredSong& scored : songs) {
    if (!scored.song.has_labels || scored.prediction.tags.size() != tags.size()) continue;
    known.push_back(&scored);
    groups.push_back(numbers.of(scored.song));
  }
  if (known.empty() || tags.empty()) return std::nullopt;
  Eigen::MatrixXd truth(std::ssize(known), std::ssize(tags));
  Eigen::MatrixXd probabilities(truth.rows(), truth.cols());
  for (Eigen::Index row = 0; row < truth.rows(); ++row) {
    const ScoredSong& scored = *known[static_cast<std::size_t>(row)];
    for (Eigen::Index tag = 0; tag < truth.cols(); ++tag) {
      const auto& [name, probability] = scored.prediction.tags[static_cast<std::size_t>(tag)];
      truth(row, tag) = std::ranges::count(scored.song.labels, name) > 0 ? 1.0 : 0.0;
      probabilities(row, tag) = probability;
    }
  }
  return tag_scores_with_intervals(truth, probabilities, groups, seed);
}

std::string task_table(const Evaluation& evaluation) {
  std::string text;
  std::vector<std::vector<std::string>> rows = {
      {"songs", "R2 [95 %]", "RMSE [95 %]", "Pearson", "concordance [95 %]"}};
  for (const auto& [name, scores] :
       {std::pair("valence", evaluation.valence), {"arousal", evaluation.arousal}}) {
    if (!scores) continue;
    rows.push_back({name, number_with_interval(scores->r2, scores->r2_ci95),
                    number_with_interval(scores->rmse, scores->rmse_ci95),
                    std::isfinite(scores->pearson) ? fixed(scores->pearson, 3) : "-",
                    number_with_interval(scores->concordance, scores->concordance_ci95)});
  }
  if (rows.size() > 1) text += aligned_rows(rows) + "\n";

  rows = {
      {"over time", "concordance [95 %]", "RMSE [95 %]", "within 2 s: conc.", "RMSE", "a rater's"}};
  for (const auto& [name, scores] : {std::pair("valence", evaluation.valence_over_time),
                                     {"arousal", evaluation.arousal_over_time}}) {
    if (!scores) continue;
    rows.push_back(
        {name, number_with_interval(scores->concordance, scores->concordance_ci95),
         number_with_interval(scores->rmse, scores->rmse_ci95),
         std::isfinite(scores->tolerant_concordance) ? fixed(scores->tolerant_concordance, 3) : "-",
         fixed(scores->tolerant_rmse, 3),
         std::isnan(scores->rater_rmse) ? "" : fixed(scores->rater_rmse, 3)});
  }
  if (rows.size() > 1) text += aligned_rows(rows) + "\n";

  if (!evaluation.tag_scores) return text;
  rows = {{"tags", "ROC-AUC [95 %]", "PR-AUC [95 %]", "songs"}};
  const auto add = [&](const std::string& name, const TagScore& score) {
    rows.push_back({name, number_with_interval(score.roc_auc, score.roc_auc_ci95),
                    number_with_interval(score.pr_auc, score.pr_auc_ci95),
                    std::to_string(score.positives)});
  };
  add("macro", evaluation.tag_scores->macro);
  for (std::size_t tag = 0; tag < evaluation.tags.size(); ++tag) {
    add(printable(evaluation.tags[tag]), evaluation.tag_scores->per_tag[tag]);
  }
  return text + aligned_rows(rows) + "\n";
}

}  // namespace mer
