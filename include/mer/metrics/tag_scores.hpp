#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "mer/metrics/scores.hpp"

namespace mer {

/// How well one label of several is told, whatever the threshold. Over items with weights w, truth
/// 0 or 1 and a probability each:
///
///   ROC-AUC = P(p⁺ > p⁻) + P(p⁺ = p⁻) / 2   of a positive and a negative item
///   PR-AUC  = Σ_k (R_k − R_{k−1}) · P_k      over thresholds downwards: average precision, without
///                                            interpolation; equal probabilities are one threshold
///
/// NaN without a positive or without a negative item.
/// Source: both as in scikit-learn (roc_auc_score, average_precision_score), which the field's
/// comparisons use (MTG-Jamendo; MARBLE, arXiv 2306.10548).
struct TagScore {
  double roc_auc = std::numeric_limits<double>::quiet_NaN();
  double pr_auc = std::numeric_limits<double>::quiet_NaN();
  Interval roc_auc_ci95 = {std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::quiet_NaN()};
  Interval pr_auc_ci95 = roc_auc_ci95;
  std::int64_t positives = 0;
};

struct TagScores {
  std::int64_t count = 0;         ///< items
  TagScore macro;                 ///< means over the tags that have both; positives of all
  std::vector<TagScore> per_tag;  ///< parallel to the columns
};

/// @param truth          [items × tags], 0 or 1
/// @param probabilities  [items × tags]
/// @throws std::invalid_argument when the sizes differ
TagScores tag_scores(const Eigen::MatrixXd& truth, const Eigen::MatrixXd& probabilities);

/// With 95 % intervals that resample whole groups as in scores_with_intervals().
/// @param groups  a group number per item, from 0
TagScores tag_scores_with_intervals(const Eigen::MatrixXd& truth,
                                    const Eigen::MatrixXd& probabilities,
                                    std::span<const int> groups, std::uint64_t seed);

/// For each tag the probability from which on saying it has the best F1; the middle between two
/// items' probabilities. 0.5 for a tag without a positive item.
std::vector<double> best_f1_thresholds(const Eigen::MatrixXd& truth,
                                       const Eigen::MatrixXd& probabilities);

}  // namespace mer
