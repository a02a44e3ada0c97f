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
  std::string label;
  std::string group;  ///< e.g. the artist; the song's own id when there is no column
  std::string split;  ///< "train", "validation", "test" or empty
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

/// A list of songs with labels: CSV `path,label[,group][,split][,id][,valence][,arousal]`.
struct Manifest {
  std::filesystem::path file;
  std::vector<Song> songs;
  std::vector<std::string> classes;  ///< happy, anger, sad, relaxed first, then alphabetically
  bool has_groups = false;
  bool has_splits = false;
  /// What find_near_duplicates() found; load() does not look for them. A split keeps them together.
  std::vector<NearDuplicate> near_duplicates;

  /// Index of a label in `classes`.
  int class_index(const std::string& label) const;

  /// Reads and checks a manifest.
  /// @throws UsageError naming file and line for: a missing or unreadable manifest, an unknown
  ///         column (listing the known ones), a missing `path` or `label` column, a duplicate path
  ///         or id, an empty label or path, a group in two given splits, an unknown split name,
  ///         valence or arousal outside -1…1, a file that does not exist, fewer than two classes,
  ///         no songs
  static Manifest load(const std::filesystem::path& file);
};

/// The canonical order of class names: happy, anger, sad, relaxed, then any others alphabetically.
std::vector<std::string> in_canonical_order(std::vector<std::string> labels);

}  // namespace mer
