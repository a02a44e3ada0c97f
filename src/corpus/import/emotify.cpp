#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "import/importers.hpp"
#include "import/importing.hpp"
#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"

// The layout is that of http://www2.projects.science.uu.nl/memotion/emotifydata/ (data.csv and
// emotifymusic.zip): "each line in the file corresponds to one participant (i.e., annotations are
// not averaged per song)", with the columns "track id, genre, amazement, solemnity, tenderness,
// nostalgia, calmness, power, joyful_activation, tension, sadness, mood, liked, disliked, age,
// gender, mother tongue", 1 where the emotion was felt. Tracks are numbered 1…400; their files
// emotifymusic/<genre>/1.mp3…100.mp3 are numbered within each of the four genres.
namespace mer {

namespace fs = std::filesystem;
using namespace importing;

namespace {

const char* const kEmotifySource = "http://www2.projects.science.uu.nl/memotion/emotifydata/";
constexpr int kTracksPerGenre = 100;

constexpr std::size_t kNumCategories = 9;
const std::array<const char*, kNumCategories> kCategories = {
    "amazement", "solemnity",         "tenderness", "nostalgia", "calmness",
    "power",     "joyful_activation", "tension",    "sadness"};

struct Track {
  int number = 0;
  std::string genre;
  int listeners = 0;
  std::array<int, kNumCategories> chosen = {};  ///< by how many listeners
};

std::optional<std::string> label_of_category(const std::string& category) {
  if (category == "joyful_activation") return "happy";
  if (category == "tension") return "anger";
  if (category == "sadness") return "sad";
  if (category == "calmness") return "relaxed";
  return std::nullopt;
}

/// The class of a track whose largest share is clear. In whole numbers: a share of 0.25 is reached
/// by one listener in four, whatever a quotient would be rounded to.
std::optional<std::string> label_of(const Track& track) {
  const auto top = std::max_element(track.chosen.begin(), track.chosen.end());
  int next = 0;
  for (auto chosen = track.chosen.begin(); chosen != track.chosen.end(); ++chosen) {
    if (chosen != top) next = std::max(next, *chosen);
  }
  const bool is_large = 4 * *top >= track.listeners;
  const bool is_ahead = 10 * (*top - next) >= track.listeners;
  if (!is_large || !is_ahead) return std::nullopt;
  return label_of_category(kCategories[static_cast<std::size_t>(top - track.chosen.begin())]);
}

int whole_number(const CsvTable& table, std::size_t row, const std::string& column, int least,
                 int greatest) {
  const std::string& text = table.cell(row, column);
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || parsed != end || value < least || value > greatest) {
    throw UsageError(table.where(row) + column + " '" + text + "' is not a whole number " +
                         std::to_string(least) + "…" + std::to_string(greatest),
                     "take the file as its authors published it");
  }
  return value;
}

/// Sums over listeners, by track number.
std::map<int, Track> tracks_of(const fs::path& file) {
  const CsvTable table(file, CsvTable::Form::kLoose);
  const std::string hint = std::string("take data.csv as it is at ") + kEmotifySource;
  table.require({"track id", "genre"}, hint);
  for (const char* category : kCategories) table.require({category}, hint);
  std::map<int, Track> tracks;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const int number = whole_number(table, row, "track id", 1, 1 << 20);
    Track& track = tracks[number];
    track.number = number;
    track.genre = table.cell(row, "genre");
    ++track.listeners;
    for (std::size_t i = 0; i < kNumCategories; ++i) {
      track.chosen[i] += whole_number(table, row, kCategories[i], 0, 1);
    }
  }
  return tracks;
}

std::string id_of(const Track& track) { return track.genre + "-" + std::to_string(track.number); }

/// Also finds files that someone renamed by the numbers of data.csv: a genre's folder never holds
/// both of a track's numbers unless they are the same.
std::optional<fs::path> audio_of(const Track& track, const fs::path& music) {
  const int within_genre = (track.number - 1) % kTracksPerGenre + 1;
  for (const int number : {track.number, within_genre}) {
    const fs::path file = music / track.genre / (std::to_string(number) + ".mp3");
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) return file;
  }
  return std::nullopt;
}

