#include <map>

#include "import/importers.hpp"
#include "import/rated_songs.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// The layout is that of the three archives on https://cvml.unige.ch/databases/DEAM/ (described in
// its manual.pdf), each unpacked into the same folder or into one of its own name:
//   DEAM_Annotations.zip  annotations/annotations averaged per song/song_level/
//                         static_annotations_averaged_songs_{1_2000,2000_2058}.csv with the columns
//                         "song_id, valence_mean, valence_std, arousal_mean, arousal_std", of 1…9
//                         annotations/annotations averaged per song/dynamic (per second
//                         annotations)/ {valence,arousal}.csv: song_id, sample_15000ms,
//                         sample_15500ms, …: 2 Hz, of −1…1, from 15 s on, because ratings at the
//                         start are unstable
//   DEAM_audio.zip        MEMD_audio/<song_id>.mp3
//   metadata.zip          metadata/metadata_{2013,2014,2015}.csv: each names its columns
//   differently,
//                         has tabs around its cells and rows longer than its header
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const char* const kDeamSource = "https://cvml.unige.ch/databases/DEAM/";

fs::path annotation_file(const fs::path& folder, const std::string& name) {
  const std::string path = "annotations/annotations averaged per song/song_level/" + name;
  return find_below(
      folder, {path, "DEAM_Annotations/" + path},
      std::string("unpack DEAM_Annotations.zip from ") + kDeamSource + " into this folder");
}

/// song id → artist, of the metadata files that are there.
std::map<std::string, std::string> artists(const fs::path& folder, ImportReport& report) {
  struct MetadataFile {
    const char* name;
    const char* id_column;
    const char* artist_column;
  };
  std::map<std::string, std::string> artist_of;
  for (const MetadataFile& metadata : {MetadataFile{"metadata_2013.csv", "song_id", "Artist"},
                                       MetadataFile{"metadata_2014.csv", "Id", "Artist"},
                                       MetadataFile{"metadata_2015.csv", "id", "artist"}}) {
    fs::path file;
    try {
      const std::string path = std::string("metadata/") + metadata.name;
      file = find_below(folder, {path, "DEAM_metadata/" + path}, "");
    } catch (const UsageError&) {
      report.warnings.push_back(std::string(metadata.name) +
                                " is not there, so its songs have no artist: unpack metadata.zip "
                                "from " +
                                kDeamSource + " into the corpus' folder");
      continue;
    }
    const CsvTable table(file, CsvTable::Form::kLoose);
    table.require({metadata.id_column, metadata.artist_column},
                  "take the file as its authors published it");
    for (std::size_t row = 0; row < table.size(); ++row) {
      artist_of[table.cell(row, metadata.id_column)] =
          to_valid_utf8(table.cell(row, metadata.artist_column));
    }
  }
  return artist_of;
}

/// Valence and arousal over time, where they were unpacked.
std::map<std::string, EmotionCurve> curves(const fs::path& folder) {
  const std::string path =
      "annotations/annotations averaged per song/dynamic (per second annotations)/";
  for (const fs::path& place : {folder / path, folder / "DEAM_Annotations" / path}) {
    std::error_code ignored;
    if (fs::exists(place, ignored))
      return read_curves(place / "valence.csv", place / "arousal.csv");
  }
  return {};
}

/// DEAM (Aljanaki, Yang & Soleymani 2017), perceived emotion: song-level averages of 1…9 in
/// `annotations/`, `MEMD_audio/`, artists in `metadata/`. Valence and arousal come in −1…1, and
/// over time as curves beside the manifest.
ImportReport import_deam(const ImportJob& job, const RatingOptions& options) {
  const fs::path& folder = job.folder;
  require_folder(folder);
  const std::string audio_hint =
      std::string("unpack DEAM_audio.zip from ") + kDeamSource + ": MEMD_audio/2.mp3, …";
  RatedSongs songs({.low = 1, .high = 9}, options);
  ImportReport about_artists;
  const std::map<std::string, std::string> artist_of = artists(folder, about_artists);
  const fs::path audio =
      find_below(folder, {"MEMD_audio", "DEAM_audio/MEMD_audio", "audio"}, audio_hint);
  for (const char* name : {"static_annotations_averaged_songs_1_2000.csv",
                           "static_annotations_averaged_songs_2000_2058.csv"}) {
    const CsvTable table(annotation_file(folder, name), CsvTable::Form::kLoose);
    table.require({"song_id", "valence_mean", "arousal_mean"},
                  "take the file as its authors published it");
    for (std::size_t row = 0; row < table.size(); ++row) {
      const std::string& id = table.cell(row, "song_id");
      const auto artist = artist_of.find(id);
      songs.add({.where = table.where(row),
                 .id = id,
                 .file = audio / (id + ".mp3"),
                 .artist = artist == artist_of.end() ? "" : artist->second,
                 .valence = table.number(row, "valence_mean"),
                 .arousal = table.number(row, "arousal_mean")});
    }
  }
  ImportReport report = songs.write(job.manifest, audio_hint, curves(folder));
  report.warnings.insert(report.warnings.begin(), about_artists.warnings.begin(),
                         about_artists.warnings.end());
  return report;
}

}  // namespace

Importer importing::deam() {
  return importer<RatingOptions>(
      std::string("perceived; Aljanaki et al. 2017, CC licences, ") + kDeamSource, import_deam);
}

}  // namespace mer
