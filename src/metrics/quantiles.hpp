#pragma once

#include <vector>

#include "mer/metrics/scores.hpp"

namespace mer {

inline constexpr int kResamples = 2000;

/// The middle 95 % of some values; quantiles are linear between neighbors (Hyndman & Fan's type
/// 7).
Interval central_interval(std::vector<double> values);

}  // namespace mer
