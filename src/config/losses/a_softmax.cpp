#include "mer/config/losses/a_softmax.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void ASoftmaxLossOptions::visit(OptionsVisitor& v) {
  SoftmaxLossOptions::visit(v);
  v.field("margin", margin, between(1, 4), "m; 1 is none");
  v.field("lambda_start", lambda_start, at_least(0), "weight of the score without margin");
  v.field("lambda_gamma", lambda_gamma, at_least(0), "how early that weight falls");
  v.field("lambda_power", lambda_power, at_least(0), "how steeply it falls");
  v.field("lambda_end", lambda_end, at_least(0), "the weight that it ends with");
}

void ASoftmaxLossOptions::validate() const {
  if (lambda_end <= lambda_start) return;
  throw UsageError("'lambda_end' is " + format_number(lambda_end) +
                   ", allowed: at most 'lambda_start', " + format_number(lambda_start));
}

}  // namespace mer
