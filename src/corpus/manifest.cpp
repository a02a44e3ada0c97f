#include "mer/corpus/manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

const std::vector<std::string> kColumns = {"path", "label",   "group",  "split",
                                           "id",   "valence", "arousal"};
const std::array<std::string, 4> kQuadrants = {"happy", "anger", "sad", "relaxed"};
const std::vector<std::string> kSplitNames = {"train", "validation", "test"};

/// Where in a manifest something is wrong, as messages begin.
std::string at_line(const std::filesystem::path& file, int line) {
  return file.string() + ":" + std::to_string(line) + ": ";
}

void check_columns(const CsvTable& table) {
  std::set<std::string> seen;
  for (const std::string& name : table.columns()) {
    if (std::find(kColumns.begin(), kColumns.end(), name) == kColumns.end()) {
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
  table.require({"path", "label"},
                "the first line must name the columns: path,label and optionally group,split,id,"
                "valence,arousal");
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

double signed_unit(const std::string& where, const std::string& column, const std::string& text) {
  if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
  double value = 0.0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || parsed != end || !(value >= -1.0 && value <= 1.0)) {
    throw UsageError(where + column + " '" + text + "' is not a number in -1…1",
                     "scale the ratings to -1…1, or leave the cell empty");
  }
  return value;
}

/// Files are told from folders and from nothing, so that a typing error is found before any work.
void check_file(const std::string& where, const Song& song, const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(song.path, ignored);
  if (!std::filesystem::exists(status)) {
    throw UsageError(where + "no such file: '" + song.listed_path + "'",
                     "paths are relative to the manifest's folder, '" + folder.string() + "'");
  }
  if (std::filesystem::is_directory(status)) {
    throw UsageError(where + "'" + song.listed_path + "' is a folder, not a file",
                     "list the audio files one by one, or use `mer import folder`");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw UsageError(where + "'" + song.listed_path + "' is not a regular file",
                     "write it to disk first");
  }
}

Song read_song(const CsvTable& table, std::size_t row, const std::filesystem::path& folder) {
  const std::string where = table.where(row);
  Song song;
  song.line = table.line(row);
  song.listed_path = table.cell(row, "path");
  if (song.listed_path.empty()) throw UsageError(where + "the path is empty", "fill it in");
  song.path = (folder / std::filesystem::path(song.listed_path)).lexically_normal().string();
  song.label = checked_text(where, "label", table.cell(row, "label"));
  if (song.label.empty()) {
    throw UsageError(where + "the label is empty", "fill it in, or remove the line");
  }
  song.group = checked_text(where, "group", table.cell(row, "group"));
  song.id = checked_text(where, "id", table.cell(row, "id"));
  song.split = checked_text(where, "split", table.cell(row, "split"));
  if (!song.split.empty() &&
      std::find(kSplitNames.begin(), kSplitNames.end(), song.split) == kSplitNames.end()) {
    throw UsageError(where + "unknown split '" + song.split + "'",
                     "splits are called " + join(kSplitNames, ", "));
  }
  song.valence = signed_unit(where, "valence", table.cell(row, "valence"));
  song.arousal = signed_unit(where, "arousal", table.cell(row, "arousal"));
  check_file(where, song, folder);
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
  manifest.has_splits = table.has("split");
  std::vector<std::string> labels;
  for (std::size_t row = 0; row < table.size(); ++row) {
    manifest.songs.push_back(read_song(table, row, folder));
    labels.push_back(manifest.songs.back().label);
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
  manifest.classes = in_canonical_order(labels);
  if (manifest.classes.size() < 2) {
    throw UsageError(file.string() + ": all songs have the label '" + manifest.classes.front() +
                         "', at least two classes are needed",
                     "add songs of another class");
  }
  return manifest;
}

}  // namespace mer
