#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "mer/metrics/scores.hpp"

namespace mer {

/// One axis of a song over time, at the times of its truth.
struct CurvePair {
  std::vector<double> time_s;
  std::vector<double> truth;
  std::vector<double> predicted;
  std::vector<double> truth_sd =
      {};         ///< over the raters whose mean the truth is; empty = not known
  int group = 0;  ///< from 0
};

/// How well curves are followed: concordance (RegressionScores) and RMSE of each song, and their
/// means over songs. A song on which the truth and the prediction don't vary has no concordance.
///
/// With a tolerance, a prediction is right when it lies among the values that the truth has within
/// ± that many seconds, and else compared with the nearest of them: people answer a change late.
struct CurveScores {
  std::int64_t songs = 0;
  std::int64_t points = 0;
  double concordance = kUnknown, rmse = kUnknown;
  double tolerant_concordance = kUnknown, tolerant_rmse = kUnknown;
  Interval concordance_ci95 = kNone, rmse_ci95 = kNone;  ///< resampling groups
  Interval tolerant_concordance_ci95 = kNone, tolerant_rmse_ci95 = kNone;
  /// What agreement between people allows: the RMSE of one rater, drawn at random for each point,
  /// against the mean of all, i.e. the root of the mean of their variances; mean over the songs
  /// whose raters' deviations are known.
  double rater_rmse = kUnknown;

  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  static constexpr Interval kNone = {kUnknown, kUnknown};
};

/// Seconds by which a truth may be early or late.
inline constexpr double kCurveToleranceS = 2.0;

/// @throws std::invalid_argument when a curve's lists differ in length
CurveScores curve_scores(std::span<const CurvePair> curves, std::uint64_t seed);

/// For each point the value nearest to the prediction that the truth has within ± tolerance_s.
std::vector<double> tolerant_truth(const CurvePair& curve, double tolerance_s);

/// Values at other times: linear between neighbors, the first and last value beyond them.
/// @param time_s  ascending, not empty
std::vector<double> interpolate(std::span<const double> time_s, std::span<const double> values,
                                std::span<const double> at_s);

}  // namespace mer
