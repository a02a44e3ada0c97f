#pragma once

#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// Kernels of p standardized columns: linear x·y / p, polynomial (gamma x·y / p + coef0)^degree,
/// RBF exp(-gamma |x - y|² / p). The division makes c and gamma comparable across widths.
struct SvmOptions {
  static constexpr const char* kName = "svm";
  static constexpr const char* kHelp = "support vector machine";

  enum class Kernel { kLinear, kPolynomial, kRbf } kernel = Kernel::kRbf;
  std::vector<double> c = {0.1, 0.3, 1.0, 3.0, 10.0, 30.0};
  std::vector<double> gamma = {0.03, 0.1, 0.3, 1.0};
  int degree = 3;
  double coef0 = 1.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
