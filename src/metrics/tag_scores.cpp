#include "mer/metrics/tag_scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "mer/metrics/paired_tests.hpp"

namespace mer {
namespace {

/// One tag's items from the most to the least probable.
class RankedTag {
 public:
  RankedTag(const Eigen::MatrixXd& truth, const Eigen::MatrixXd& probabilities, Eigen::Index tag)
      : order_(static_cast<std::size_t>(truth.rows())) {
    std::iota(order_.begin(), order_.end(), Eigen::Index{0});
    std::stable_sort(order_.begin(), order_.end(), [&](Eigen::Index a, Eigen::Index b) {
      return probabilities(a, tag) > probabilities(b, tag);
    });
    for (std::size_t place = 0; place < order_.size(); ++place) {
      positive_.push_back(truth(order_[place], tag) > 0.5);
      probability_.push_back(probabilities(order_[place], tag));
    }
  }

  /// Calls back once a threshold, downwards: (weight of positives, of negatives) above or at it,
  /// and the place after its last item.
  template <class Visit>
  void thresholds(const std::vector<double>& weights, const Visit& visit) const {
    double positives = 0.0;
    double negatives = 0.0;
    for (std::size_t place = 0; place < order_.size(); ++place) {
      (positive_[place] ? positives : negatives) +=
          weights[static_cast<std::size_t>(order_[place])];
      const bool is_last_of_equals =
          place + 1 == order_.size() || probability_[place + 1] < probability_[place];
      if (is_last_of_equals) visit(positives, negatives, place + 1);
    }
  }

  TagScore score(const std::vector<double>& weights) const {
    double area = 0.0;       // under the ROC, in units of weight²
    double precision = 0.0;  // Σ ΔR · P, in units of weight
    double positives = 0.0;
    double negatives = 0.0;
    thresholds(weights, [&](double all_positives, double all_negatives, std::size_t) {
      const double more = all_positives - positives;
      area += (all_negatives - negatives) * (positives + more / 2.0);
      if (more > 0.0) precision += more * all_positives / (all_positives + all_negatives);
      positives = all_positives;
      negatives = all_negatives;
    });
    TagScore score;
    score.positives = std::count(positive_.begin(), positive_.end(), true);
    if (positives == 0.0 || negatives == 0.0) return score;
    score.roc_auc = area / (positives * negatives);
    score.pr_auc = precision / positives;
    return score;
  }

  double best_threshold() const {
    double best_f1 = 0.0;
    double best = 0.5;
    const auto all = static_cast<double>(std::count(positive_.begin(), positive_.end(), true));
    thresholds(std::vector<double>(order_.size(), 1.0),
               [&](double positives, double negatives, std::size_t next) {
                 const double f1 = 2.0 * positives / (positives + negatives + all);
                 if (!(f1 > best_f1)) return;
                 best_f1 = f1;
                 const double below = next < probability_.size() ? probability_[next] : 0.0;
                 best = (probability_[next - 1] + below) / 2.0;
               });
    return best;
  }

 private:
  std::vector<Eigen::Index> order_;
  std::vector<bool> positive_;
  std::vector<double> probability_;
};

double mean_of_known(const std::vector<TagScore>& scores, double TagScore::*number) {
  double sum = 0.0;
  double count = 0.0;
  for (const TagScore& score : scores) {
    if (std::isnan(score.*number)) continue;
    sum += score.*number;
    ++count;
  }
  return sum / count;  // 0 / 0 is NaN
}

std::vector<RankedTag> ranked(const Eigen::MatrixXd& truth, const Eigen::MatrixXd& probabilities) {
  if (truth.rows() != probabilities.rows() || truth.cols() != probabilities.cols()) {
    throw std::invalid_argument("tag_scores: truth and probabilities differ in size");
  }
  std::vector<RankedTag> tags;
  for (Eigen::Index tag = 0; tag < truth.cols(); ++tag) {
    tags.emplace_back(truth, probabilities, tag);
  }
  return tags;
}

TagScores score(const std::vector<RankedTag>& tags, const std::vector<double>& weights) {
  TagScores scores;
  scores.count = std::ssize(weights);
  for (const RankedTag& tag : tags) scores.per_tag.push_back(tag.score(weights));
  scores.macro.roc_auc = mean_of_known(scores.per_tag, &TagScore::roc_auc);
  scores.macro.pr_auc = mean_of_known(scores.per_tag, &TagScore::pr_auc);
  for (const TagScore& tag : scores.per_tag) scores.macro.positives += tag.positives;
  return scores;
}

}  // namespace

TagScores tag_scores(const Eigen::MatrixXd& truth, const Eigen::MatrixXd& probabilities) {
  return score(ranked(truth, probabilities),
               std::vector<double>(static_cast<std::size_t>(truth.rows()), 1.0));
}

TagScores tag_scores_with_intervals(const Eigen::MatrixXd& truth,
                                    const Eigen::MatrixXd& probabilities,
                                    std::span<const int> groups, std::uint64_t seed) {
  if (std::ssize(groups) != truth.rows()) {
    throw std::invalid_argument("tag_scores: " + std::to_string(truth.rows()) + " items but " +
                                std::to_string(groups.size()) + " group numbers");
  }
  const std::vector<RankedTag> tags = ranked(truth, probabilities);
  std::vector<double> weights(groups.size(), 1.0);
  TagScores scores = score(tags, weights);
  if (groups.empty()) return scores;
  std::vector<TagScore*> rows = {&scores.macro};
  for (TagScore& tag : scores.per_tag) rows.push_back(&tag);
  const auto num_groups =
      static_cast<std::size_t>(*std::max_element(groups.begin(), groups.end())) + 1;
  const std::vector<Interval> intervals =
      bootstrap_intervals(num_groups, seed, 2 * rows.size(),
                          [&](std::span<const double> times, std::span<double> values) {
                            for (std::size_t i = 0; i < groups.size(); ++i) {
                              weights[i] = times[static_cast<std::size_t>(groups[i])];
                            }
                            const TagScores drawn = score(tags, weights);
                            for (std::size_t row = 0; row < rows.size(); ++row) {
                              const TagScore& one = row == 0 ? drawn.macro : drawn.per_tag[row - 1];
                              values[2 * row] = one.roc_auc;
                              values[2 * row + 1] = one.pr_auc;
                            }
                          });
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows[row]->roc_auc_ci95 = intervals[2 * row];
    rows[row]->pr_auc_ci95 = intervals[2 * row + 1];
  }
  return scores;
}

std::vector<double> best_f1_thresholds(const Eigen::MatrixXd& truth,
                                       const Eigen::MatrixXd& probabilities) {
  std::vector<double> thresholds;
  for (const RankedTag& tag : ranked(truth, probabilities)) {
    thresholds.push_back(tag.best_threshold());
  }
  return thresholds;
}

}  // namespace mer
