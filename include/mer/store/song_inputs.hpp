#pragma once

#include "mer/store/song_embeddings.hpp"
#include "mer/store/song_features.hpp"

namespace mer {

/// All that systems are shown of a song. A view: what it refers to must outlive it.
struct SongInputs {
  const SongFeatures& features;
  const SongEmbeddings* embeddings = nullptr;  ///< null where no system wants them
};

}  // namespace mer
