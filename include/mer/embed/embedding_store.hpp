#pragma once

#include <filesystem>
#include <memory>

#include "mer/embed/embedding_extractor.hpp"
#include "mer/store/song_store.hpp"

namespace mer {

/// The store of an extractor's embeddings, beside the features: a SongStore in
/// `<root>/<extractor's store key>`.
SongStore embedding_store(const std::filesystem::path& root,
                          const std::shared_ptr<const EmbeddingExtractor>& extractor);

}  // namespace mer
