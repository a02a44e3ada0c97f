#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "mer/corpus/corpus_import.hpp"

namespace mer::importing {

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
  std::string label;
  std::string group = {};
  std::string split = {};
  std::string id = {};
  double valence = std::numeric_limits<double>::quiet_NaN();
  double arousal = std::numeric_limits<double>::quiet_NaN();
};

/// Writes a manifest with the columns that some row fills, paths relative to it, and makes its
/// folder; counts songs, groups and classes. A file whose name is not UTF-8 can't be in it and
/// becomes a failure; of no others nothing is written.
/// @throws UsageError when they are of one class only, Error when it can't be written
void write_manifest(const std::vector<ManifestRow>& rows, const std::filesystem::path& manifest,
                    ImportReport& report);

}  // namespace mer::importing
