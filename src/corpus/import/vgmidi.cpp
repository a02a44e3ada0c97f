#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "import/importers.hpp"
#include "import/importing.hpp"
#include "import/midi_clips.hpp"
#include "import/midi_files.hpp"
#include "import/quadrant_labels.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

// Two layouts.
// The authors' repository (https://github.com/lucasnfe/vgmidi):
//   annotations/vgmidi_raw_{1,2}.json
//     "pieces":      {"piece0": {"midi": "Final_Fantasy_7_AnxiousHeart.mid", "duration": 107 (s),
//                     "measures": 32, …}, …}
//     "annotations": {"piece0_1": {"valence": [one number a measure, −1…1], "arousal": […], …}, …},
//                    one a rater; some are of pieces that are not in the file, or break off
//   labelled/midi/ or midi/, the MIDI files
// Tables made of it: pieces.csv with id,midi,group,duration_s,valence,arousal,label,share_<class>…;
//   over_time.csv with id,time_s,valence,arousal; midi/ or midi.zip.
// Times are of the authors' own audio, that lasts "duration": in a rendering of the MIDI file,
// which may play faster or slower, they are stretched to its length.
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const std::string kVgmidiSource = "https://github.com/lucasnfe/vgmidi";
const std::string kGetVgmidi = "give the folder of a clone of " + kVgmidiSource;

struct Piece {
  ManifestRow row;
  std::string midi;
  double duration_s = 0.0;
  EmotionCurve curve;
};

std::vector<Piece> pieces_of_tables(const fs::path& folder) {
  const CsvTable table(folder / "pieces.csv");
  table.require({"id", "midi", "group", "duration_s", "valence", "arousal", "label"}, kGetVgmidi);
  std::vector<Piece> pieces;
  std::map<std::string, std::size_t> piece_of;
  std::set<std::string> seen;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string& id = table.cell(row, "id");
    check_id(table.where(row), id, seen);
    piece_of[id] = pieces.size();
    pieces.push_back({{.file = {},
                       .label = table.cell(row, "label"),
                       .group = table.cell(row, "group"),
                       .id = id,
                       .valence = table.number(row, "valence"),
                       .arousal = table.number(row, "arousal")},
                      table.cell(row, "midi"),
                      table.number(row, "duration_s"),
                      {}});
    for (const std::string& column : table.columns()) {
      if (!column.starts_with("share_")) continue;
      pieces.back().row.shares[column.substr(6)] = table.number(row, column);
    }
  }
  const CsvTable over_time(find_below(folder, {"over_time.csv"}, kGetVgmidi));
  over_time.require({"id", "time_s", "valence", "arousal"}, kGetVgmidi);
  const bool has_deviations = over_time.has("valence_sd") && over_time.has("arousal_sd");
  for (std::size_t row = 0; row < over_time.size(); ++row) {
    const auto piece = piece_of.find(over_time.cell(row, "id"));
    if (piece == piece_of.end()) continue;
    EmotionCurve& curve = pieces[piece->second].curve;
    curve.time_s.push_back(over_time.number(row, "time_s"));
    curve.valence.push_back(over_time.number(row, "valence"));
    curve.arousal.push_back(over_time.number(row, "arousal"));
    if (!has_deviations) continue;
    curve.valence_sd.push_back(over_time.number(row, "valence_sd"));
    curve.arousal_sd.push_back(over_time.number(row, "arousal_sd"));
  }
  return pieces;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Sums over raters, measure by measure.
struct RaterSums {
  std::vector<double> sum;
  std::vector<double> squares;

  void add(const std::vector<double>& values) {
    sum.resize(values.size(), 0.0);
    squares.resize(values.size(), 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum[i] += values[i];
      squares[i] += values[i] * values[i];
    }
  }
  double mean(std::size_t measure, double count) const { return rounded(sum[measure] / count); }
  double deviation(std::size_t measure, double count) const {
    const double mean = sum[measure] / count;
    return rounded(std::sqrt(std::max(0.0, squares[measure] / count - mean * mean)));
  }
};

