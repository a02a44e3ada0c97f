#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mer {

/// What an import found.
struct ImportReport {
  std::size_t songs = 0;
  std::size_t groups = 0;  ///< 0 when the corpus names none
  std::vector<std::string> classes;
  std::vector<std::string> warnings;  ///< e.g. no groups: songs of one artist may cross a split
};

/// One folder a class: DIR/<label>/**/<audio>. Writes the manifest with paths relative to it.
ImportReport import_folder(const std::filesystem::path& folder,
                           const std::filesystem::path& manifest);

/// "4Q audio emotion dataset" (Panda, Malheiro & Paiva 2018): folders Q1…Q4 and the published
/// `panda_dataset_taffc_{annotations,metadata}.csv`; group = artist. Repairs the metadata's doubly
/// encoded names ("CÃ©line").
ImportReport import_4qaed(const std::filesystem::path& folder,
                          const std::filesystem::path& manifest);

}  // namespace mer
