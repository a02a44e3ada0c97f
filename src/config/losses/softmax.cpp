#include "mer/config/losses/softmax.hpp"

namespace mer {

void SoftmaxLossOptions::visit(OptionsVisitor& v) {
  v.choice("reduction", reduction, {{"mean", Reduction::kMean}, {"sum", Reduction::kSum}},
           "how the rows of a batch are combined");
  v.field("label_smoothing", label_smoothing, between(0, 0.9),
          "label smoothing of the softmax term");
}

}  // namespace mer
