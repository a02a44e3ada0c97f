#include "mer/metrics/regression.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "mer/metrics/paired_tests.hpp"

namespace mer {
namespace {

double ratio(double part, double whole) {
  return whole == 0.0 ? std::numeric_limits<double>::quiet_NaN() : part / whole;
}

/// @param weights  how often each item counts; their sum is above 0
RegressionScores weighted_scores(std::span<const double> truth, std::span<const double> predicted,
                                 const Eigen::ArrayXd& weights) {
  const auto size = static_cast<Eigen::Index>(truth.size());
  const Eigen::Map<const Eigen::ArrayXd> y(truth.data(), size);
  const Eigen::Map<const Eigen::ArrayXd> x(predicted.data(), size);
  const double count = weights.sum();
  const auto mean = [&](const auto& values) { return (weights * values).sum() / count; };
  const double mean_x = mean(x);
  const double mean_y = mean(y);
  const double shift = mean_x - mean_y;
  const double variance_x = mean((x - mean_x).square());
  const double variance_y = mean((y - mean_y).square());
  const double covariance = mean((x - mean_x) * (y - mean_y));
  const double squared_error = mean((y - x).square());

  RegressionScores scores;
  scores.count = size;
  scores.r2 = 1.0 - ratio(squared_error, variance_y);
  scores.rmse = std::sqrt(squared_error);
  scores.pearson = ratio(covariance, std::sqrt(variance_x * variance_y));
  scores.concordance = ratio(2.0 * covariance, variance_x + variance_y + shift * shift);
  return scores;
}

}  // namespace

RegressionScores regression_scores(std::span<const double> truth,
                                   std::span<const double> predicted) {
  if (truth.empty() || truth.size() != predicted.size()) {
    throw std::invalid_argument("regression_scores: no items, or truth and prediction differ");
  }
  return weighted_scores(truth, predicted, Eigen::ArrayXd::Ones(std::ssize(truth)));
}

RegressionScores regression_scores_with_intervals(std::span<const double> truth,
                                                  std::span<const double> predicted,
                                                  std::span<const int> groups, std::uint64_t seed) {
  RegressionScores scores = regression_scores(truth, predicted);
  if (groups.size() != truth.size()) {
    throw std::invalid_argument("regression_scores: " + std::to_string(truth.size()) +
                                " items but " + std::to_string(groups.size()) + " group numbers");
  }
  const auto num_groups =
      static_cast<std::size_t>(*std::max_element(groups.begin(), groups.end())) + 1;
  Eigen::ArrayXd weights(std::ssize(truth));
  const std::array numbers = {&RegressionScores::r2, &RegressionScores::rmse,
                              &RegressionScores::pearson, &RegressionScores::concordance};
  const std::vector<Interval> intervals = bootstrap_intervals(
      num_groups, seed, numbers.size(),
      [&](std::span<const double> times, std::span<double> values) {
        for (std::size_t i = 0; i < groups.size(); ++i) {
          weights(static_cast<Eigen::Index>(i)) = times[static_cast<std::size_t>(groups[i])];
        }
        std::fill(values.begin(), values.end(), std::numeric_limits<double>::quiet_NaN());
        if (weights.sum() == 0.0) return;
        const RegressionScores drawn = weighted_scores(truth, predicted, weights);
        for (std::size_t i = 0; i < numbers.size(); ++i) values[i] = drawn.*numbers[i];
      });
  scores.r2_ci95 = intervals[0];
  scores.rmse_ci95 = intervals[1];
  scores.pearson_ci95 = intervals[2];
  scores.concordance_ci95 = intervals[3];
  return scores;
}

}  // namespace mer
