#pragma once

#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/predict/predictor.hpp"

namespace mer {

/// All that a predictor wants of songs, from stores below config.data.store that are filled with
/// what is missing.
/// @param config  says which part of a song is read
/// @param songs   indices into manifest.songs
/// @return        parallel to songs
std::vector<SongFiles> make_song_files(const Predictor& predictor, const RunConfig& config,
                                       const Manifest& manifest,
                                       const std::vector<std::size_t>& songs, int jobs,
                                       JobListener& listener);

}  // namespace mer
