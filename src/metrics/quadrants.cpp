#include "mer/metrics/quadrants.hpp"

#include <algorithm>

namespace mer {

std::optional<Quadrants> Quadrants::of(std::span<const std::string> classes) {
  constexpr std::size_t kCount = 4;
  if (classes.size() != kCount) return std::nullopt;
  const auto place = [&](const char* name) {
    return static_cast<std::size_t>(std::find(classes.begin(), classes.end(), name) -
                                    classes.begin());
  };
  Quadrants quadrants;
  quadrants.happy_ = place("happy");
  quadrants.anger_ = place("anger");
  quadrants.relaxed_ = place("relaxed");
  const std::size_t last =
      std::max({quadrants.happy_, quadrants.anger_, quadrants.relaxed_, place("sad")});
  if (last == kCount) return std::nullopt;
  return quadrants;
}

double Quadrants::positive_valence(std::span<const double> probabilities) const {
  return probabilities[happy_] + probabilities[relaxed_];
}

double Quadrants::high_arousal(std::span<const double> probabilities) const {
  return probabilities[happy_] + probabilities[anger_];
}

bool Quadrants::has_positive_valence(int class_index) const {
  const auto index = static_cast<std::size_t>(class_index);
  return index == happy_ || index == relaxed_;
}

bool Quadrants::has_high_arousal(int class_index) const {
  const auto index = static_cast<std::size_t>(class_index);
  return index == happy_ || index == anger_;
}

}  // namespace mer
