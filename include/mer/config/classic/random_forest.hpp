#pragma once

#include "mer/core/options.hpp"

namespace mer {

struct RandomForestOptions {
  static constexpr const char* kName = "random_forest";
  static constexpr const char* kHelp = "random forest";

  int trees = 500;
  int max_depth = 25;
  int min_rows = 2;
  int columns = 0;  ///< drawn at each division; 0 = the root of their number

  void visit(OptionsVisitor& v);
};

}  // namespace mer
