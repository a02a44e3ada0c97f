#include "mer/config/losses/softmax.hpp"

namespace mer {

void SoftmaxLossOptions::visit(OptionsVisitor& v) {
  v.choice("reduction", reduction, {{"mean", Reduction::kMean}, {"sum", Reduction::kSum}},
           "mean or sum over the batch");
  v.field("label_smoothing", label_smoothing, between(0, 0.9), "on the softmax term");
}

}  // namespace mer