/// id,genre,listeners, the nine shares, and the class that the rule gives.
std::string shares_table(const std::map<int, Track>& tracks) {
  std::vector<std::string> line = {"id", "genre", "listeners"};
  line.insert(line.end(), kCategories.begin(), kCategories.end());
  line.push_back("label");
  std::string text = csv_line(line);
  for (const auto& [number, track] : tracks) {
    line = {id_of(track), track.genre, std::to_string(track.listeners)};
    for (const int chosen : track.chosen) {
      line.push_back(format_number(static_cast<double>(chosen) / track.listeners));
    }
    line.push_back(label_of(track).value_or(""));
    text += csv_line(line);
  }
  return text;
}

/// Emotify (Aljanaki, Wiering & Veltkamp 2016), *induced* emotion: `data.csv`, a line a listener,
/// and `emotifymusic/<genre>/<number>.mp3`.
///
/// A track's share of a GEMS category is the share of its listeners who chose it. A track is in the
/// manifest when the largest of its nine shares is clear (at least 0.25 and at least 0.10 ahead of
/// the next) and of joyful activation (happy), tension (anger), sadness (sad) or calmness
/// (relaxed). All tracks' shares are written to `<manifest's stem>.gems.csv` beside the manifest.
ImportReport import_emotify(const ImportJob& job) {
  const auto& [folder, manifest, progress, stop] = job;
  require_folder(folder);
  const std::string hint = std::string("fetch data.csv and emotifymusic.zip from ") +
                           kEmotifySource + " and unpack the latter into this folder";
  const std::map<int, Track> tracks = tracks_of(find_below(folder, {"data.csv"}, hint));
  const fs::path music = find_below(folder, {"emotifymusic", "classical"}, hint);
  const fs::path genres = music.filename() == "classical" ? folder : music;

  std::vector<ManifestRow> rows;
  std::vector<std::string> missing;
  std::size_t unclear = 0;
  for (const auto& [number, track] : tracks) {
    const std::optional<std::string> label = label_of(track);
    const std::optional<fs::path> audio = audio_of(track, genres);
    if (!audio) {
      missing.push_back(id_of(track));
    } else if (!label) {
      ++unclear;
    } else {
      rows.push_back({.file = *audio, .label = *label, .id = id_of(track)});
    }
  }
  if (missing.size() == tracks.size()) {
    throw UsageError(folder.string() + ": none of the " + std::to_string(tracks.size()) +
                         " tracks has its audio",
                     hint);
  }
  if (rows.empty()) {
    throw UsageError(folder.string() + ": no track has a clear emotion of the four classes",
                     "is data.csv complete?");
  }
  fs::path shares = manifest;
  shares.replace_extension(".gems.csv");
  const std::string table = shares_table(tracks);
  std::error_code ignored;
  if (fs::exists(shares, ignored) && !read_text_file(shares).starts_with("id,genre,listeners,")) {
    throw UsageError(shares.string() + ": is there already and is no table of shares",
                     "give the manifest another name");
  }
  ImportReport report;
  write_manifest(rows, manifest, report);
  write_text_file(shares, table);
  report.notes.push_back("the labels are induced emotion: what listeners felt");
  report.notes.push_back("the nine GEMS shares of all " + std::to_string(tracks.size()) +
                         " tracks: " + shares.string());
  report.notes.push_back(std::to_string(unclear) +
                         " tracks are left out: their largest share is below 0.25, less than 0.10 "
                         "ahead, or of another emotion than the four");
  report.warnings.push_back(
      "no groups: the corpus names no artists, so songs of one artist may fall into training and "
      "test, which flatters the scores");
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "tracks have no audio and are left out"));
  }
  return report;
}

}  // namespace

Importer importing::emotify() {
  return importer(
      std::string("INDUCED; Aljanaki et al. 2016, no licence but \"cite the paper\", ") +
          kEmotifySource,
      import_emotify);
}

}  // namespace mer
