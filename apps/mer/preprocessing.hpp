#pragma once

#include <vector>

#include "mer/data/feature_store.hpp"
#include "mer/train/run_config.hpp"
#include "terminal.hpp"

namespace mer::app {

/// @throws UsageError with a hint when the config names no manifest
Manifest load_manifest(const DataOptions& options);

/// Fills the store with a progress line and reports each song that failed on stderr.
/// @throws Interrupted when the user asked to stop; what is finished stays
FeatureStore::Report fill_store(const FeatureStore& store, const Manifest& manifest,
                                const std::vector<std::size_t>& songs, int jobs, const Shard& shard,
                                const Talk& talk);

}  // namespace mer::app
