#pragma once

#include <cstdint>
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

/// A line each of the table that `mer eval` prints.
std::string probability_table(const ProbabilityScores& scores);

}  // namespace mer
