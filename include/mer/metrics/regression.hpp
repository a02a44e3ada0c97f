#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "mer/metrics/scores.hpp"

namespace mer {

/// How well numbers are predicted. With x the prediction, y the truth, means and variances over n
/// items (divided by n):
///
///   R² = 1 − Σ (y − x)² / Σ (y − mean y)²            1 is perfect, 0 no better than the mean
///   RMSE = sqrt(Σ (y − x)² / n)
///   Pearson r = cov(x, y) / (s_x s_y)
///   concordance = 2 cov(x, y) / (s_x² + s_y² + (mean x − mean y)²)   r, less shifts and scales
///
/// What a truth or a prediction that never varies leaves undefined (0 / 0) is NaN.
/// Reference: Lin (1989), "A concordance correlation coefficient to evaluate reproducibility",
/// Biometrics 45.
struct RegressionScores {
  std::int64_t count = 0;
  double r2 = 0.0;
  double rmse = 0.0;
  double pearson = 0.0;
  double concordance = 0.0;
  Interval r2_ci95 = kUnknown, rmse_ci95 = kUnknown, pearson_ci95 = kUnknown,
           concordance_ci95 = kUnknown;

  static constexpr Interval kUnknown = {std::numeric_limits<double>::quiet_NaN(),
                                        std::numeric_limits<double>::quiet_NaN()};
};

/// @throws std::invalid_argument when there are no items or the sizes differ
RegressionScores regression_scores(std::span<const double> truth,
                                   std::span<const double> predicted);

/// With 95 % intervals that resample whole groups as in scores_with_intervals().
/// @param groups  a group number per item, from 0
RegressionScores regression_scores_with_intervals(std::span<const double> truth,
                                                  std::span<const double> predicted,
                                                  std::span<const int> groups, std::uint64_t seed);

}  // namespace mer
