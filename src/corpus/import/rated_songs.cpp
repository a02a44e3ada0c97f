#include "import/rated_songs.hpp"

#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "import/quadrant_labels.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer::importing {
namespace {

/// −1…1 for the scale's ends.
double to_signed_unit(double rating, const Scale& scale) {
  return rounded((rating - scale.middle()) / (scale.high - scale.middle()));
}

void check_on_scale(const std::string& where, const char* name, double rating, const Scale& scale) {
  if (rating >= scale.low && rating <= scale.high) return;
  throw UsageError(where + name + " " + format_number(rating) + " is outside the scale " +
                       format_number(scale.low) + "…" + format_number(scale.high),
                   "take the file as its authors published it");
}

}  // namespace

std::map<std::string, EmotionCurve> read_curves(const std::filesystem::path& valence_file,
                                                const std::filesystem::path& arousal_file) {
  const CsvTable valence(valence_file, CsvTable::Form::kLoose);
  const CsvTable arousal(arousal_file, CsvTable::Form::kLoose);
  for (const CsvTable* table : {&valence, &arousal}) {
    table->require({"song_id"}, "take the file as its authors published it");
  }
  std::map<std::string, std::size_t> arousal_row;
  for (std::size_t row = 0; row < arousal.size(); ++row) {
    arousal_row[arousal.cell(row, "song_id")] = row;
  }
  std::map<std::string, EmotionCurve> curves;
  for (std::size_t row = 0; row < valence.size(); ++row) {
    const auto other = arousal_row.find(valence.cell(row, "song_id"));
    if (other == arousal_row.end()) continue;
    EmotionCurve curve;
    for (const std::string& column : valence.columns()) {
      int time_ms = 0;
      if (std::sscanf(column.c_str(), "sample_%dms", &time_ms) != 1) continue;
      const double v = valence.number_or_nan(row, column);
      const double a = arousal.number_or_nan(other->second, column);
      if (std::isnan(v) || std::isnan(a)) continue;
      check_on_scale(valence.where(row), column.c_str(), v, {.low = -1, .high = 1});
      check_on_scale(arousal.where(other->second), column.c_str(), a, {.low = -1, .high = 1});
      curve.time_s.push_back(time_ms / 1e3);
      curve.valence.push_back(v);
      curve.arousal.push_back(a);
    }
    if (!curve.time_s.empty()) curves[other->first] = std::move(curve);
  }
  return curves;
}

RatedSongs::RatedSongs(Scale scale, const RatingOptions& options)
    : scale_(scale), options_(options) {}

void RatedSongs::add(const RatedSong& song) {
  check_on_scale(song.where, "valence", song.valence, scale_);
  check_on_scale(song.where, "arousal", song.arousal, scale_);
  if (!ids_.insert(song.id).second) {
    repeated_.push_back(song.id);
    return;
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(song.file, ignored)) {
    missing_.push_back(song.id);
    return;
  }
  const double valence = to_signed_unit(song.valence, scale_);
  const double arousal = to_signed_unit(song.arousal, scale_);
  const double zone = 2 * options_.neutral;  // −1…1 is two long
  const bool is_neutral = std::abs(valence) <= zone || std::abs(arousal) <= zone;
  if (is_neutral) {
    ++in_neutral_zone_;
    if (options_.neutral_songs == RatingOptions::NeutralSongs::kLeaveOut) return;
  }
  if (song.artist.empty()) no_artist_.push_back(song.id);
  rows_.push_back({.file = song.file,
                   .label = is_neutral ? "" : label_of_ratings(valence, arousal),
                   .group = song.artist.empty() ? "song " + song.id : song.artist,
                   .split = song.split,
                   .id = song.id,
                   .valence = valence,
                   .arousal = arousal});
}

ImportReport RatedSongs::write(const std::filesystem::path& manifest, const std::string& audio_hint,
                               const std::map<std::string, EmotionCurve>& curves) {
  const double half_width = options_.neutral * (scale_.high - scale_.low);
  const std::string zone = format_number(rounded(scale_.middle() - half_width)) + "…" +
                           format_number(rounded(scale_.middle() + half_width)) + " of " +
                           format_number(scale_.low) + "…" + format_number(scale_.high);
  if (rows_.empty()) {
    if (in_neutral_zone_ == 0) {
      throw UsageError(
          "none of the " + std::to_string(missing_.size()) + " rated songs has its audio",
          audio_hint);
    }
    throw UsageError("all " + std::to_string(in_neutral_zone_) +
                         " songs with audio lie in the neutral zone (" + zone + ")",
                     "take a smaller --neutral");
  }
  ImportReport report;
  report.notes.push_back("valence and arousal are rescaled from " + format_number(scale_.low) +
                         "…" + format_number(scale_.high) + " to -1…1");
  const bool keeps = options_.neutral_songs == RatingOptions::NeutralSongs::kKeep;
  report.notes.push_back(std::to_string(in_neutral_zone_) +
                         " songs have their valence or arousal in the neutral zone (" + zone +
                         ") and " + (keeps ? "have no class" : "are left out"));
  if (!missing_.empty()) {
    report.warnings.push_back(listing(missing_, "rated songs have no audio and are left out"));
  }
  if (!repeated_.empty()) {
    report.warnings.push_back(listing(repeated_, "songs are rated twice; the first line counts"));
  }
  if (!no_artist_.empty()) {
    report.warnings.push_back(
        listing(no_artist_, "songs have no artist; each is a group of its own"));
  }
  separate_groups(rows_, report);
  std::size_t with_curve = 0;
  for (ManifestRow& row : rows_) {
    const auto curve = curves.find(row.id);
    if (curve == curves.end()) continue;
    row.dynamic = write_curve(curve->second, manifest, row.id);
    ++with_curve;
  }
  if (with_curve > 0) {
    report.notes.push_back(std::to_string(with_curve) +
                           " songs have ratings over time: " + curves_folder(manifest).string());
  }
  write_manifest(rows_, manifest, report);
  return report;
}

}  // namespace mer::importing
