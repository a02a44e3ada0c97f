#include <map>

#include "import/importers.hpp"
#include "import/rated_songs.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// The layout is that of https://github.com/grekowj/musemodataset, which has no description of its
// own; what its table means is in J. Grekow, "From content-based music emotion recognition to
// emotion maps of musical pieces", 2018: 324 excerpts of 6 s from GTZAN, rated by five people.
//   musemodataset/musemodataset/5Users-All.csv   Id,Name,Arousal,Valence,EmoCat: means of −10…10,
//                                                EmoCat = e1…e4, their quadrant
//   musemodataset/{all,all_music_files,…}/<Name> out_<genre>.<number>.wav; the "- Kopia" are copies
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const std::string kGrekowSource = "https://github.com/grekowj/musemodataset";

/// Of the same excerpt: a copy goes where its original goes.
std::string excerpt_of(std::string stem) {
  const std::size_t copy = stem.find(" - Kopia");
  return stem.substr(0, copy);
}

ImportReport import_grekow(const ImportJob& job, const RatingOptions& options) {
  require_folder(job.folder);
  const std::string table_name = "5Users-All.csv";
  const CsvTable table(find_below(job.folder,
                                  {table_name, "musemodataset/" + table_name,
                                   "musemodataset/musemodataset/" + table_name},
                                  "give the folder of a clone of " + kGrekowSource),
                       CsvTable::Form::kLoose);
  table.require({"Name", "Arousal", "Valence"}, "take the file as its author published it");
  std::map<std::string, fs::path> audio;
  for (const fs::path& file : songs_below(job.folder)) audio[file.filename().string()] = file;
  RatedSongs songs({.low = -10, .high = 10}, options);
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string& name = table.cell(row, "Name");
    const std::string stem = fs::path(name).stem().string();
    const auto file = audio.find(name);
    songs.add({.where = table.where(row),
               .id = stem,
               .file = file == audio.end() ? job.folder / name : file->second,
               .artist = excerpt_of(stem),
               .valence = table.number(row, "Valence"),
               .arousal = table.number(row, "Arousal")});
  }
  ImportReport report = songs.write(job.manifest, "give the folder of a clone of " + kGrekowSource);
  report.notes.push_back(
      "the excerpts are GTZAN's, whose artists are not known: a group is one excerpt");
  return report;
}

}  // namespace

Importer importing::grekow() {
  return importer<RatingOptions>("perceived; Grekow 2018, from GTZAN, " + kGrekowSource,
                                 import_grekow);
}

}  // namespace mer
