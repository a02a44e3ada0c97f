#pragma once

#include <filesystem>
#include <vector>

#include "../preprocessing.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/store/song_store.hpp"

namespace mer::app {

/// The embeddings of a run's songs, parallel to all of them; without files where the config wants
/// none.
SongStore::Report embeddings_of_run(const RunConfig& config, const Manifest& manifest,
                                    const FeatureStore::Report& features, const Talk& talk);

/// All that a predictor wants of songs, from stores below config.data.store that are filled with
/// what is missing.
/// @param config  says which part of a song is read
/// @param songs   indices into manifest.songs
/// @return        parallel to songs
std::vector<SongFiles> files_for(const Predictor& predictor, const RunConfig& config,
                                 const Manifest& manifest, const std::vector<std::size_t>& songs,
                                 int jobs, const Talk& talk);

}  // namespace mer::app
