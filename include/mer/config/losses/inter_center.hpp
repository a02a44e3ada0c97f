#pragma once

#include "mer/config/losses/center.hpp"

namespace mer {

/// The paper's loss: see nn/losses/inter_center.cpp. Its gradient pushes the centers apart, which
/// Wen's update does not.
struct InterCenterLossOptions : CenterLossOptions {
  static constexpr const char* kName = "inter_center";
  static constexpr const char* kHelp =
      "the paper's: near the own class' center, far from all others";

  InterCenterLossOptions() { center_update = CenterUpdate::kGradient; }

  /// What the distance to the own center is divided by, plus one: the sample's distances to the
  /// other classes' centers, as the paper's text says, or those of the batch's samples of other
  /// classes, each to its own center, as eq. 11 is printed.
  enum class Denominator { kOtherCenters, kAsPrinted } denominator = Denominator::kOtherCenters;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
