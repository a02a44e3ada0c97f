#pragma once

#include <filesystem>
#include <memory>

#include "mer/config/run_config.hpp"
#include "mer/core/progress.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/store/song_store.hpp"

namespace mer {

/// The store of an extractor's embeddings, beside the features: a SongStore in
/// `<root>/<extractor's store key>`.
SongStore embedding_store(const std::filesystem::path& root,
                          const std::shared_ptr<const EmbeddingExtractor>& extractor);

/// Makes the embeddings of those songs that features could be made of.
/// @param made  the songs' feature files, parallel to songs
/// @return      with files parallel to songs
SongStore::Report fill_embeddings(const EmbeddingExtractor& extractor,
                                  const std::filesystem::path& root, const Manifest& manifest,
                                  const std::vector<std::size_t>& songs,
                                  const std::vector<std::string>& made, int jobs,
                                  JobListener& listener);

/// Those of all songs of a run; without files where its system sees none.
SongStore::Report fill_embeddings_of_run(const RunConfig& config, const Manifest& manifest,
                                         const SongStore::Report& features,
                                         const WeightFiles& weights, JobListener& listener);

}  // namespace mer
