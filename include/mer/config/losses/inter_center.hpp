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
};

}  // namespace mer
