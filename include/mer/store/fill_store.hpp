#pragma once

#include <string>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/store/song_store.hpp"

namespace mer {

/// SongStore::fill() that shows how far it is and tells each song that failed.
/// @param what   the store holds: "features", "embeddings"
/// @throws Interrupted when the user asked to stop; what is finished stays
SongStore::Report fill_store(const SongStore& store, const Manifest& manifest,
                             const std::vector<std::size_t>& songs, int jobs, const Shard& shard,
                             const std::string& what, JobListener& listener);

/// The same for those songs only that another store has files of: what failed there has been told.
/// @param made  that store's files, parallel to songs; an empty path is a song that failed
/// @return      with files parallel to all songs
SongStore::Report fill_store_where(const SongStore& store, const Manifest& manifest,
                                   const std::vector<std::size_t>& songs,
                                   const std::vector<std::string>& made, int jobs,
                                   const std::string& what, JobListener& listener);

}  // namespace mer
