#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace mer {

/// What is below a folder.
struct FoundSongs {
  std::vector<std::filesystem::path> files;  ///< with an audio extension, sorted by path
  std::vector<std::string> failures;         ///< "m/b: permission denied": folders and their reason
  /// What was passed over on purpose, for whoever wonders where a song is.
  std::vector<std::filesystem::path> hidden;    ///< files and folders, also those of trash & co.
  std::vector<std::filesystem::path> no_files;  ///< links to nowhere, pipes, devices
  std::vector<std::filesystem::path> again;     ///< links to what is found under another name
  std::size_t num_others = 0;                   ///< files of other kinds

  /// "passed over: 3 hidden (a/.b, …), 12 files of another kind"; empty for nothing.
  std::string passed_over() const;
};

/// Searches a folder and all below it. Links to folders and files are followed, once: what they
/// lead to is found under its own name where that is below the folder too. Hidden files and folders
/// are passed over, and so are is_set_aside() ones.
/// @throws UsageError when there is no such folder
FoundSongs find_songs(const std::filesystem::path& folder);

/// Whether a folder of this name holds what systems put aside: trash, versions, thumbnails.
bool is_set_aside(const std::string& folder_name);

}  // namespace mer
