#pragma once

#include <string>

#include "mer/core/options.hpp"

namespace mer {

/// Which loss, and its constants. Free of LibTorch.
struct LossOptions {
  std::string name = "inter_center";
  double tau = 0.1;  ///< weight of the center term
  /// How centers move: `wen` = towards the class means of each batch by alpha (Wen et al. 2016,
  /// eq. 4), outside the gradient; `gradient` = parameters of the optimiser.
  enum class CenterUpdate { kWen, kGradient } center_update = CenterUpdate::kGradient;
  double alpha = 0.5;
  enum class Reduction { kMean, kSum } reduction = Reduction::kMean;
  double label_smoothing = 0.0;  ///< on the softmax term only

  void visit(OptionsVisitor& v) {
    v.choice("name", name, {"softmax", "inter_center"}, "which loss");
    v.field("tau", tau, at_least(0), "weight of the center term");
    v.choice("center_update", center_update,
             {{"wen", CenterUpdate::kWen}, {"gradient", CenterUpdate::kGradient}},
             "how the class centers move");
    v.field("alpha", alpha, above_up_to(0, 1), "step of the wen update");
    v.choice("reduction", reduction, {{"mean", Reduction::kMean}, {"sum", Reduction::kSum}},
             "mean or sum over the batch");
    v.field("label_smoothing", label_smoothing, between(0, 0.9), "on the softmax term");
  }
};

}  // namespace mer
