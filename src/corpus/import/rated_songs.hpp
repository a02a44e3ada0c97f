#pragma once

#include <set>
#include <string>
#include <vector>

#include "import/importing.hpp"

namespace mer::importing {

/// The scale on which a corpus rates valence and arousal.
struct Scale {
  double low;
  double high;
  double middle() const { return (low + high) / 2; }
};

/// How ratings of valence and arousal become classes.
struct RatingOptions {
  /// Songs whose valence or arousal is within this share of the scale's range of its middle are
  /// left out: 0.1 means 4.2…5.8 on a scale of 1…9.
  double neutral = 0.1;

  void visit(OptionsVisitor& v) {
    v.field("neutral", neutral, between(0.0, 0.49),
            "leave out songs whose valence or arousal is this share of the scale or less from its "
            "middle");
  }
};

/// Songs with ratings, made into rows of a manifest.
class RatedSongs {
 public:
  RatedSongs(Scale scale, const RatingOptions& options);

  /// Takes a song of that id, ratings on the corpus' scale. One without audio (`file` does not
  /// exist) or in the neutral zone is counted and left out; one without artist is a group of its
  /// own.
  /// @param where  "file:line: ", for the message when a rating is outside the scale
  void add(const std::string& where, const std::string& id, const std::filesystem::path& file,
           const std::string& artist, double valence, double arousal);

  /// Writes the manifest and says what was left out.
  /// @param audio_hint  where the audio belongs, for when none of it is there
  ImportReport write(const std::filesystem::path& manifest, const std::string& audio_hint) const;

 private:
  Scale scale_;
  double neutral_;
  std::vector<ManifestRow> rows_;
  std::set<std::string> ids_;
  std::vector<std::string> missing_;
  std::vector<std::string> repeated_;
  std::vector<std::string> no_artist_;
  std::size_t in_neutral_zone_ = 0;
};

}  // namespace mer::importing
