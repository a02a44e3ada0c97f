#include <map>

#include "import/importers.hpp"
#include "import/rated_songs.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// The layout is that of PMEmo2019.zip (https://github.com/HuiZhangDB/PMEmo, README and
// img/ContentDescription.png; the columns of the ratings as in its static_MER.ipynb):
//   metadata.csv                        musicId,fileName,title,artist,album,duration,
//                                       chorus_start_time,chorus_end_time
//   annotations/static_annotations.csv  musicId,Arousal(mean),Valence(mean), of 0…1
//   chorus/<fileName>                   the chorus of each song
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

struct PmemoSong {
  std::string file_name;
  std::string artist;
};

std::map<std::string, PmemoSong> songs_of(const fs::path& file) {
  const CsvTable table(file, CsvTable::Form::kLoose);
  table.require({"musicId", "fileName", "artist"}, "take the file as its authors published it");
  std::map<std::string, PmemoSong> songs;
  for (std::size_t row = 0; row < table.size(); ++row) {
    songs[table.cell(row, "musicId")] = {table.cell(row, "fileName"),
                                         to_valid_utf8(table.cell(row, "artist"))};
  }
  return songs;
}

/// PMEmo (Zhang et al. 2018), *induced* emotion: averages of 0…1 in
/// `annotations/static_annotations.csv`, `chorus/`, artists in `metadata.csv`. Valence and arousal
/// come in −1…1.
ImportReport import_pmemo(const ImportJob& job, const RatingOptions& options) {
  require_folder(job.folder);
  const std::string hint =
      "PMEmo2019.zip, linked from https://github.com/HuiZhangDB/PMEmo, has it; give the folder in "
      "which its metadata.csv lies";
  const fs::path metadata =
      find_below(job.folder, {"metadata.csv", "PMEmo2019/metadata.csv"}, hint);
  const fs::path folder = metadata.parent_path();
  std::map<std::string, PmemoSong> song_of = songs_of(metadata);
  const fs::path ratings_file =
      find_below(folder, {"annotations/static_annotations.csv", "static_annotations.csv"}, hint);
  const fs::path chorus = find_below(folder, {"chorus"}, hint);

  const CsvTable ratings(ratings_file, CsvTable::Form::kLoose);
  ratings.require({"musicId", "Arousal(mean)", "Valence(mean)"},
                  "take the file as its authors published it");
  RatedSongs songs({.low = 0, .high = 1}, options);
  for (std::size_t row = 0; row < ratings.size(); ++row) {
    const std::string& id = ratings.cell(row, "musicId");
    const PmemoSong& song = song_of[id];
    songs.add({.where = ratings.where(row),
               .id = id,
               .file = chorus / (song.file_name.empty() ? id + ".mp3" : song.file_name),
               .artist = song.artist,
               .valence = ratings.number(row, "Valence(mean)"),
               .arousal = ratings.number(row, "Arousal(mean)")});
  }
  ImportReport report =
      songs.write(job.manifest, "the choruses belong into " + chorus.string() + ": 1.mp3, …");
  report.notes.push_back("the labels are induced emotion: what listeners felt");
  return report;
}

}  // namespace

Importer importing::pmemo() {
  return importer<RatingOptions>(
      "INDUCED; Zhang et al. 2018, for research, https://github.com/HuiZhangDB/PMEmo",
      import_pmemo);
}

}  // namespace mer
