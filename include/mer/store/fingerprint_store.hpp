#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/corpus/near_duplicates.hpp"
#include "mer/store/song_store.hpp"

namespace mer {

/// Songs' fingerprints on disk: a SongStore in `<root>/chromaprint`.
SongStore fingerprint_store(const std::filesystem::path& root);

/// The fingerprints of some songs of a manifest, made where they are missing; empty for songs that
/// can't be read.
/// @throws Interrupted when the user asked to stop; what is finished stays
std::vector<Fingerprint> fingerprints_of(const std::filesystem::path& root,
                                         const Manifest& manifest,
                                         const std::vector<std::size_t>& songs,
                                         JobListener& listener);

/// Makes the fingerprints that are missing, and notes in the manifest which songs are
/// near-duplicates.
/// @param shard    made first, by this process among several, before it looks for all of them
/// @param give_up  another process can't go on
/// @throws Interrupted when the user asked to stop; what is finished stays
void mark_near_duplicates(const std::filesystem::path& root, Manifest& manifest,
                          JobListener& listener, const Shard& shard = {},
                          const std::function<bool()>& give_up = {});

}  // namespace mer
