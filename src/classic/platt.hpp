#pragma once

#include <cstdint>
#include <span>

namespace mer {

/// Turns a decision value f into a probability, 1 / (1 + exp(a f + b)).
struct Platt {
  double a = 0.0;
  double b = 0.0;

  /// Maximum likelihood with Platt's softened targets, by Newton's method with a line search.
  /// Reference: Lin, Lin & Weng (2007), "A note on Platt's probabilistic outputs for support vector
  /// machines", Machine Learning 68.
  /// @param values    decision values of rows that the machine was not trained on
  /// @param positive  parallel: 1 where the row is of the first class
  static Platt fit(std::span<const double> values, std::span<const std::uint8_t> positive);
  double probability(double value) const;
};

}  // namespace mer
