#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer {

/// Some songs of a manifest.
struct ManifestPart {
  const Manifest& manifest;
  std::vector<std::size_t> songs;  ///< indices into manifest.songs
};

/// A song that is to be scored and that a model has learned, as itself or under another name.
struct Overlap {
  std::size_t song = 0;     ///< index into the scored manifest's songs
  std::size_t learned = 0;  ///< index into the learned manifest's songs
  /// Of their fingerprints where they overlap; NaN for a song that is known by its id alone.
  double bit_error_rate = std::numeric_limits<double>::quiet_NaN();
};

/// Whether all songs that are scored are files of the learned corpus, so that this is no run across
/// corpora.
bool is_same_corpus(const ManifestPart& scored, const Manifest& learned);

/// Songs that are recordings of learned songs (find_near_duplicates()) or have the id of one, where
/// both manifests have an id column. Ids of digits alone are not compared: many corpora count their
/// songs.
/// @param root            of the feature store: fingerprints are kept in it, as for training
/// @param seeks_recordings false = by ids alone
/// @return  ascending by song, one a song
/// @throws  Interrupted when the user asked to stop
std::vector<Overlap> find_overlaps(const std::filesystem::path& root, const ManifestPart& scored,
                                   const ManifestPart& learned, bool seeks_recordings,
                                   JobListener& listener);

}  // namespace mer
