#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace mer {

/// One row of a manifest.
struct Song {
  std::string id;           ///< unique; the id column, else derived from the listed path
  std::string path;         ///< where the file is, resolved against the manifest's folder
  std::string listed_path;  ///< as the manifest has it
  std::string label;        ///< empty when the song has no class
  /// Several labels, in the order of Manifest::tags; empty when none are known.
  std::vector<std::string> labels;
  bool has_labels = false;  ///< whether the manifest says which labels; an empty cell does not
  /// Share of raters for each of Manifest::classes; empty = not known.
  std::vector<double> shares;
  std::string dynamic;  ///< where its curve is, for read_emotion_curve(); empty = none
  std::string group;    ///< e.g. the artist; the song's own id when there is no column
  std::string split;    ///< "train", "validation", "test" or empty
  double valence = std::numeric_limits<double>::quiet_NaN();  ///< in -1…1
  double arousal = std::numeric_limits<double>::quiet_NaN();  ///< in -1…1
  int line = 0;                                               ///< in the manifest, from 1
  /// Place on the song's grid of segments when the row is one of them (see rows_of_segments());
  /// −1 = the whole song.
  int segment = -1;
};

/// Two songs of a manifest that are one recording.
struct NearDuplicate {
  std::size_t first = 0;        ///< index into Manifest::songs
  std::size_t second = 0;       ///< the same, larger
  double bit_error_rate = 0.0;  ///< of their fingerprints where they overlap
};

/// Valence and arousal over the time of a song.
struct EmotionCurve {
  std::vector<double> time_s;  ///< in the audio file, ascending
  std::vector<double> valence = {};
  std::vector<double> arousal = {};
  /// Standard deviations over the raters whose means those are; empty = not known.
  std::vector<double> valence_sd = {};
  std::vector<double> arousal_sd = {};

  bool has_deviations() const { return !valence_sd.empty(); }
};

/// Reads and checks a CSV with the columns `time_s,valence,arousal` and perhaps
/// `valence_sd,arousal_sd`; others are passed over.
/// @throws UsageError naming file and line for: a missing or unreadable file, a missing column, no
///         rows, times that are negative or don't ascend, valence or arousal outside -1…1,
///         deviations outside 0…2
EmotionCurve read_emotion_curve(const std::filesystem::path& file);

/// A list of songs with what is known of their emotion: CSV `path` and at least one target of
/// `label`, `labels`, `valence,arousal`, `dynamic`, `share_<class>…`; optionally `group,split,id`.
struct Manifest {
  std::filesystem::path file;
  std::vector<Song> songs;
  /// Of labels and shares: happy, anger, sad, relaxed first, then alphabetically; may be empty.
  std::vector<std::string> classes;
  std::vector<std::string> tags;  ///< all that `labels` name, alphabetically
  bool has_groups = false;
  bool has_ids = false;
  bool has_splits = false;
  /// What find_near_duplicates() found; load() does not look for them. A split keeps them together.
  std::vector<NearDuplicate> near_duplicates;

  /// Index of a label in `classes`.
  int class_index(const std::string& label) const;

  /// For what learns or scores one class a song.
  /// @throws UsageError naming the first song without a class
  void require_classes() const;
  /// For what learns: there is nothing to tell apart in songs of one class.
  /// @throws UsageError naming it
  void require_no_single_class() const;

  /// Reads and checks a manifest.
  /// @throws UsageError naming file and line for: a missing or unreadable manifest, an unknown
  ///         column (listing the known ones), no `path` or no target column, a duplicate path, id
  ///         or one of `labels`, an empty path, a song without any target, a group in two given
  ///         splits, an unknown split name, valence or arousal outside -1…1, shares outside 0…1 or
  ///         whose sum is not 1, a file that does not exist, a curve that can't be read, no
  ///         songs
  static Manifest load(const std::filesystem::path& file);
};

/// The canonical order of class names: happy, anger, sad, relaxed, then any others alphabetically.
std::vector<std::string> in_canonical_order(std::vector<std::string> labels);

}  // namespace mer
