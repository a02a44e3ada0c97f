#pragma once

#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// One hidden layer, ReLU, softmax cross-entropy, AdamW.
struct MlpOptions {
  static constexpr const char* kName = "mlp";
  static constexpr const char* kHelp = "one hidden layer";

  int hidden_units = 32;
  int epochs = 40;
  int batch_size = 32;
  double lr = 1e-3;
  double dropout = 0.5;  ///< of hidden units
  std::vector<double> weight_decay = {0.1, 1.0, 3.0, 10.0};

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
