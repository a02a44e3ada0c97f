#pragma once

#include "mer/core/options.hpp"

namespace mer {

/// Sizes of one segment's input, as the data room makes it. Free of LibTorch.
struct NetworkShape {
  int spectrogram_bands = 0;
  int spectrogram_steps = 0;
  int lld_columns = 0;
  int lld_steps = 0;
  int lld_branches = 1;     ///< 2: class probabilities of two LLD branches are weighted
  double lld_weight = 0.5;  ///< of the first branch when there are two
  int num_classes = 0;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
