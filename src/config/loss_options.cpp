#include "mer/config/loss_options.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

bool LossOptions::updates_as_wen() const {
  return center_update == CenterUpdate::kWen ||
         (center_update == CenterUpdate::kAuto && name == "center");
}

NetworkShape::ClassScores LossOptions::class_scores() const {
  return name == "a_softmax" ? NetworkShape::ClassScores::kAngular
                             : NetworkShape::ClassScores::kLinear;
}

void LossOptions::visit(OptionsVisitor& v) {
  v.choice("name", name, {"softmax", "a_softmax", "center", "inter_center"}, "which loss");
  v.field("tau", tau, at_least(0), "weight of the center term");
  v.choice("center_update", center_update,
           {{"auto", CenterUpdate::kAuto},
            {"wen", CenterUpdate::kWen},
            {"gradient", CenterUpdate::kGradient}},
           "how the class centers move; auto: wen for center, gradient for inter_center");
  v.field("alpha", alpha, above_up_to(0, 1), "step of the wen update");
  v.choice("reduction", reduction, {{"mean", Reduction::kMean}, {"sum", Reduction::kSum}},
           "mean or sum over the batch");
  v.field("label_smoothing", label_smoothing, between(0, 0.9), "on the softmax term");
  v.field("margin", margin, between(1, 4), "m of a_softmax; 1 is none");
  v.field("lambda_start", lambda_start, at_least(0),
          "weight of the score without margin, a_softmax");
  v.field("lambda_gamma", lambda_gamma, at_least(0), "how soon that weight falls");
  v.field("lambda_power", lambda_power, at_least(0), "how steeply it falls");
  v.field("lambda_end", lambda_end, at_least(0), "where it ends");
}

void LossOptions::validate() const {
  if (lambda_end <= lambda_start) return;
  throw UsageError("'lambda_end' is " + format_number(lambda_end) +
                   ", allowed: at most 'lambda_start', " + format_number(lambda_start));
}

}  // namespace mer
