#include <algorithm>

#include "import/importers.hpp"
#include "import/importing.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/corpus/song_search.hpp"

namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

/// One folder a class.
ImportReport import_folder(const ImportJob& job) {
  const fs::path& folder = job.folder;
  require_folder(folder);
  std::vector<fs::path> class_folders;
  std::vector<std::string> outside;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.front() == '.' || is_set_aside(name)) continue;
    if (entry.is_directory()) {
      class_folders.push_back(entry.path());
    } else if (entry.is_regular_file() && has_audio_extension(entry.path())) {
      outside.push_back(name);
    }
  }
  std::sort(class_folders.begin(), class_folders.end());
  std::sort(outside.begin(), outside.end());

  ImportReport report;
  std::vector<std::string> labels;
  std::vector<std::string> empty_folders;
  std::vector<ManifestRow> rows;
  for (const fs::path& class_folder : class_folders) {
    const FoundSongs found = find_songs(class_folder);
    for (const std::string& failure : found.failures) report.failures.push_back({failure, ""});
    const std::string label = class_folder.filename().string();
    if (found.files.empty()) {
      empty_folders.push_back(label);
      continue;
    }
    labels.push_back(label);
    for (const fs::path& file : found.files) rows.push_back({.file = file, .label = label});
  }
  if (labels.size() < 2) {
    throw UsageError(folder.string() + ": " +
                         (labels.empty() ? std::string("no folder in it holds audio")
                                         : "only the folder '" + labels.front() + "' holds audio") +
                         ", at least two classes are needed",
                     "put the songs into one folder a class, e.g. happy/ and sad/");
  }
  report.warnings.push_back(
      "no groups: songs of one artist may fall into training and test, which flatters the scores; "
      "add a 'group' column (e.g. the artist) to the manifest if you can");
  if (!outside.empty()) {
    report.warnings.push_back(listing(outside, "files lie in no class's folder and are left out"));
  }
  if (!empty_folders.empty()) {
    report.warnings.push_back(listing(empty_folders, "folders hold no audio and are left out"));
  }
  write_manifest(rows, job.manifest, report);
  return report;
}

}  // namespace

Importer importing::folder() {
  return importer("DIR/<label>/**/<audio>, one folder a class", import_folder);
}

}  // namespace mer
