#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "mer/metrics/calibration.hpp"

namespace mer {

/// How several systems answer together: the normalized weighted geometric mean of their
/// probabilities,  Π_m p_m,c^(w_m) / Σ_k Π_m p_m,k^(w_m)  (the weighted mean of log-probabilities),
/// at a temperature.
struct Ensemble {
  std::vector<double> weights;  ///< of the members, at least 0, sum 1
  double temperature = 1.0;

  static Ensemble of_equals(std::size_t num_members);

  /// @param members  their probabilities of one item, parallel to the weights
  std::vector<double> answer(const ProbabilityRows& members) const;
};

/// The weights (at least 0, sum 1) of the models whose ensemble has the smallest mean negative
/// log-likelihood. Convex: weight moves between two models at a time, by bisection on the slope,
/// until no pair gains. One model has weight 1; without items, and where all models say the same,
/// the weights are equal.
/// @param models  each model's probabilities of the same items
/// @throws std::invalid_argument as calibration(), and without models
std::vector<double> fit_weights(std::span<const ProbabilityRows> models,
                                std::span<const int> truth);

/// Songs' probabilities beside their truth, to fit on.
struct LabelledProbabilities {
  std::vector<std::string> ids;
  std::vector<int> truth;
  ProbabilityRows probabilities;

  void append(const LabelledProbabilities& others);
  /// with_temperature() of every song; 1/T undoes what T did.
  void apply_temperature(double temperature);
};

struct EnsembleFit {
  static constexpr std::size_t kFewestSongs = 20;  ///< as after training

  std::vector<double> weights;
  TemperatureFit temperature;  ///< of what the models say together
};

/// fit_weights() and then fit_temperature(), on songs that no model was trained on.
/// @param models  predictions of the same songs, in any order
/// @throws UsageError with too few songs, or when the models' songs are not the same
EnsembleFit fit_ensemble(const std::vector<LabelledProbabilities>& models);

}  // namespace mer
