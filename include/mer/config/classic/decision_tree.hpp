#pragma once

#include <vector>

#include "mer/core/options.hpp"

namespace mer {

struct DecisionTreeOptions {
  static constexpr const char* kName = "decision_tree";
  static constexpr const char* kHelp = "decision tree";

  std::vector<double> max_depth = {2, 3, 4, 6, 8};
  int min_rows = 10;

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
