#include <map>
#include <optional>

#include "import/double_encoding.hpp"
#include "import/importers.hpp"
#include "import/importing.hpp"
#include "import/quadrant_labels.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

/// "Q1/id" → file, of all audio below Q1…Q4.
std::map<std::string, fs::path> clips_below(const fs::path& folder) {
  std::map<std::string, fs::path> clips;
  for (const char* quadrant : {"Q1", "Q2", "Q3", "Q4"}) {
    require_folder(folder / quadrant);
    for (const fs::path& file : songs_below(folder / quadrant)) {
      clips[quadrant + ("/" + file.stem().string())] = file;
    }
  }
  return clips;
}

/// "4Q audio emotion dataset" (Panda, Malheiro & Paiva 2018): folders Q1…Q4 and the published
/// `panda_dataset_taffc_{annotations,metadata}.csv`; group = artist. Repairs the metadata's doubly
/// encoded names ("CÃ©line").
ImportReport import_four_quadrants(const ImportJob& job) {
  const fs::path& folder = job.folder;
  require_folder(folder);
  const fs::path annotations_file = folder / "panda_dataset_taffc_annotations.csv";
  const fs::path metadata_file = folder / "panda_dataset_taffc_metadata.csv";
  const std::string hint = "take the file as its authors published it";
  const CsvTable annotations(annotations_file);
  annotations.require({"Song", "Quadrant"}, hint);
  const CsvTable metadata(metadata_file);
  metadata.require({"Song", "Artist"}, hint);
  std::map<std::string, std::string> artist_of;
  for (std::size_t row = 0; row < metadata.size(); ++row) {
    artist_of[metadata.cell(row, "Song")] =
        trimmed(repair_double_encoding(metadata.cell(row, "Artist")));
  }
  std::map<std::string, fs::path> clips = clips_below(folder);

  ImportReport report;
  std::vector<std::string> missing;
  std::vector<std::string> no_artist;
  std::vector<ManifestRow> rows;
  for (std::size_t row = 0; row < annotations.size(); ++row) {
    const std::string& id = annotations.cell(row, "Song");
    const std::string& quadrant = annotations.cell(row, "Quadrant");
    const std::optional<std::string> label = label_of_quadrant(quadrant);
    if (!label) {
      throw UsageError(annotations.where(row) + "unknown quadrant '" + quadrant + "'",
                       "quadrants are Q1, Q2, Q3, Q4");
    }
    std::string name = quadrant;
    name.append("/").append(id);
    const auto clip = clips.find(name);
    if (clip == clips.end()) {
      missing.push_back(name);
      continue;
    }
    std::string group = artist_of[id];
    if (group.empty()) {
      no_artist.push_back(id);
      group = id;
    }
    rows.push_back({.file = clip->second, .label = *label, .group = group, .id = id});
    clips.erase(clip);
  }
  if (rows.empty()) {
    throw UsageError(folder.string() + ": none of the annotated clips is there",
                     "the clips belong into the folders Q1, Q2, Q3 and Q4 beside the two tables");
  }
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "annotated clips are not there and are left out"));
  }
  if (!clips.empty()) {
    std::vector<std::string> unknown;
    unknown.reserve(clips.size());
    for (const auto& [id, file] : clips) unknown.push_back(id);
    report.warnings.push_back(listing(unknown, "clips have no annotation and are left out"));
  }
  if (!no_artist.empty()) {
    report.warnings.push_back(
        listing(no_artist, "clips have no artist; each is a group of its own"));
  }
  write_manifest(rows, job.manifest, report);
  return report;
}

}  // namespace

Importer importing::four_quadrants() {
  return importer("perceived; Panda et al. 2018, http://mir.dei.uc.pt/downloads.html",
                  import_four_quadrants);
}

}  // namespace mer
