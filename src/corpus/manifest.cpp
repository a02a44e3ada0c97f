#include "mer/corpus/manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

constexpr std::string_view kShare = "share_";  // and a class
const std::vector<std::string> kColumns = {"path",    "label",   "labels",        "valence",
                                           "arousal", "dynamic", "share_<class>", "group",
                                           "split",   "id"};
const std::array<std::string, 4> kQuadrants = {"happy", "anger", "sad", "relaxed"};
const std::vector<std::string> kSplitNames = {"train", "validation", "test"};

/// Where in a manifest something is wrong, as messages begin.
std::string at_line(const std::filesystem::path& file, int line) {
  return file.string() + ":" + std::to_string(line) + ": ";
}

bool is_share(const std::string& column) {
  return column.starts_with(kShare) && column.size() > kShare.size();
}

bool is_target(const std::string& column) {
  static const std::set<std::string> kTargets = {"label", "labels", "valence", "arousal",
                                                 "dynamic"};
  return kTargets.count(column) != 0 || is_share(column);
}

void check_columns(const CsvTable& table) {
  std::set<std::string> seen;
  for (const std::string& name : table.columns()) {
    if (!is_share(name) && std::find(kColumns.begin(), kColumns.end(), name) == kColumns.end()) {
      const std::optional<std::string> near = nearest_word(name, kColumns);
      throw UsageError(
          table.where_header() + "unknown column '" + name + "', known are " + join(kColumns, ", "),
          near ? "did you mean '" + *near + "'?" : "remove or rename the column");
    }
    if (!seen.insert(name).second) {
      throw UsageError(table.where_header() + "column '" + name + "' stands there twice",
                       "remove one of the two");
    }
  }
  const std::string hint =
      "the first line must name the columns: path, at least one of label, labels, valence,arousal, "
      "dynamic, share_<class>, and optionally group,split,id";
  table.require({"path"}, hint);
  if (std::none_of(seen.begin(), seen.end(), is_target)) {
    throw UsageError(table.where_header() + "no column says what to learn", hint);
  }
}

/// Spaces around a label would silently make a second class of it.
std::string checked_text(const std::string& where, const std::string& column,
                         const std::string& text) {
  if (!text.empty() &&
      (text.front() == ' ' || text.front() == '\t' || text.back() == ' ' || text.back() == '\t')) {
    throw UsageError(where + column + " '" + text + "' begins or ends with a space",
                     "remove the space");
  }
  return text;
}

/// NaN for an empty cell.
double number_in(const CsvTable& table, std::size_t row, const std::string& column, double low,
                 double high) {
  const std::string& text = table.cell(row, column);
  if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
  double value = 0.0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || parsed != end || !(value >= low && value <= high)) {
    const std::string range = format_number(low) + "…" + format_number(high);
    throw UsageError(table.where(row) + column + " '" + text + "' is not a number in " + range,
                     "scale the ratings to " + range + ", or leave the cell empty");
  }
  return value;
}

/// What `;` separates, each once; nothing for an empty cell.
std::vector<std::string> read_labels(const std::string& where, const std::string& cell) {
  std::vector<std::string> labels;
  for (const std::string& word : split_words(cell, ';')) {
    const std::string label = checked_text(where, "labels", word);
    if (label.empty()) {
      throw UsageError(where + "labels '" + cell + "': one of them is empty",
                       "put one ';' between two labels, none at the ends");
    }
    labels.push_back(label);
  }
  std::sort(labels.begin(), labels.end());
  const auto twice = std::adjacent_find(labels.begin(), labels.end());
  if (twice != labels.end()) {
    throw UsageError(where + "labels '" + cell + "': '" + *twice + "' stands there twice",
                     "remove one of the two");
  }
  return labels;
}

/// In the order of the classes; nothing when no share is known.
std::vector<double> read_shares(const CsvTable& table, std::size_t row,
                                const std::vector<std::string>& classes) {
  constexpr double kRounding = 0.02;  // of published shares
  std::vector<double> shares;
  double sum = 0.0;
  std::size_t known = 0;
  std::size_t columns = 0;
  for (const std::string& name : classes) {
    const std::string column = std::string(kShare) + name;
    const double share = number_in(table, row, column, 0.0, 1.0);
    shares.push_back(std::isnan(share) ? 0.0 : share);
    sum += shares.back();
    columns += table.has(column) ? 1 : 0;
    known += std::isnan(share) ? 0 : 1;
  }
  if (known == 0) return {};
  if (known < columns) {
    throw UsageError(table.where(row) + "some shares are empty, others are not",
                     "fill in all share_<class>, 0 where nobody said so, or leave all empty");
  }
  if (std::abs(sum - 1.0) > kRounding) {
    throw UsageError(table.where(row) + "the shares' sum is " + format_number(sum) + ", not 1",
                     "a share is the part of the raters who chose the class");
  }
  return shares;
}

