#include <map>

#include "import/double_encoding.hpp"
#include "import/importers.hpp"
#include "import/importing.hpp"
#include "import/quadrant_labels.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// The layout is that of MERGE_Audio_Complete.zip and MERGE_Audio_Balanced.zip, version 1.1
// (https:// zenodo.org/records/13939205, which describes their files), <v> = complete or balanced:
//   Q1…Q4/<Song>.mp3
//   merge_audio_<v>_metadata.csv   Song, Quadrant, Artist, Title, …
//   merge_audio_<v>_av_values.csv  Song, Arousal, Valence, of 0…1
//   tvt_dataframes/tvt_70_15_15/tvt_70_15_15_{train,validate,test}_audio_<v>.csv  Song, Quadrant;
//                  and tvt_40_30_30 likewise
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const std::string kMergeSource = "https://zenodo.org/records/13939205";

struct MergeOptions {
  std::string variant = "complete";
  std::string split = "70_15_15";

  void visit(OptionsVisitor& v) {
    v.choice("variant", variant, {"complete", "balanced"},
             "all 3554 clips, or 3232, as many a quadrant");
    v.choice("split", split, {"70_15_15", "40_30_30", "none"},
             "which official split; none = mer divides by artists");
  }
};

/// song → part; empty without an official split.
std::map<std::string, std::string> split_of(const fs::path& folder, const MergeOptions& options) {
  std::map<std::string, std::string> split;
  if (options.split == "none") return split;
  const std::string scheme = "tvt_" + options.split;
  for (const auto& [name, part] :
       {std::pair("train", "train"), {"validate", "validation"}, {"test", "test"}}) {
    const CsvTable table(
        find_below(folder,
                   {"tvt_dataframes/" + scheme + "/" + scheme + "_" + name + "_audio_" +
                    options.variant + ".csv"},
                   "unpack the whole archive, or leave the official split: --split none"),
        CsvTable::Form::kLoose);
    table.require({"Song"}, kAsPublished);
    for (std::size_t row = 0; row < table.size(); ++row) {
      const auto [before, is_new] = split.emplace(table.cell(row, "Song"), part);
      if (is_new) continue;
      throw UsageError(
          table.where(row) + "song '" + before->first + "' is already in '" + before->second + "'",
          kAsPublished);
    }
  }
  return split;
}

/// MERGE (Louro et al. 2024), audio: clips of 30 s in four quadrants, with values of valence and
/// arousal that its authors derived from mood words; group = artist.
ImportReport import_merge(const ImportJob& job, const MergeOptions& options) {
  require_folder(job.folder);
  const std::string archive =
      options.variant == "complete" ? "MERGE_Audio_Complete" : "MERGE_Audio_Balanced";
  const std::string prefix = "merge_audio_" + options.variant + "_";
  const std::string hint = "unpack " + archive + ".zip from " + kMergeSource +
                           "; --variant says which of the two sets is meant";
  const CsvTable metadata(
      find_below(job.folder, {prefix + "metadata.csv", archive + "/" + prefix + "metadata.csv"},
                 hint),
      CsvTable::Form::kLoose);
  metadata.require({"Song", "Quadrant", "Artist"}, kAsPublished);
  const fs::path folder = metadata.file().parent_path();
  const CsvTable values(find_below(folder, {prefix + "av_values.csv"}, hint),
                        CsvTable::Form::kLoose);
  values.require({"Song", "Arousal", "Valence"}, kAsPublished);
  std::map<std::string, std::size_t> values_row;
  for (std::size_t row = 0; row < values.size(); ++row) {
    values_row[values.cell(row, "Song")] = row;
  }
  const std::map<std::string, std::string> split = split_of(folder, options);

  ImportReport report;
  std::vector<ManifestRow> rows;
  std::vector<std::string> missing;
  std::vector<std::string> in_no_part;
  std::vector<std::string> no_artist;
  const auto signed_unit = [&](std::size_t row, const std::string& column) {
    const double value = values.number(row, column);
    if (value >= 0.0 && value <= 1.0) return rounded(2 * value - 1);
    throw UsageError(
        values.where(row) + column + " " + values.cell(row, column) + " is outside the scale 0…1",
        kAsPublished);
  };
  for (std::size_t row = 0; row < metadata.size(); ++row) {
    const std::string& id = metadata.cell(row, "Song");
    const std::string& quadrant = metadata.cell(row, "Quadrant");
    const auto label = label_of_quadrant(quadrant);
    if (!label) {
      throw UsageError(metadata.where(row) + "unknown quadrant '" + quadrant + "'",
                       "quadrants are Q1, Q2, Q3, Q4");
    }
    const fs::path file = folder / quadrant / (id + ".mp3");
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) {
      missing.push_back(id);
      continue;
    }
    const auto part = split.find(id);
    if (!split.empty() && part == split.end()) {
      in_no_part.push_back(id);
      continue;
    }
    const std::string artist = repair_double_encoding(to_valid_utf8(metadata.cell(row, "Artist")));
    if (artist.empty()) no_artist.push_back(id);
    rows.push_back({.file = file,
                    .label = *label,
                    .group = artist.empty() ? "song " + id : artist,
                    .split = part == split.end() ? "" : part->second,
                    .id = id});
    const auto value = values_row.find(id);
    if (value == values_row.end()) continue;
    rows.back().valence = signed_unit(value->second, "Valence");
    rows.back().arousal = signed_unit(value->second, "Arousal");
  }
  if (rows.empty()) {
    throw UsageError(
        folder.string() + ": none of the " + std::to_string(metadata.size()) + " clips is there",
        hint);
  }
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "clips are not there and are left out"));
  }
  if (!in_no_part.empty()) {
    report.warnings.push_back(
        listing(in_no_part, "clips are in no part of the official split and are left out"));
  }
  if (!no_artist.empty()) {
    report.warnings.push_back(
        listing(no_artist, "clips have no artist; each is a group of its own"));
  }
  separate_groups(rows, report);
  report.notes.push_back("valence and arousal are rescaled from 0…1 to -1…1");
  write_manifest(rows, job.manifest, report);
  return report;
}

}  // namespace

Importer importing::merge() {
  return importer<MergeOptions>("perceived; Louro et al. 2024, for research, " + kMergeSource,
                                import_merge);
}

}  // namespace mer
