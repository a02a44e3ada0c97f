#pragma once

#include <map>
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
  /// neutral: 0.1 means 4.2…5.8 on a scale of 1…9.
  double neutral = 0.1;
  enum class NeutralSongs { kLeaveOut, kKeep } neutral_songs = NeutralSongs::kLeaveOut;

  void visit(OptionsVisitor& v) {
    v.field("neutral", neutral, between(0.0, 0.49),
            "this near the middle, in shares of the scale, a song has no class");
    v.choice("neutral-songs", neutral_songs,
             {{"leave_out", NeutralSongs::kLeaveOut}, {"keep", NeutralSongs::kKeep}},
             "such songs; keep = valence and arousal alone");
  }
};

/// A song as a corpus rates it.
struct RatedSong {
  std::string where;  ///< "file:line: ", for the message when a rating is outside the scale
  std::string id;
  std::filesystem::path file;
  std::string artist;    ///< empty = not known
  double valence = 0.0;  ///< on the corpus' scale, as arousal
  double arousal = 0.0;
  std::string split = {};
};

/// Averages over time as MediaEval's corpora publish them: a row a song, `song_id` and a column
/// `sample_<milliseconds>ms` a time, of −1…1; cells behind a song's end are empty.
/// @return  the songs that have ratings of both axes at some time
std::map<std::string, EmotionCurve> read_curves(const std::filesystem::path& valence_file,
                                                const std::filesystem::path& arousal_file);

/// Songs with ratings, made into rows of a manifest.
class RatedSongs {
 public:
  RatedSongs(Scale scale, const RatingOptions& options);

  /// Takes a song. One without audio (its file does not exist) is counted and left out, one in the
  /// neutral zone is counted; one without artist is a group of its own.
  void add(const RatedSong& song);

  /// Writes the manifest and says what was left out.
  /// @param audio_hint  where the audio belongs, for when none of it is there
  /// @param curves      of some of the songs, by id
  ImportReport write(const std::filesystem::path& manifest, const std::string& audio_hint,
                     const std::map<std::string, EmotionCurve>& curves = {});

 private:
  Scale scale_;
  RatingOptions options_;
  std::vector<ManifestRow> rows_;
  std::set<std::string> ids_;
  std::vector<std::string> missing_;
  std::vector<std::string> repeated_;
  std::vector<std::string> no_artist_;
  std::size_t in_neutral_zone_ = 0;
};

}  // namespace mer::importing
