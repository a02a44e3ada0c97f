#include "mer/config/classic/svm.hpp"

#include "classic/candidates.hpp"

namespace mer {

void SvmOptions::visit(OptionsVisitor& v) {
  v.choice(
      "kernel", kernel,
      {{"linear", Kernel::kLinear}, {"polynomial", Kernel::kPolynomial}, {"rbf", Kernel::kRbf}},
      "kernel function");
  v.field("c", c, above(0), "cost of an error (C); of several values inner folds choose one");
  v.field("gamma", gamma, above(0),
          "kernel coefficient, divided by the number of columns; of several values inner folds "
          "choose one");
  v.field("degree", degree, between(1, 10), "parameter of the polynomial kernel");
  v.field("coef0", coef0, at_least(0), "parameter of the polynomial kernel");
}

void SvmOptions::validate() const {
  require_candidates("c", c);
  require_candidates("gamma", gamma);
}

}  // namespace mer
