#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/mood_tag.hpp"
#include "mer/tagging/path_map.hpp"

namespace mer {

/// Which playlists there are, and which songs are in them.
struct PlaylistOptions {
  /// Whose lists: of each emotion; energetic and calm; bright and dark.
  enum class By { kEmotion, kArousal, kValence } by = By::kEmotion;
  std::size_t max_songs = 0;  ///< in a list, the most typical ones; 0 = all
  /// Songs below it are in no list: the emotion's probability, or how far valence or arousal is
  /// from 0.
  double min_confidence = 0.0;
  /// The most typical share: of an emotion's songs; of all songs, at each end of an axis, whatever
  /// its sign. 1 = all (of an axis by its sign).
  double quantile = 1.0;
};

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

/// A song's two lines in an extended M3U: its length and title, by the file's tags, and its path.
/// @param path  as the playlist is to name it
/// @throws InputError for a path that a line can't hold
std::string playlist_entry(const std::filesystem::path& song, const std::string& path,
                           double duration_s);

/// Writes `<emotion>.m3u8` for every class that the list knows, also for one without songs, so that
/// no earlier one is left (by arousal `energetic.m3u8` and `calm.m3u8`, by valence `bright.m3u8`
/// and `dark.m3u8`; without these two in the list they follow from the four classes): UTF-8,
/// extended M3U, the songs with the largest probability of that emotion first (then by path),
/// titles from the files' tags; a file stands there once. Paths are relative to the folder, so that
/// songs and playlists may be moved together. Each file is replaced atomically.
///
/// @param map  from the list's paths to where the files lie here
/// @throws UsageError when a file of that name is no playlist, or the list has no valence and
/// arousal
/// @throws Error when the folder can't be made or written
PlaylistReport write_playlists(const std::vector<ListedPrediction>& list,
                               const std::filesystem::path& folder, const PathMap& map = {},
                               const PlaylistOptions& options = {});

/// Writes smart playlists for Navidrome, `<emotion>.nsp`, which ask for the tags that change_tags()
/// writes, so that they follow the library: the words of a class in the mood, in random order; by
/// arousal or valence `MER_AROUSAL` or `MER_VALENCE` beyond the middle by half of min_confidence,
/// the most typical first. Which songs these are is Navidrome's to say.
/// @throws UsageError when a file of that name is none, and for what Navidrome can't ask: a
///         quantile, an emotion's probability
PlaylistReport write_smart_playlists(const std::vector<ListedPrediction>& list,
                                     const std::filesystem::path& folder, const MoodWords& words,
                                     const PlaylistOptions& options = {});

}  // namespace mer
