#include <sstream>

#include "import/importers.hpp"
#include "import/importing.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

// The layout is that of https://github.com/MTG/mtg-jamendo-dataset (its README):
//   data/splits/split-<0…4>/autotagging_moodtheme-{train,validation,test}.tsv
//     TRACK_ID ARTIST_ID ALBUM_ID PATH DURATION TAGS, tabs between them and between the tags of a
//     row ("mood/theme---happy"); PATH = 34/786434.mp3; no artist is in two parts
// and of the audio that its scripts/download/download.py fetches and unpacks: <PATH>, or
// 34/786434.low.mp3 of --type audio-low.
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const std::string kJamendoSource = "https://github.com/MTG/mtg-jamendo-dataset";

struct JamendoOptions {
  fs::path audio;
  int split = 0;

  void visit(OptionsVisitor& v) {
    v.field("audio", audio, "folder with 00/…99/, empty = DIR/audio or DIR itself");
    v.field("split", split, between(0, 4), "which official split; scores are of 0");
  }
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '\t');) cells.push_back(trimmed(cell));
  return cells;
}

fs::path audio_file(const fs::path& folder, const std::string& path) {
  const fs::path file = folder / path;
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored)) return file;
  return fs::path(file).replace_extension(".low" + file.extension().string());
}

/// The mood/theme subset of MTG-Jamendo (Bogdanov et al. 2019): whole songs with the moods and
/// themes that their uploaders chose, several a song; group = artist.
ImportReport import_mtg_jamendo(const ImportJob& job, const JamendoOptions& options) {
  constexpr std::size_t kFirstTag = 5;
  const std::string kMood = "mood/theme---";
  require_folder(job.folder);
  std::error_code ignored;
  const fs::path audio = !options.audio.empty()                            ? options.audio
                         : fs::is_directory(job.folder / "audio", ignored) ? job.folder / "audio"
                                                                           : job.folder;
  require_folder(audio);
  ImportReport report;
  std::vector<ManifestRow> rows;
  std::vector<std::string> missing;
  std::set<std::string> seen;
  for (const std::string part : {"train", "validation", "test"}) {
    const std::string path =
        "splits/split-" + std::to_string(options.split) + "/autotagging_moodtheme-" + part + ".tsv";
    const fs::path file = find_below(job.folder, {"data/" + path, path},
                                     "give the folder of a clone of " + kJamendoSource);
    std::istringstream lines(read_text_file(file));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      const std::string where = file.string() + ":" + std::to_string(number) + ": ";
      const std::vector<std::string> cells = cells_of(line);
      if (cells.size() <= kFirstTag || (number == 1) != (cells[0] == "TRACK_ID")) {
        throw UsageError(
            where + "not TRACK_ID, ARTIST_ID, ALBUM_ID, PATH, DURATION, TAGS with tabs",
            "take the file as its authors published it");
      }
      if (number == 1) continue;
      check_id(where, cells[0], seen);
      ManifestRow row{
          .file = audio_file(audio, cells[3]), .group = cells[1], .split = part, .id = cells[0]};
      for (std::size_t i = kFirstTag; i < cells.size(); ++i) {
        if (cells[i].starts_with(kMood)) row.labels.push_back(cells[i].substr(kMood.size()));
      }
      if (row.labels.empty()) throw UsageError(where + "no " + kMood + "… among the tags");
      if (fs::is_regular_file(row.file, ignored)) {
        rows.push_back(std::move(row));
      } else {
        missing.push_back(cells[3]);
      }
    }
  }
  if (rows.empty()) {
    throw UsageError(
        audio.string() + ": none of the " + std::to_string(missing.size()) + " songs is there",
        "scripts/download/download.py of " + kJamendoSource +
            " fetches them; --audio says where they are");
  }
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "songs are not there and are left out"));
  }
  separate_groups(rows, report);
  write_manifest(rows, job.manifest, report);
  return report;
}

}  // namespace

Importer importing::mtg_jamendo() {
  return importer<JamendoOptions>("perceived; Bogdanov et al. 2019, CC licences, " + kJamendoSource,
                                  import_mtg_jamendo);
}

}  // namespace mer
