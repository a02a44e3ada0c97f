#include "import/quadrant_labels.hpp"

#include <cmath>

namespace mer::importing {

std::optional<std::string> label_of_quadrant(const std::string& name) {
  if (name == "Q1") return "happy";
  if (name == "Q2") return "anger";
  if (name == "Q3") return "sad";
  if (name == "Q4") return "relaxed";
  return std::nullopt;
}

std::string label_of_ratings(double valence, double arousal) {
  if (arousal > 0) return valence > 0 ? "happy" : "anger";
  return valence > 0 ? "relaxed" : "sad";
}

double rounded(double value) {
  constexpr double kSteps = 1e9;
  return std::round(value * kSteps) / kSteps;
}

}  // namespace mer::importing
