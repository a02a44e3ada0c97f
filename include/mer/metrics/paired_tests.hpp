#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "mer/metrics/scores.hpp"

namespace mer {

/// Exact McNemar test of two systems on the same items, two-sided: of the n items that only one of
/// them gets right, each is as likely the one's as the other's.
///
///   p = min(1, 2 · P(X ≤ min(first, second))),   X ~ Binomial(n, 1/2)
///
/// Not the mid-p variant: it may say no too often, never yes. 1 when no item differs.
/// Reference: McNemar (1947); the exact form as in Fagerland, Lydersen & Laake (2013).
/// @param only_first, only_second  items that only the first, only the second gets right
double mcnemar_p(std::int64_t only_first, std::int64_t only_second);

/// A statistic under resampling of whole groups.
struct Bootstrap {
  Interval ci95 = {0.0, 0.0};  ///< percentiles
  double p = 1.0;              ///< two-sided, that the statistic is 0
};

/// Draws as many groups as there are, with replacement, 2000 times. When `statistic` is a
/// difference of two systems, both see the same draws: the comparison is paired.
///
///   p = min(1, 2 · (1 + min(#{≤ 0}, #{≥ 0})) / (1 + resamples))
///
/// so that p is at least 0.001. A draw whose statistic is NaN does not count.
/// @param statistic  given how often each group was drawn
Bootstrap bootstrap_over_groups(std::size_t num_groups, std::uint64_t seed,
                                const std::function<double(std::span<const double>)>& statistic);

/// 95 % intervals of several statistics of the same draws. One that is NaN in a draw doesn't count
/// there; NaN when it is in all.
/// @param statistics  given how often each group was drawn, fills in `count` values
std::vector<Interval> bootstrap_intervals(
    std::size_t num_groups, std::uint64_t seed, std::size_t count,
    const std::function<void(std::span<const double>, std::span<double>)>& statistics);

/// Holm's step-down correction: p-values that can be compared with 0.05 whatever their number.
/// NaN stands for a test that was not made: it stays and does not count.
std::vector<double> holm(std::span<const double> p);

/// Probability that |T| of Student's distribution exceeds |t|.
/// @throws std::invalid_argument for less than one degree of freedom
double student_t_p(double t, int degrees_of_freedom);
/// The t that |T| exceeds with probability `p`, above 0 and below 1.
double student_t_quantile(double p, int degrees_of_freedom);

struct ResampledT {
  double mean = 0.0;
  double t = 0.0;
  int degrees_of_freedom = 0;
  double p = 1.0;  ///< two-sided
};

/// Nadeau & Bengio's corrected resampled t-test of differences over folds or repeated splits, whose
/// training sets overlap:
///
///   t = mean / sqrt((1/J + test/train) · s²),   s² with J − 1,   J − 1 degrees of freedom
///
/// Differences that are all the same have p = 1 when they are 0, else p = 0.
/// Reference: Nadeau & Bengio (2003), "Inference for the generalization error".
/// @param test_to_train  size of a test set over the size of its training set
/// @throws std::invalid_argument for fewer than two differences
ResampledT corrected_resampled_t(std::span<const double> differences, double test_to_train);

}  // namespace mer
