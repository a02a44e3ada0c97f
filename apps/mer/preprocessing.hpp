#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/store/feature_store.hpp"
#include "terminal.hpp"

namespace mer::app {

/// @throws UsageError with a hint when the config names no manifest
Manifest load_manifest(const DataOptions& options);

/// Fills a store with a progress line and reports each song that failed on stderr.
/// @param what  is made, for the progress line
/// @throws Interrupted when the user asked to stop; what is finished stays
using FillSongs = std::function<SongStore::Report(const Progress&)>;
SongStore::Report fill_songs(const FillSongs& fill, const char* what, const Talk& talk);

/// The same for features.
FeatureStore::Report fill_store(const FeatureStore& store, const Manifest& manifest,
                                const std::vector<std::size_t>& songs, int jobs, const Shard& shard,
                                const Talk& talk);

/// "700 songs preprocessed, 20 were there already, 0 failed: FOLDER"
void say_filled(const Talk& talk, const char* what, const SongStore::Report& report,
                const std::filesystem::path& folder);

}  // namespace mer::app