/// Files are told from folders and from nothing, so that a typing error is found before any work.
/// @return  where the listed file is
std::string checked_file(const std::string& where, const std::string& listed,
                         const std::filesystem::path& folder) {
  const std::filesystem::path path = (folder / listed).lexically_normal();
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(status)) {
    throw UsageError(where + "no such file: '" + listed + "'",
                     "paths are relative to the manifest's folder, '" + folder.string() + "'");
  }
  if (std::filesystem::is_directory(status)) {
    throw UsageError(where + "'" + listed + "' is a folder, not a file",
                     "list the files one by one; for audio `mer import folder` does");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw UsageError(where + "'" + listed + "' is not a regular file", "write it to disk first");
  }
  return path.string();
}

Song read_song(const CsvTable& table, std::size_t row, const std::filesystem::path& folder) {
  const std::string where = table.where(row);
  Song song;
  song.line = table.line(row);
  song.listed_path = table.cell(row, "path");
  if (song.listed_path.empty()) throw UsageError(where + "the path is empty", "fill it in");
  song.label = checked_text(where, "label", table.cell(row, "label"));
  song.labels = read_labels(where, table.cell(row, "labels"));
  song.has_labels = !song.labels.empty();
  song.group = checked_text(where, "group", table.cell(row, "group"));
  song.id = checked_text(where, "id", table.cell(row, "id"));
  song.split = checked_text(where, "split", table.cell(row, "split"));
  if (!song.split.empty() &&
      std::find(kSplitNames.begin(), kSplitNames.end(), song.split) == kSplitNames.end()) {
    throw UsageError(where + "unknown split '" + song.split + "'",
                     "splits are called " + join(kSplitNames, ", "));
  }
  song.valence = number_in(table, row, "valence", -1.0, 1.0);
  song.arousal = number_in(table, row, "arousal", -1.0, 1.0);
  std::vector<std::string> targets;
  for (const std::string& column : table.columns()) {
    if (is_target(column)) targets.push_back(column);
  }
  if (std::all_of(targets.begin(), targets.end(),
                  [&](const std::string& column) { return table.cell(row, column).empty(); })) {
    throw UsageError(where + "the " + join(targets, ", the ") +
                         (targets.size() == 1 ? " is" : " are") +
                         " empty: nothing is known of the song",
                     "fill it in, or remove the line");
  }
  song.path = checked_file(where, song.listed_path, folder);
  const std::string& dynamic = table.cell(row, "dynamic");
  if (!dynamic.empty()) {
    song.dynamic = checked_file(where, dynamic, folder);
    read_emotion_curve(song.dynamic);
  }
  return song;
}

/// The path as listed, without its extension and without leading "./" and "../".
std::string id_of_path(const std::string& listed_path) {
  std::filesystem::path path = std::filesystem::path(listed_path).lexically_normal();
  path.replace_extension();
  std::filesystem::path id;
  for (const std::filesystem::path& part : path) {
    if (part != ".." && part != "." && part != "/") id /= part;
  }
  return id.generic_string();
}

/// Songs whose paths differ only in what id_of_path() drops get a hash of the path as well, all of
/// them, so that an id does not depend on the order of the lines.
void derive_ids(std::vector<Song>& songs) {
  std::map<std::string, int> uses;
  for (const Song& song : songs) {
    ++uses[song.id.empty() ? id_of_path(song.listed_path) : song.id];
  }
  for (Song& song : songs) {
    if (!song.id.empty()) continue;
    const std::string id = id_of_path(song.listed_path);
    song.id =
        uses[id] == 1 && !id.empty() ? id : id + "-" + hash_hex(song.listed_path).substr(0, 8);
  }
}

void check_unique(const std::filesystem::path& file, const std::vector<Song>& songs) {
  std::map<std::string, int> line_of_path;
  std::map<std::string, int> line_of_id;
  AbsolutePaths absolute;
  for (const Song& song : songs) {
    std::error_code error;
    std::filesystem::path place = absolute(song.path);
    if (std::filesystem::is_symlink(place, error)) place = std::filesystem::canonical(place, error);
    const auto [same_path, new_path] = line_of_path.emplace(place.string(), song.line);
    if (!new_path) {
      throw UsageError(at_line(file, song.line) + "path '" + song.listed_path +
                           "' is already in line " + std::to_string(same_path->second),
                       "remove one of the two lines");
    }
    const auto [same_id, new_id] = line_of_id.emplace(song.id, song.line);
    if (!new_id) {
      throw UsageError(at_line(file, song.line) + "id '" + song.id + "' is already in line " +
                           std::to_string(same_id->second),
                       "give every song its own id, or leave the id column out");
    }
  }
}

