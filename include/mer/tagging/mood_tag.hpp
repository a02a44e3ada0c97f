#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mer/runs/prediction_list.hpp"
#include "mer/runs/tag_log.hpp"

namespace mer {

/// Fields of ours beside the mood. MER_MOOD stands there as long as a mood of ours does: the field
/// that it is in, the number of our words, these, then what was there before. It is how a mood that
/// somebody else wrote is told from ours, and how it comes back.
inline constexpr const char* kRecordField = "MER_MOOD";
inline constexpr const char* kValenceField = "MER_VALENCE";
inline constexpr const char* kArousalField = "MER_AROUSAL";
inline constexpr const char* kTagsField = "MER_TAGS";

/// What is to be said of a song in its tags.
struct SongMood {
  std::vector<std::string> words = {};                        ///< none: no mood
  double valence = std::numeric_limits<double>::quiet_NaN();  ///< −1…1
  double arousal = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> tags = {};
};

/// How tags are changed.
struct TagRules {
  enum class Existing {
    kKeep,     ///< a song that has a mood of somebody else's keeps it
    kReplace,  ///< it gets ours instead
    kAppend    ///< ours is one more
  };
  Existing existing = Existing::kKeep;
  std::string field = "MOOD";  ///< of the mood
  bool numbers = false;        ///< writes MER_VALENCE and MER_AROUSAL, too
  bool tags = false;           ///< and MER_TAGS

  /// @throws UsageError unless the field may hold moods: some letters, digits, blanks and marks,
  /// but
  ///         no name that stands for something else, as TITLE does
  void require_field() const;
};

/// The words of one's own for a model's classes.
class MoodWords {
 public:
  MoodWords() = default;
  /// @param options  "anger=Aggressive", several words with `;` between them
  /// @throws UsageError for one that isn't such a pair
  explicit MoodWords(const std::vector<std::string>& options);

  /// @throws UsageError naming one that is none of the classes
  void require_known(const std::vector<std::string>& classes) const;
  std::vector<std::string> of(const std::string& emotion) const;

 private:
  std::map<std::string, std::vector<std::string>> words_;
};

/// What a prediction gives to say: no words below the confidence.
SongMood mood_of(const SongPrediction& song, const std::optional<std::string>& emotion,
                 const MoodWords& words, double min_confidence);

/// What became of a song's mood.
enum class MoodAction { kNone, kAdd, kReplace, kAppend, kKeep, kRemove, kRestore, kOther };

/// Equal when there is nothing to do.
struct TagChange {
  TagFields before, after;
  std::string field;  ///< of the mood
  MoodAction action = MoodAction::kNone;

  /// The fields that differ.
  /// @param file  where it lies, absolute
  TagLogEntry log_entry(const std::filesystem::path& file) const;
  std::vector<std::string> mood_before() const { return values(before); }
  std::vector<std::string> mood_after() const { return values(after); }

 private:
  std::vector<std::string> values(const TagFields& fields) const;
};

/// What the tags are to hold.
/// @param now   the mood's field and ours
/// @param mood  none: what was there before us, in all fields
TagChange with_mood(const TagFields& now, const std::optional<SongMood>& mood,
                    const TagRules& rules);

/// The values of a field, in the order in which they stand there.
/// @throws InputError when the file is missing, or of a format whose tags can't be read
std::vector<std::string> read_tag(const std::filesystem::path& file, const std::string& field);

/// Called when a changed copy is checked, before it takes the file's place.
using BeforeWriting = std::function<void(const TagChange&)>;

/// Stores what with_mood() wants of what the file holds now. The field MOOD is
///
///   MP3, WAV, AIFF, TTA            ID3v2.4 TMOO; where the tag is older, TXXX "MOOD"
///   FLAC, Ogg Vorbis, Opus, Speex  MOOD
///   MP4 (M4A)                      ----:com.apple.iTunes:MOOD
///   APE, WavPack, Musepack         Mood
///   WMA                            WM/Mood
///
/// GROUPING and GENRE are the formats' own, too, as MusicBrainz Picard has them; other names stand
/// in TXXX frames, in Vorbis comments, in ----:com.apple.iTunes:NAME, as they are. A copy of the
/// file is changed, read back and compared (our fields, all other tags), given the file's owner,
/// permissions and extended attributes, and then renamed: whenever the process ends, the file is
/// there whole, as it was or as it will be. A symbolic link stays one; of several hard links only
/// this one's file changes.
///
/// @param write  false: only find out
/// @throws InputError when the file is missing, can't hold such tags, is read-only (also when only
///         finding out, if there is something to do), or its other tags would suffer
/// @throws Error when the copy can't be written
TagChange change_tags(const std::filesystem::path& file, const std::optional<SongMood>& mood,
                      const TagRules& rules, bool write, const BeforeWriting& before_writing = {});

/// Undoes what a log says. Nothing happens where the fields are as before.
/// @throws InputError also when somebody has changed the fields since
TagChange undo_change(const std::filesystem::path& file, const TagLogEntry& entry, bool write);

/// Who plays what, as the tags say it; the title is else the file's name, the artist empty.
struct SongNames {
  std::string artist;
  std::string title;
};
SongNames song_names(const std::filesystem::path& file);
/// "Artist – Title" as the tags say it, the title alone, or else the file's name.
std::string display_title(const std::filesystem::path& file);

}  // namespace mer
