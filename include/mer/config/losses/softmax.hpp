#pragma once

#include "mer/config/network_shape.hpp"
#include "mer/core/options.hpp"

namespace mer {

/// Softmax cross-entropy with label smoothing: see nn/losses/softmax.cpp. The other losses have its
/// options, too.
struct SoftmaxLossOptions {
  static constexpr const char* kName = "softmax";
  static constexpr const char* kHelp = "cross-entropy";
  /// What the loss wants of the network's last layer.
  static constexpr auto kClassScores = NetworkShape::ClassScores::kLinear;

  enum class Reduction { kMean, kSum } reduction = Reduction::kMean;
  double label_smoothing = 0.0;  ///< on the softmax term only

  void visit(OptionsVisitor& v);
};

}  // namespace mer