void check_groups(const std::filesystem::path& file, const std::vector<Song>& songs) {
  std::map<std::string, const Song*> first_of_group;
  for (const Song& song : songs) {
    if (song.split.empty()) continue;
    const Song& first = *first_of_group.emplace(song.group, &song).first->second;
    if (first.split != song.split) {
      throw UsageError(at_line(file, song.line) + "group '" + song.group + "' is in '" +
                           song.split + "' here and in '" + first.split + "' in line " +
                           std::to_string(first.line),
                       "songs of one group must share a split: a model would know the artist");
    }
  }
}

}  // namespace

std::vector<std::string> in_canonical_order(std::vector<std::string> labels) {
  const std::set<std::string> unique(labels.begin(), labels.end());
  std::vector<std::string> ordered;
  for (const std::string& name : kQuadrants) {
    if (unique.count(name) != 0) ordered.push_back(name);
  }
  for (const std::string& name : unique) {
    if (std::find(kQuadrants.begin(), kQuadrants.end(), name) == kQuadrants.end()) {
      ordered.push_back(name);
    }
  }
  return ordered;
}

int Manifest::class_index(const std::string& label) const {
  const auto found = std::find(classes.begin(), classes.end(), label);
  if (found == classes.end()) throw std::invalid_argument("no class '" + label + "'");
  return static_cast<int>(found - classes.begin());
}

void Manifest::require_classes() const {
  for (const Song& song : songs) {
    if (!song.label.empty()) continue;
    throw UsageError(at_line(file, song.line) + "the song has no class",
                     "fill in its label: this system learns one class a song");
  }
}

void Manifest::require_no_single_class() const {
  if (classes.size() != 1) return;
  throw UsageError(file.string() + ": all songs have the label '" + classes.front() +
                       "', at least two classes are needed",
                   "add songs of another class");
}

EmotionCurve read_emotion_curve(const std::filesystem::path& file) {
  const CsvTable table(file);
  table.require({"time_s", "valence", "arousal"}, "a curve has the columns time_s,valence,arousal");
  const bool has_deviations = table.has("valence_sd") && table.has("arousal_sd");
  EmotionCurve curve;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const double time_s = table.number(row, "time_s");
    if (time_s < 0.0 || (row > 0 && time_s <= curve.time_s.back())) {
      throw UsageError(
          table.where(row) + "time_s " + format_number(time_s) +
              (time_s < 0.0 ? " is before the song's start" : " is not after the row before it"),
          "times are seconds of the audio file, ascending");
    }
    curve.time_s.push_back(time_s);
    for (const auto& [column, values] :
         {std::pair("valence", &curve.valence), {"arousal", &curve.arousal}}) {
      if (table.cell(row, column).empty()) {
        throw UsageError(table.where(row) + column + " is empty", "remove the line");
      }
      values->push_back(number_in(table, row, column, -1.0, 1.0));
    }
    if (!has_deviations) continue;
    curve.valence_sd.push_back(number_in(table, row, "valence_sd", 0.0, 2.0));
    curve.arousal_sd.push_back(number_in(table, row, "arousal_sd", 0.0, 2.0));
  }
  if (curve.time_s.empty()) {
    throw UsageError(file.string() + ": the curve has no points", "add one line a time");
  }
  return curve;
}

Manifest Manifest::load(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw UsageError(file.string() + ": no such manifest",
                     "check the path, or write one with `mer import folder DIR -o manifest.csv`");
  }
  const CsvTable table(file);
  check_columns(table);
  const std::filesystem::path folder = file.parent_path();

  Manifest manifest;
  manifest.file = file;
  manifest.has_groups = table.has("group");
  manifest.has_ids = table.has("id");
  manifest.has_splits = table.has("split");
  std::vector<std::string> classes;
  for (const std::string& column : table.columns()) {
    if (is_share(column)) {
      classes.push_back(checked_text(table.where_header(), "class", column.substr(kShare.size())));
    }
  }
  std::set<std::string> tags;
  for (std::size_t row = 0; row < table.size(); ++row) {
    manifest.songs.push_back(read_song(table, row, folder));
    const Song& song = manifest.songs.back();
    if (!song.label.empty()) classes.push_back(song.label);
    tags.insert(song.labels.begin(), song.labels.end());
  }
  manifest.classes = in_canonical_order(std::move(classes));
  manifest.tags.assign(tags.begin(), tags.end());
  for (std::size_t row = 0; row < table.size(); ++row) {
    manifest.songs[row].shares = read_shares(table, row, manifest.classes);
  }
  if (manifest.songs.empty()) {
    throw UsageError(file.string() + ": the manifest lists no songs",
                     "add one line a song below the column names");
  }
  derive_ids(manifest.songs);
  check_unique(file, manifest.songs);
  for (Song& song : manifest.songs) {
    if (song.group.empty()) song.group = song.id;
  }
  check_groups(file, manifest.songs);
  return manifest;
}

}  // namespace mer
