#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/path_map.hpp"

namespace mer {

/// A song that can't be in a playlist, and why.
struct PlaylistFailure {
  std::string message;
  std::string hint;
};

/// A playlist that has been written.
struct Playlist {
  std::filesystem::path file;
  std::string emotion;
  std::size_t num_songs = 0;
  bool has_changed = true;  ///< else the file held the very same
};

struct PlaylistReport {
  std::vector<Playlist> playlists;  ///< in the order of the contract's classes, then by name
  std::size_t num_uncertain = 0;    ///< songs without an emotion, in no playlist
  std::size_t num_failed = 0;       ///< lines of files that could not be predicted, in none either
  std::vector<PlaylistFailure> failures;  ///< files that are missing
};

/// Writes `<emotion>.m3u8` for every class that the list knows, also for one without songs, so that
/// no earlier one is left: UTF-8, extended M3U, the songs with the largest probability of that
/// emotion first (then by path), titles from the files' tags; a file stands there once. Paths are
/// relative to the folder, so that songs and playlists may be moved together. Each file is replaced
/// atomically.
///
/// @param map  from the list's paths to where the files lie here
/// @throws UsageError when a file of that name is no playlist
/// @throws Error when the folder can't be made or written
PlaylistReport write_playlists(const std::vector<ListedPrediction>& list,
                               const std::filesystem::path& folder, const PathMap& map = {});

}  // namespace mer
