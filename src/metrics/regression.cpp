#include "mer/metrics/regression.hpp"

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace mer {
namespace {

double ratio(double part, double whole) {
  return whole == 0.0 ? std::numeric_limits<double>::quiet_NaN() : part / whole;
}

}  // namespace

RegressionScores regression_scores(std::span<const double> truth,
                                   std::span<const double> predicted) {
  if (truth.empty() || truth.size() != predicted.size()) {
    throw std::invalid_argument("regression_scores: no items, or truth and prediction differ");
  }
  const auto size = static_cast<Eigen::Index>(truth.size());
  const Eigen::Map<const Eigen::ArrayXd> y(truth.data(), size);
  const Eigen::Map<const Eigen::ArrayXd> x(predicted.data(), size);
  const double shift = x.mean() - y.mean();
  const double variance_x = (x - x.mean()).square().mean();
  const double variance_y = (y - y.mean()).square().mean();
  const double covariance = ((x - x.mean()) * (y - y.mean())).mean();
  const double squared_error = (y - x).square().mean();

  RegressionScores scores;
  scores.count = size;
  scores.r2 = 1.0 - ratio(squared_error, variance_y);
  scores.rmse = std::sqrt(squared_error);
  scores.pearson = ratio(covariance, std::sqrt(variance_x * variance_y));
  scores.concordance = ratio(2.0 * covariance, variance_x + variance_y + shift * shift);
  return scores;
}

}  // namespace mer
