#pragma once

#include "mer/config/kinds.hpp"
#include "mer/config/network_shape.hpp"

namespace mer {

/// What a config knows of a loss besides its options.
struct LossFacts {
  static constexpr const char* kKey = "loss.name";

  NetworkShape::ClassScores class_scores = NetworkShape::ClassScores::kLinear;

  template <class Options>
  static LossFacts of() {
    return {Options::kClassScores};
  }
};

/// All that `loss.name` can say.
using LossKinds = KindTable<LossFacts>;
LossKinds builtin_loss_kinds();

/// Which loss, and its constants. Free of LibTorch.
struct LossOptions : Chosen<LossFacts> {
  LossOptions(LossKinds kinds = builtin_loss_kinds())  // NOLINT: a table is all that it needs
      : Chosen("inter_center", std::move(kinds)) {}

  NetworkShape::ClassScores class_scores() const { return kind().facts.class_scores; }

  void visit(OptionsVisitor& v);
  void validate() const { validate_options(); }
};

}  // namespace mer
