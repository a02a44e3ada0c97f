#include "mer/metrics/curve_scores.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "mer/metrics/paired_tests.hpp"
#include "mer/metrics/regression.hpp"

namespace mer {
namespace {

/// Concordance, RMSE, and both with tolerance.
using SongNumbers = std::array<double, 4>;

SongNumbers numbers_of(const CurvePair& curve) {
  if (curve.truth.size() != curve.time_s.size() || curve.predicted.size() != curve.time_s.size()) {
    throw std::invalid_argument("curve_scores: a curve's lists differ in length");
  }
  const RegressionScores strict = regression_scores(curve.truth, curve.predicted);
  const RegressionScores tolerant =
      regression_scores(tolerant_truth(curve, kCurveToleranceS), curve.predicted);
  return {strict.concordance, strict.rmse, tolerant.concordance, tolerant.rmse};
}

/// Means over songs that count `weights` times, of those that have the number.
SongNumbers weighted_means(const std::vector<SongNumbers>& songs,
                           const std::vector<double>& weights) {
  SongNumbers sums{};
  SongNumbers counts{};
  for (std::size_t song = 0; song < songs.size(); ++song) {
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (std::isnan(songs[song][i])) continue;
      sums[i] += weights[song] * songs[song][i];
      counts[i] += weights[song];
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= counts[i];  // 0 / 0 is NaN
  return sums;
}

}  // namespace

CurveScores curve_scores(std::span<const CurvePair> curves, std::uint64_t seed) {
  CurveScores scores;
  std::vector<SongNumbers> songs;
  double rater_errors = 0.0;
  double rated_songs = 0.0;
  int last_group = -1;
  for (const CurvePair& curve : curves) {
    if (curve.time_s.empty()) continue;
    songs.push_back(numbers_of(curve));
    scores.points += std::ssize(curve.time_s);
    last_group = std::max(last_group, curve.group);
    if (curve.truth_sd.empty()) continue;
    double variances = 0.0;
    for (const double deviation : curve.truth_sd) variances += deviation * deviation;
    rater_errors += std::sqrt(variances / static_cast<double>(curve.truth_sd.size()));
    ++rated_songs;
  }
  scores.songs = std::ssize(songs);
  if (songs.empty()) return scores;
  std::vector<double> weights(songs.size(), 1.0);
  const SongNumbers means = weighted_means(songs, weights);
  const std::vector<Interval> intervals =
      bootstrap_intervals(static_cast<std::size_t>(last_group) + 1, seed, means.size(),
                          [&](std::span<const double> times, std::span<double> values) {
                            std::size_t song = 0;
                            for (const CurvePair& curve : curves) {
                              if (!curve.time_s.empty())
                                weights[song++] = times[static_cast<std::size_t>(curve.group)];
                            }
                            std::ranges::copy(weighted_means(songs, weights), values.begin());
                          });
  scores.rater_rmse = rater_errors / rated_songs;  // 0 / 0 is NaN
  scores.concordance = means[0];
  scores.rmse = means[1];
  scores.tolerant_concordance = means[2];
  scores.tolerant_rmse = means[3];
  scores.concordance_ci95 = intervals[0];
  scores.rmse_ci95 = intervals[1];
  scores.tolerant_concordance_ci95 = intervals[2];
  scores.tolerant_rmse_ci95 = intervals[3];
  return scores;
}

std::vector<double> tolerant_truth(const CurvePair& curve, double tolerance_s) {
  std::vector<double> nearest;
  std::size_t first = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < curve.time_s.size(); ++i) {
    while (curve.time_s[first] < curve.time_s[i] - tolerance_s) ++first;
    while (end < curve.time_s.size() && curve.time_s[end] <= curve.time_s[i] + tolerance_s) ++end;
    const auto [low, high] =
        std::minmax_element(curve.truth.begin() + static_cast<std::ptrdiff_t>(first),
                            curve.truth.begin() + static_cast<std::ptrdiff_t>(end));
    nearest.push_back(std::clamp(curve.predicted[i], *low, *high));
  }
  return nearest;
}

std::vector<double> interpolate(std::span<const double> time_s, std::span<const double> values,
                                std::span<const double> at_s) {
  if (time_s.empty() || time_s.size() != values.size()) {
    throw std::invalid_argument("interpolate: no values, or not one a time");
  }
  std::vector<double> result;
  for (const double at : at_s) {
    const auto next = std::ranges::upper_bound(time_s, at);
    if (next == time_s.begin()) {
      result.push_back(values.front());
    } else if (next == time_s.end()) {
      result.push_back(values.back());
    } else {
      const auto i = static_cast<std::size_t>(next - time_s.begin());
      const double share = (at - time_s[i - 1]) / (time_s[i] - time_s[i - 1]);
      result.push_back(std::lerp(values[i - 1], values[i], share));
    }
  }
  return result;
}

}  // namespace mer
