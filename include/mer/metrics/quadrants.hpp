#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mer {

/// The two axes behind four classes of emotion, Russell's plane: valence is positive for happy and
/// relaxed, arousal high for happy and anger.
class Quadrants {
 public:
  /// None unless these are the four classes and no others, in any order.
  static std::optional<Quadrants> of(std::span<const std::string> classes);

  /// @param probabilities  parallel to the classes
  double positive_valence(std::span<const double> probabilities) const;
  double high_arousal(std::span<const double> probabilities) const;
  /// The two as coordinates in −1…1: 2p − 1.
  double valence(std::span<const double> probabilities) const {
    return 2.0 * positive_valence(probabilities) - 1.0;
  }
  double arousal(std::span<const double> probabilities) const {
    return 2.0 * high_arousal(probabilities) - 1.0;
  }

  bool has_positive_valence(int class_index) const;
  bool has_high_arousal(int class_index) const;

 private:
  Quadrants() = default;

  std::size_t happy_ = 0, anger_ = 0, relaxed_ = 0;
};

}  // namespace mer
