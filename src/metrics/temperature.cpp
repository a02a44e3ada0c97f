#include <stdexcept>

#include "likelihood.hpp"

namespace mer {

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

}  // namespace mer
