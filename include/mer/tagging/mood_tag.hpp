#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mer {

/// The mood in a song's own tags, and what we remember of it.
///
/// Beside the mood stands a second field, MER_MOOD, as long as the mood is ours: what we wrote,
/// then what was there before. It is how a mood that somebody else wrote is told from ours, and how
/// it comes back.
struct MoodTag {
  std::vector<std::string> mood;    ///< empty: none; several values are rare and legal
  std::vector<std::string> record;  ///< empty: the mood is not ours

  bool operator==(const MoodTag&) const = default;
  /// Ours is what nobody has changed since we wrote it.
  bool is_ours() const;
};

/// What the tags are to hold: the emotion, with what was there before on record; or, without one,
/// what was there before. A mood of somebody else's that is the emotion already stays as it is.
MoodTag with_emotion(const MoodTag& now, const std::optional<std::string>& emotion);

/// @throws InputError when the file is missing, or of a format whose tags can't be read
MoodTag read_mood(const std::filesystem::path& file);

/// Equal when there is nothing to do.
struct MoodChange {
  MoodTag before, after;
};

/// Stores what with_emotion() wants of what the file holds now:
///
///   MP3, WAV, AIFF, TTA            ID3v2.4 TMOO; where the tag is older, TXXX "MOOD"
///   FLAC, Ogg Vorbis, Opus, Speex  MOOD
///   MP4 (M4A)                      ----:com.apple.iTunes:MOOD
///   APE, WavPack, Musepack         Mood
///   WMA                            WM/Mood
///
/// which are the fields that MusicBrainz Picard uses. A copy of the file is changed, read back and
/// compared (mood, all other tags), given the file's owner, permissions and extended attributes,
/// and then renamed: whenever the process ends, the file is there whole, as it was or as it will
/// be. A symbolic link stays one; of several hard links only this one's file changes.
///
/// @param write  false: only find out
/// @throws InputError when the file is missing, can't hold a mood, is read-only (also when only
///         finding out, if there is something to do), or its other tags would suffer
/// @throws Error when the copy can't be written
MoodChange change_mood(const std::filesystem::path& file, const std::optional<std::string>& emotion,
                       bool write);

/// "Artist – Title" as the tags say it, the title alone, or else the file's name.
std::string display_title(const std::filesystem::path& file);

}  // namespace mer