/// Means over the raters, and which share of them has its own mean in each quadrant.
std::vector<Piece> pieces_of_raw(const fs::path& file) {
  std::vector<Piece> pieces;
  const nlohmann::json json = nlohmann::json::parse(read_text_file(file));
  const nlohmann::json& annotations = json.at("annotations");
  for (const auto& [key, piece] : json.at("pieces").items()) {
    const auto measures = piece.at("measures").get<std::size_t>();
    RaterSums valence;
    RaterSums arousal;
    std::map<std::string, double> raters = {{"happy", 0}, {"anger", 0}, {"sad", 0}, {"relaxed", 0}};
    double count = 0.0;
    for (const auto& [rater, ratings] : annotations.items()) {
      if (rater.substr(0, rater.rfind('_')) != key) continue;
      const auto own_valence = ratings.at("valence").get<std::vector<double>>();
      const auto own_arousal = ratings.at("arousal").get<std::vector<double>>();
      if (own_valence.size() != measures || own_arousal.size() != measures) continue;
      valence.add(own_valence);
      arousal.add(own_arousal);
      ++raters[label_of_ratings(mean(own_valence), mean(own_arousal))];
      ++count;
    }
    if (count == 0.0) continue;
    Piece next;
    next.midi = piece.at("midi").get<std::string>();
    next.duration_s = piece.at("duration").get<double>();
    for (std::size_t i = 0; i < measures; ++i) {
      next.curve.time_s.push_back(rounded((static_cast<double>(i) + 0.5) * next.duration_s /
                                          static_cast<double>(measures)));
      next.curve.valence.push_back(valence.mean(i, count));
      next.curve.arousal.push_back(arousal.mean(i, count));
      next.curve.valence_sd.push_back(valence.deviation(i, count));
      next.curve.arousal_sd.push_back(arousal.deviation(i, count));
    }
    for (auto& [name, share] : raters) share = rounded(share / count);
    next.row.id = fs::path(next.midi).stem().string();
    next.row.group = next.row.id.substr(0, next.row.id.rfind('_'));  // the game
    next.row.valence = rounded(mean(next.curve.valence));
    next.row.arousal = rounded(mean(next.curve.arousal));
    next.row.label = label_of_ratings(next.row.valence, next.row.arousal);
    next.row.shares = raters;
    pieces.push_back(std::move(next));
  }
  return pieces;
}

std::vector<Piece> pieces_of(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "pieces.csv", ignored)) return pieces_of_tables(folder);
  std::vector<Piece> pieces;
  std::set<std::string> seen;
  for (const std::string name : {"vgmidi_raw_1.json", "vgmidi_raw_2.json"}) {
    const fs::path file =
        find_below(folder, {"annotations/" + name, "labelled/annotations/" + name}, kGetVgmidi);
    try {
      for (Piece& piece : pieces_of_raw(file)) {
        check_id(file.string() + ": ", piece.row.id, seen);
        pieces.push_back(std::move(piece));
      }
    } catch (const nlohmann::json::exception& error) {
      throw UsageError(file.string() + ": not as its authors published it: " + error.what(),
                       kGetVgmidi);
    }
  }
  return pieces;
}

/// VGMIDI (Ferreira & Whitehead 2019), piano arrangements of game music, valence and arousal a
/// measure by 30 raters; group = the game or its series.
ImportReport import_vgmidi(const ImportJob& job, const MidiRenderOptions& rendering) {
  require_folder(job.folder);
  std::vector<Piece> pieces = pieces_of(job.folder);
  std::vector<ClipName> names;
  for (const Piece& piece : pieces) names.push_back({piece.row.id, piece.midi});
  ImportReport report;
  const ClipAudio audio = audio_of_clips(names, rendering, job, kGetVgmidi, report);
  const std::unique_ptr<MidiFiles> midis =
      audio.is_rendered ? open_midi_files(job.folder, kGetVgmidi) : nullptr;
  std::vector<ManifestRow> rows;
  std::vector<std::string> missing;
  for (Piece& piece : pieces) {
    const auto file = audio.files.find(piece.row.id);
    if (file == audio.files.end()) {
      missing.push_back(piece.row.id);
      continue;
    }
    piece.row.file = file->second;
    if (midis && piece.duration_s > 0.0) {
      const double stretch = midi_seconds(midis->read(piece.midi).value_or("")) / piece.duration_s;
      for (double& time_s : piece.curve.time_s) {
        if (stretch > 0.0) time_s = std::round(time_s * stretch * 1e3) / 1e3;
      }
    }
    if (!piece.curve.time_s.empty()) {
      piece.row.dynamic = write_curve(piece.curve, job.manifest, piece.row.id);
    }
    rows.push_back(piece.row);
  }
  if (rows.empty() && !report.failures.empty()) return report;
  if (rows.empty()) {
    throw UsageError(job.folder.string() + ": none of the " + std::to_string(pieces.size()) +
                         " pieces has its audio or MIDI file",
                     kGetVgmidi);
  }
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "pieces have no audio and are left out"));
  }
  write_manifest(rows, job.manifest, report);
  return report;
}

}  // namespace

Importer importing::vgmidi() {
  return importer<MidiRenderOptions>(
      "perceived; Ferreira & Whitehead 2019, no licence stated, " + kVgmidiSource, import_vgmidi);
}

}  // namespace mer
