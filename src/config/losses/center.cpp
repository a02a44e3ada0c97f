#include "mer/config/losses/center.hpp"

namespace mer {

void CenterLossOptions::visit(OptionsVisitor& v) {
  v.field("tau", tau, at_least(0), "weight of the center term");
  v.choice("center_update", center_update,
           {{"wen", CenterUpdate::kWen}, {"gradient", CenterUpdate::kGradient}},
           "how the class centers move");
  v.field("alpha", alpha, above_up_to(0, 1), "step size of the wen update");
  SoftmaxLossOptions::visit(v);
}

}  // namespace mer
