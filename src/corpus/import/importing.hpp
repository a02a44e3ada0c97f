#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mer/corpus/corpus_import.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer::importing {

inline constexpr const char* kAsPublished = "take the file as its authors published it";

void require_folder(const std::filesystem::path& folder);

/// The first of these relative paths that exists below a folder: archives are unpacked in more than
/// one way.
/// @throws UsageError naming the first one, with where to get it as the hint
std::filesystem::path find_below(const std::filesystem::path& folder,
                                 const std::vector<std::string>& relative_paths,
                                 const std::string& hint);

/// The songs of a folder all of which can be read.
/// @throws UsageError otherwise
std::vector<std::filesystem::path> songs_below(const std::filesystem::path& folder);

/// "3 clips are not there: a, b, …"
std::string listing(const std::vector<std::string>& names, const std::string& what);

/// A song as a corpus describes it.
struct ManifestRow {
  std::filesystem::path file;
  std::string label = {};  ///< empty = no class
  std::vector<std::string> labels = {};
  std::string group = {};
  std::string split = {};
  std::string id = {};
  double valence = std::numeric_limits<double>::quiet_NaN();
  double arousal = std::numeric_limits<double>::quiet_NaN();
  std::filesystem::path dynamic = {};         ///< from write_curve()
  std::map<std::string, double> shares = {};  ///< of raters, by class
};

/// Refuses ids that can't be a file's name, and those that were seen before.
void check_id(const std::string& where, const std::string& id, std::set<std::string>& seen);

/// Where the curves of a manifest's songs are.
std::filesystem::path curves_folder(const std::filesystem::path& manifest);

/// Writes a song's curve there and returns where it is.
/// @throws UsageError when another file is there
std::filesystem::path write_curve(const EmotionCurve& curve, const std::filesystem::path& manifest,
                                  const std::string& id);

/// An official split may tear groups apart, which a manifest must not: a torn group becomes one for
/// each part, and the report says so.
void separate_groups(std::vector<ManifestRow>& rows, ImportReport& report);

/// Writes a manifest with the columns that some row fills, paths relative to it, and makes its
/// folder; counts songs, groups and classes. A file whose name is not UTF-8 can't be in it and
/// becomes a failure; of no others nothing is written.
/// @throws UsageError when all classes are one, Error when it can't be written
void write_manifest(const std::vector<ManifestRow>& rows, const std::filesystem::path& manifest,
                    ImportReport& report);

}  // namespace mer::importing
