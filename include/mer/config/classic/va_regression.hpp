#pragma once

#include <string>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// Ridge regression to valence and arousal, then the class whose point is nearest.
struct VaRegressionOptions {
  static constexpr const char* kName = "va_regression";
  static constexpr const char* kHelp = "ridge regression to valence and arousal";

  std::vector<double> alpha = {10.0, 100.0, 1000.0, 10000.0};
  /// Where the classes lie: three lists side by side.
  std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
  std::vector<double> valence = {0.5, -0.5, -0.5, 0.5};
  std::vector<double> arousal = {0.5, 0.5, -0.5, -0.5};

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
