#include <map>

#include "import/importers.hpp"
#include "import/rated_songs.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// The layout is that of the archives on https://cvml.unige.ch/databases/emoMusic/ (described there
// and in its dataset_manual.pdf), each unpacked into the same folder or into one of its own name:
//   annotations.tar.gz  songs_info.csv          song_id, Artist, Mediaeval 2013 set (development,
//                                               evaluation), …
//                       static_annotations.csv  song_id, mean_arousal, mean_valence, …, of 1…9
//                       {valence,arousal}_cont_average.csv
//                                               song_id, sample_15000ms, …: 2 Hz, of −1…1, without
//                                               the first 15 s
//   clips_45sec.tar.gz  <song_id>.mp3, 45 s each
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const std::string kEmoMusicSource = "https://cvml.unige.ch/databases/emoMusic/";

/// Scores on this corpus are of valence and arousal: no song is left out unless that is asked for.
struct EmoMusicOptions : RatingOptions {
  EmoMusicOptions() { neutral_songs = NeutralSongs::kKeep; }
};

struct SongInfo {
  std::string artist;
  std::string split;
};

std::map<std::string, SongInfo> set_of_songs(const fs::path& file) {
  const CsvTable table(file, CsvTable::Form::kLoose);
  table.require({"song_id", "Artist", "Mediaeval 2013 set"}, kAsPublished);
  std::map<std::string, SongInfo> songs;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string& set = table.cell(row, "Mediaeval 2013 set");
    if (set != "development" && set != "evaluation") {
      throw UsageError(table.where(row) + "unknown set '" + set + "'", kAsPublished);
    }
    songs[table.cell(row, "song_id")] = {to_valid_utf8(table.cell(row, "Artist")),
                                         set == "development" ? "train" : "test"};
  }
  return songs;
}

/// emoMusic, the corpus of MediaEval 2013 (Soleymani et al. 2013), perceived emotion: 744 clips,
/// averages of 1…9 and over time, with the official division into development (train) and
/// evaluation (test).
ImportReport import_emomusic(const ImportJob& job, const EmoMusicOptions& options) {
  const fs::path& folder = job.folder;
  require_folder(folder);
  const std::string hint =
      "unpack annotations.tar.gz from " + kEmoMusicSource + " into this folder";
  const std::string audio_hint = "unpack clips_45sec.tar.gz from " + kEmoMusicSource + ": 2.mp3, …";
  const fs::path info = find_below(folder, {"annotations/songs_info.csv", "songs_info.csv"}, hint);
  const fs::path annotations = info.parent_path();
  const fs::path clips =
      find_below(folder, {"clips_45seconds", "clips_45sec/clips_45seconds", "clips_45sec", "clips"},
                 audio_hint);
  const std::map<std::string, SongInfo> song_of = set_of_songs(info);
  const CsvTable table(find_below(annotations, {"static_annotations.csv"}, hint),
                       CsvTable::Form::kLoose);
  table.require({"song_id", "mean_arousal", "mean_valence"}, kAsPublished);
  RatedSongs songs({.low = 1, .high = 9}, options);
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string& id = table.cell(row, "song_id");
    const auto song = song_of.find(id);
    if (song == song_of.end()) {
      throw UsageError(table.where(row) + "song '" + id + "' is not in songs_info.csv",
                       kAsPublished);
    }
    songs.add({.where = table.where(row),
               .id = id,
               .file = clips / (id + ".mp3"),
               .artist = song->second.artist,
               .valence = table.number(row, "mean_valence"),
               .arousal = table.number(row, "mean_arousal"),
               .split = song->second.split});
  }
  return songs.write(job.manifest, audio_hint,
                     read_curves(find_below(annotations, {"valence_cont_average.csv"}, hint),
                                 find_below(annotations, {"arousal_cont_average.csv"}, hint)));
}

}  // namespace

Importer importing::emomusic() {
  return importer<EmoMusicOptions>(
      "perceived; Soleymani et al. 2013, CC licences, " + kEmoMusicSource, import_emomusic);
}

}  // namespace mer
