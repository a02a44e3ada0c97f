#pragma once

#include <vector>

#include "mer/core/options.hpp"

namespace mer {

struct KnnOptions {
  static constexpr const char* kName = "knn";
  static constexpr const char* kHelp = "nearest neighbors";

  std::vector<double> neighbors = {1, 3, 5, 9, 15, 25};

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
