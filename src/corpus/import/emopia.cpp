#include <map>
#include <optional>
#include <set>
#include <utility>

#include "import/importers.hpp"
#include "import/importing.hpp"
#include "import/midi_clips.hpp"
#include "import/quadrant_labels.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// Two layouts.
// The release (https://zenodo.org/record/5090631 and later versions, https://github.com/annahung31/
// EMOPIA): label.csv with the columns ID,4Q,annotator, where ID is Q<quadrant>_<YouTube id>_<clip>,
// and midis/<ID>.mid. It has no audio, for copyright's sake, but names the recordings.
// The official split is in https://github.com/SeungHeonDoh/EMOPIA_cls, dataset/split/{train,val,
// test}.csv, with the columns fname,label (fname = ID); scripts/prepare_split.ipynb of the release
// writes split/{train,val,test}_clip.csv with the column clip_name (= ID.mid).
// The table of clips: clips.csv with the columns midi,label,group,split,id, and midis/ or
// midis.zip.
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const std::string kGetIt =
    "EMOPIA_2.2.zip from https://zenodo.org/record/5257995 has it; give the folder in which its "
    "label.csv lies";

struct Clip {
  std::string id;
  std::string midi;  ///< file name
  std::string label;
  std::string group;
  std::string split;
};

std::string split_of(const std::string& where, const std::string& name) {
  if (name == "val" || name == "valid") return "validation";
  if (name == "train" || name == "validation" || name == "test") return name;
  throw UsageError(where + "unknown split '" + name + "'", "splits are train, val and test");
}

std::string label_of(const std::string& where, const std::string& name) {
  static const std::set<std::string> kLabels = {"happy", "anger", "sad", "relaxed"};
  if (kLabels.count(name) != 0) return name;
  // The release writes 1…4 in its column 4Q.
  const auto label = label_of_quadrant(name.starts_with('Q') ? name : "Q" + name);
  if (!label) throw UsageError(where + "unknown quadrant '" + name + "'", "quadrants are 1…4");
  return *label;
}

/// The YouTube id in a clip's id; it may hold underscores itself.
std::string song_of(const std::string& where, const std::string& id) {
  const std::size_t first = id.find('_');
  const std::size_t last = id.rfind('_');
  if (first == std::string::npos || last <= first + 1) {
    throw UsageError(where + "'" + id + "' is not Q<quadrant>_<YouTube id>_<clip>",
                     "take the file as its authors published it");
  }
  return id.substr(first + 1, last - first - 1);
}

std::vector<Clip> clips_of_table(const fs::path& file) {
  const CsvTable table(file, CsvTable::Form::kLoose);
  table.require({"midi", "label", "group", "split", "id"},
                "the columns are midi,label,group,split,id");
  std::vector<Clip> clips;
  std::set<std::string> seen;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string where = table.where(row);
    const std::string& id = table.cell(row, "id");
    check_id(where, id, seen);
    clips.push_back({id, table.cell(row, "midi"), label_of(where, table.cell(row, "label")),
                     table.cell(row, "group"), split_of(where, table.cell(row, "split"))});
  }
  return clips;
}

/// clip → part, of the split files that are there; empty when there are none.
std::map<std::string, std::string> official_split(const fs::path& folder) {
  std::map<std::string, std::string> split;
  std::error_code ignored;
  for (const std::string part : {"train", "val", "test"}) {
    fs::path file = folder / "split" / (part + ".csv");
    std::string column = "fname";
    if (!fs::exists(file, ignored)) {
      file = folder / "split" / (part + "_clip.csv");
      column = "clip_name";
    }
    if (!fs::exists(file, ignored)) continue;
    const CsvTable table(file, CsvTable::Form::kLoose);
    table.require({column.c_str()}, "take the file as its authors published it");
    for (std::size_t row = 0; row < table.size(); ++row) {
      std::string clip = table.cell(row, column);
      if (clip.ends_with(".mid")) clip.resize(clip.size() - 4);
      const auto [before, is_new] = split.emplace(clip, split_of("", part));
      if (!is_new) {
        throw UsageError(
            table.where(row) + "clip '" + clip + "' is already in '" + before->second + "'",
            "take the files as their authors published them");
      }
    }
  }
  return split;
}

std::vector<Clip> clips_of_release(const fs::path& folder, ImportReport& report) {
  const CsvTable table(find_below(folder, {"label.csv"}, kGetIt), CsvTable::Form::kLoose);
  table.require({"ID", "4Q"}, "take the file as its authors published it");
  const std::map<std::string, std::string> split = official_split(folder);
  if (split.empty()) {
    report.warnings.push_back(
        "no split/train.csv, val.csv, test.csv: the manifest has no split column; the official "
        "split is in https://github.com/SeungHeonDoh/EMOPIA_cls, dataset/split");
  }
  std::vector<Clip> clips;
  std::vector<std::string> in_no_part;
  std::set<std::string> seen;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string where = table.where(row);
    const std::string& id = table.cell(row, "ID");
    check_id(where, id, seen);
    const std::string song = song_of(where, id);
    const auto part = split.find(id);
    if (!split.empty() && part == split.end()) {
      in_no_part.push_back(id);
      continue;
    }
    clips.push_back({id, id + ".mid", label_of(where, table.cell(row, "4Q")), song,
                     part == split.end() ? "" : part->second});
  }
  if (!in_no_part.empty()) {
    report.warnings.push_back(
        listing(in_no_part, "clips are in no part of the official split and are left out"));
  }
  return clips;
}

/// EMOPIA (Hung et al. 2021), clips of pop piano in four quadrants of perceived emotion; group =
/// the song (its YouTube id); the split is the official one. A clip that can't be rendered is a
/// failure in the report.
ImportReport import_emopia(const ImportJob& job, const MidiRenderOptions& rendering) {
  const fs::path& folder = job.folder;
  require_folder(folder);
  ImportReport report;
  std::error_code ignored;
  const std::vector<Clip> clips = fs::exists(folder / "clips.csv", ignored)
                                      ? clips_of_table(folder / "clips.csv")
                                      : clips_of_release(folder, report);
  std::vector<ClipName> names;
  for (const Clip& clip : clips) names.push_back({clip.id, clip.midi});
  const auto audio = audio_of_clips(names, rendering, job, kGetIt, report).files;

  std::vector<ManifestRow> rows;
  std::vector<std::string> missing;
  for (const Clip& clip : clips) {
    const auto found = audio.find(clip.id);
    if (found == audio.end()) {
      missing.push_back(clip.id);
    } else {
      rows.push_back({.file = found->second,
                      .label = clip.label,
                      .group = clip.group,
                      .split = clip.split,
                      .id = clip.id});
    }
  }
  if (rows.empty() && !report.failures.empty()) return report;
  if (rows.empty()) {
    throw UsageError(folder.string() + ": none of the " + std::to_string(clips.size()) +
                         " clips has its audio or MIDI file",
                     kGetIt);
  }
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "clips have no audio and are left out"));
  }
  write_manifest(rows, job.manifest, report);
  return report;
}

}  // namespace

Importer importing::emopia() {
  return importer<MidiRenderOptions>(
      "perceived; Hung et al. 2021, CC BY-NC-SA 4.0, https://zenodo.org/record/5257995",
      import_emopia);
}

}  // namespace mer
