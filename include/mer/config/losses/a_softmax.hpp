#pragma once

#include "mer/config/losses/softmax.hpp"

namespace mer {

/// Angular softmax: see nn/losses/a_softmax.cpp. The plain class score fades out behind the margin:
/// lambda = max(lambda_end, lambda_start · (1 + lambda_gamma · iteration)^-lambda_power)
struct ASoftmaxLossOptions : SoftmaxLossOptions {
  static constexpr const char* kName = "a_softmax";
  static constexpr const char* kHelp = "angular softmax with a margin";
  static constexpr auto kClassScores = NetworkShape::ClassScores::kAngular;

  int margin = 4;
  double lambda_start = 1000.0;
  double lambda_gamma = 0.12;
  double lambda_power = 1.0;
  double lambda_end = 5.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
