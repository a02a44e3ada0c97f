#include "mer/config/classic/va_regression.hpp"

#include "classic/candidates.hpp"
#include "mer/core/error.hpp"

namespace mer {

void VaRegressionOptions::visit(OptionsVisitor& v) {
  v.field("alpha", alpha, at_least(0), "ridge penalty; of several values inner folds choose one");
  v.field("classes", classes,
          "classes with a place in the valence-arousal plane, in the order of the next two lists");
  v.field("valence", valence, between(-1, 1), "coordinate of each of these classes");
  v.field("arousal", arousal, between(-1, 1), "coordinate of each of these classes");
}

void VaRegressionOptions::validate() const {
  require_candidates("alpha", alpha);
  if (classes.size() == valence.size() && classes.size() == arousal.size()) return;
  throw UsageError("va_regression: there are " + std::to_string(classes.size()) + " classes, " +
                       std::to_string(valence.size()) + " values of valence and " +
                       std::to_string(arousal.size()) + " of arousal",
                   "the three lists go side by side");
}

}  // namespace mer
