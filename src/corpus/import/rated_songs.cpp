#include "import/rated_songs.hpp"

#include <cmath>
#include <stdexcept>

#include "import/quadrant_labels.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer::importing {
namespace {

/// Ratings are decimal numbers: 5.8 of 1…9 becomes 0.2, not a little less.
double rounded(double value) {
  constexpr double kSteps = 1e9;
  return std::round(value * kSteps) / kSteps;
}

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

RatedSongs::RatedSongs(Scale scale, const RatingOptions& options)
    : scale_(scale), neutral_(options.neutral) {}

void RatedSongs::add(const std::string& where, const std::string& id,
                     const std::filesystem::path& file, const std::string& artist, double valence,
                     double arousal) {
  check_on_scale(where, "valence", valence, scale_);
  check_on_scale(where, "arousal", arousal, scale_);
  if (!ids_.insert(id).second) {
    repeated_.push_back(id);
    return;
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    missing_.push_back(id);
    return;
  }
  const double signed_valence = to_signed_unit(valence, scale_);
  const double signed_arousal = to_signed_unit(arousal, scale_);
  const double zone = 2 * neutral_;  // −1…1 is two long
  if (std::abs(signed_valence) <= zone || std::abs(signed_arousal) <= zone) {
    ++in_neutral_zone_;
    return;
  }
  if (artist.empty()) no_artist_.push_back(id);
  rows_.push_back({.file = file,
                   .label = label_of_ratings(signed_valence, signed_arousal),
                   .group = artist.empty() ? "song " + id : artist,
                   .id = id,
                   .valence = signed_valence,
                   .arousal = signed_arousal});
}

ImportReport RatedSongs::write(const std::filesystem::path& manifest,
                               const std::string& audio_hint) const {
  const double half_width = neutral_ * (scale_.high - scale_.low);
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
  report.notes.push_back(std::to_string(in_neutral_zone_) +
                         " songs have their valence or arousal in the neutral zone (" + zone +
                         ") and are left out");
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
  write_manifest(rows_, manifest, report);
  return report;
}

}  // namespace mer::importing
