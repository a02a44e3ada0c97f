#pragma once

#include "arguments.hpp"
#include "mer/store/song_store.hpp"

namespace mer::app {

struct PreprocessArgs {
  ConfigArgs config;
  int jobs = 0;
  std::string shard = "1/1";
};

/// With embed.networks.
[[gnu::weak]] int run_embed(const PreprocessArgs& args, const RunConfig& config);

/// Fills the feature store and says how many songs that were.
/// @return whether all could be read
bool preprocess_features(const PreprocessArgs& args, const RunConfig& config,
                         const Manifest& manifest);

/// "700 songs preprocessed, 20 were there already, 0 failed: FOLDER"
void log_filled(const char* what, const SongStore::Report& report,
                const std::filesystem::path& folder);

}  // namespace mer::app
