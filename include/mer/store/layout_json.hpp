#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "mer/features/feature_set.hpp"

namespace mer {

/// A layout as model files keep it: `sample_rate_hz`, `window_samples`, `hop_samples`,
/// `spectrogram`, `spectrogram_columns`, `lld_columns` [names], `lld_groups` [{name, first_column,
/// num_columns}].
nlohmann::ordered_json layout_to_json(const FeatureLayout& layout);

/// Reads it back.
/// @param name  stands in messages in the place of a file's name
/// @throws UsageError when it is incomplete or contradicts itself
FeatureLayout layout_from_json(const nlohmann::ordered_json& json, const std::string& name);

}  // namespace mer
