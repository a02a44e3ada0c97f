#pragma once

#include <filesystem>
#include <memory>

#include "mer/data/song_store.hpp"
#include "mer/embed/embedding_extractor.hpp"

namespace mer {

/// The store of an extractor's embeddings, beside the features: a SongStore in
/// `<root>/<extractor's store key>`.
SongStore embedding_store(const std::filesystem::path& root,
                          const std::shared_ptr<const EmbeddingExtractor>& extractor);

}  // namespace mer
