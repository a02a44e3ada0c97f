#pragma once

#include "mer/config/losses/softmax.hpp"

namespace mer {

/// Center loss: see nn/losses/center.cpp.
struct CenterLossOptions : SoftmaxLossOptions {
  static constexpr const char* kName = "center";
  static constexpr const char* kHelp = "softmax, and near the own class' center";

  double tau = 0.1;  ///< weight of the center term
  /// How centers move: `wen` = towards the class means of each batch by alpha (Wen et al. 2016,
  /// eq. 4), outside the gradient; `gradient` = parameters of the optimizer.
  enum class CenterUpdate { kWen, kGradient } center_update = CenterUpdate::kWen;
  double alpha = 0.5;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
