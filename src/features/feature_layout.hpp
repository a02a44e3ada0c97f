#pragma once

#include "mer/features/feature_options.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// The columns that FeatureExtractor fills, in its order.
FeatureLayout make_feature_layout(const FeatureOptions& options, int sample_rate_hz);

}  // namespace mer
