#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "mer/metrics/calibration.hpp"

namespace mer {
namespace {

constexpr int kBisections = 60;

double log_of(double probability) { return std::log(std::max(probability, kSmallestProbability)); }

ProbabilityRows logarithms(const ProbabilityRows& probabilities) {
  ProbabilityRows logs = probabilities;
  for (auto& row : logs) {
    for (double& value : row) value = log_of(value);
  }
  return logs;
}

/// exp(values) over their sum, in place.
void softmax(std::vector<double>& values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0.0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
}

/// Where a convex function is smallest between two bounds, by the sign of its slope; `otherwise`
/// where it is flat.
template <class Slope>
double minimize(double low, double high, double otherwise, const Slope& slope) {
  const double slope_at_low = slope(low);
  const double slope_at_high = slope(high);
  if (slope_at_low >= 0.0 && slope_at_high <= 0.0) return otherwise;
  if (slope_at_low >= 0.0) return low;
  if (slope_at_high <= 0.0) return high;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2.0;
    (slope(middle) < 0.0 ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

/// The mean over items of  Σ_c q_c d_c − d_y,  where q = softmax(scores) and d the direction in
/// which the scores move: the slope of the mean negative log-likelihood.
class NllSlope {
 public:
  explicit NllSlope(std::size_t num_items) : num_items_(static_cast<double>(num_items)) {}

  void add(std::vector<double>& scores, std::span<const double> direction, int truth) {
    softmax(scores);
    for (std::size_t c = 0; c < scores.size(); ++c) sum_ += scores[c] * direction[c];
    sum_ -= direction[static_cast<std::size_t>(truth)];
  }
  /// Sums of rounding errors are no slope.
  double value() const {
    constexpr double kFlat = 1e-13;
    const double mean = sum_ / num_items_;
    return std::abs(mean) < kFlat ? 0.0 : mean;
  }

 private:
  double num_items_;
  double sum_ = 0.0;
};

/// Moves weight between models so that the joined negative log-likelihood falls.
class WeightFit {
 public:
  WeightFit(std::span<const ProbabilityRows> models, std::span<const int> truth)
      : truth_(truth), weights_(models.size(), 1.0 / static_cast<double>(models.size())) {
    for (const ProbabilityRows& model : models) logs_.push_back(logarithms(model));
  }

  std::vector<double> run() {
    constexpr int kMaxSweeps = 200;
    constexpr double kStill = 1e-10;
    if (truth_.empty()) return weights_;
    for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
      double moved = 0.0;
      for (std::size_t a = 0; a < weights_.size(); ++a) {
        for (std::size_t b = a + 1; b < weights_.size(); ++b) moved += move_between(a, b);
      }
      if (moved < kStill) break;
    }
    return weights_;
  }

 private:
  /// Shares the two models' weight out between them; returns how much moved.
  double move_between(std::size_t a, std::size_t b) {
    const double both = weights_[a] + weights_[b];
    if (both == 0.0) return 0.0;
    const double before = weights_[a];
    const double after = minimize(0.0, both, before, [&](double weight) {
      weights_[a] = weight;
      weights_[b] = both - weight;
      return slope(a, b);
    });
    weights_[a] = after;
    weights_[b] = both - after;
    return std::abs(after - before);
  }

  double slope(std::size_t a, std::size_t b) const {
    NllSlope slope(truth_.size());
    std::vector<double> scores;
    std::vector<double> direction;
    for (std::size_t i = 0; i < truth_.size(); ++i) {
      const std::size_t num_classes = logs_[a][i].size();
      scores.assign(num_classes, 0.0);
      direction.resize(num_classes);
      for (std::size_t c = 0; c < num_classes; ++c) {
        for (std::size_t m = 0; m < weights_.size(); ++m) scores[c] += weights_[m] * logs_[m][i][c];
        direction[c] = logs_[a][i][c] - logs_[b][i][c];
      }
      slope.add(scores, direction, truth_[i]);
    }
    return slope.value();
  }

  std::span<const int> truth_;
  std::vector<double> weights_;
  std::vector<ProbabilityRows> logs_;
};

}  // namespace

std::vector<double> with_temperature(std::span<const double> probabilities, double temperature) {
  if (!(temperature > 0.0)) throw std::invalid_argument("a temperature that is not above 0");
  std::vector<double> result(probabilities.begin(), probabilities.end());
  if (temperature == 1.0 || result.empty()) return result;
  for (double& value : result) value = log_of(value) / temperature;
  softmax(result);
  return result;
}

TemperatureFit fit_temperature(const ProbabilityRows& probabilities, std::span<const int> truth) {
  const Calibration before = calibration(probabilities, truth);  // also checks
  TemperatureFit fit;
  fit.count = before.count;
  if (fit.count == 0) return fit;
  const ProbabilityRows logs = logarithms(probabilities);
  const double inverse = minimize(1.0 / TemperatureFit::kHighest, 1.0 / TemperatureFit::kLowest,
                                  1.0, [&](double factor) {
                                    NllSlope slope(logs.size());
                                    std::vector<double> scores;
                                    for (std::size_t i = 0; i < logs.size(); ++i) {
                                      scores = logs[i];
                                      for (double& score : scores) score *= factor;
                                      slope.add(scores, logs[i], truth[i]);
                                    }
                                    return slope.value();
                                  });
  fit.temperature = 1.0 / inverse;
  fit.nll_before = before.nll;
  ProbabilityRows changed;
  for (const auto& row : probabilities) changed.push_back(with_temperature(row, fit.temperature));
  fit.nll_after = calibration(changed, truth).nll;
  return fit;
}

std::vector<double> join_opinions(const ProbabilityRows& opinions,
                                  std::span<const double> weights) {
  if (opinions.empty() || opinions.size() != weights.size()) {
    throw std::invalid_argument("join_opinions: " + std::to_string(opinions.size()) +
                                " opinions with " + std::to_string(weights.size()) + " weights");
  }
  std::vector<double> joined(opinions.front().size(), 0.0);
  for (std::size_t m = 0; m < opinions.size(); ++m) {
    for (std::size_t c = 0; c < joined.size(); ++c)
      joined[c] += weights[m] * log_of(opinions[m][c]);
  }
  softmax(joined);
  return joined;
}

std::vector<double> fit_weights(std::span<const ProbabilityRows> models,
                                std::span<const int> truth) {
  if (models.empty()) throw std::invalid_argument("fit_weights: no models");
  for (const ProbabilityRows& model : models) calibration(model, truth);  // checks
  return WeightFit(models, truth).run();
}

}  // namespace mer
