#include "mer/config/classic/svm.hpp"

#include "classic/candidates.hpp"

namespace mer {

void SvmOptions::visit(OptionsVisitor& v) {
  v.choice(
      "kernel", kernel,
      {{"linear", Kernel::kLinear}, {"polynomial", Kernel::kPolynomial}, {"rbf", Kernel::kRbf}},
      "how alike two songs are");
  v.field("c", c, above(0), "price of an error; several: chosen by inner folds");
  v.field("gamma", gamma, above(0),
          "scale of polynomial and rbf over the number of columns; several: chosen");
  v.field("degree", degree, between(1, 10), "of the polynomial kernel");
  v.field("coef0", coef0, at_least(0), "of the polynomial kernel");
}

void SvmOptions::validate() const {
  require_candidates("c", c);
  require_candidates("gamma", gamma);
}

}  // namespace mer
