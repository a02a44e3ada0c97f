#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/predict/evaluation.hpp"

namespace mer {

/// What probability scores are computed from: parallel lists, one entry an item.
struct ProbabilityItems {
  std::span<const int> truth;
  std::span<const int> groups;
  const ProbabilityRows& probabilities;
};

ProbabilityScores score_probabilities(const ProbabilityItems& songs,
                                      const ProbabilityItems& segments,
                                      const std::vector<std::string>& classes, std::uint64_t seed);

/// `calibration`, `coverage` and, of the four classes, `valence_arousal`; `ece` and `brier` in
/// `songs` and `segments`, which are there already.
void add_probability_scores(const ProbabilityScores& scores, nlohmann::ordered_json& json);

/// A line each of the table that `mer eval` prints.
std::string probability_table(const ProbabilityScores& scores);

/// `from,to,count,mean_confidence,accuracy`, a row a bin.
std::string reliability_csv(const ProbabilityScores& scores);
/// `coverage,count,min_confidence,accuracy`, a row for each confidence that occurs.
std::string coverage_csv(const ProbabilityScores& scores);

}  // namespace mer
