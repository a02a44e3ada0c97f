#include "mer/data/corpus_import.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/data/manifest.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

void require_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw UsageError(folder.string() + ": no such folder", "check the path");
  }
}

/// A file as the manifest lists it: relative to the manifest's folder.
std::string listed(const fs::path& file, const fs::path& manifest) {
  const fs::path from = fs::weakly_canonical(fs::absolute(manifest).parent_path());
  return fs::weakly_canonical(file.parent_path())
      .lexically_relative(from)
      .append(file.filename().string())
      .lexically_normal()
      .generic_string();
}

void write_manifest(const fs::path& manifest, const std::string& text) {
  const fs::path folder = fs::absolute(manifest).parent_path();
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) {
    throw Error(folder.string() + ": can't make this folder: " + failure.message());
  }
  write_text_file(manifest, text);
}

/// "3 clips are listed but not there: a, b, …"
std::string listing(const std::vector<std::string>& names, const std::string& what) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
  if (names.size() > kShown) shown.push_back("…");
  return std::to_string(names.size()) + " " + what + ": " + join(shown, ", ");
}

/// A CSV table with named columns.
class Table {
 public:
  Table(const fs::path& file, const std::vector<std::string>& wanted) : rows_(read_csv(file)) {
    if (rows_.empty()) throw UsageError(file.string() + ": the file is empty", "fetch it again");
    for (std::size_t i = 0; i < rows_.front().cells.size(); ++i) {
      cell_of_[rows_.front().cells[i]] = i;
    }
    for (const std::string& column : wanted) {
      if (cell_of_.count(column) == 0) {
        throw UsageError(file.string() + ":1: column '" + column + "' is missing",
                         "take the file as its authors published it");
      }
    }
  }
  std::size_t size() const { return rows_.size() - 1; }
  int line(std::size_t row) const { return rows_[row + 1].line; }
  const std::string& cell(std::size_t row, const std::string& column) const {
    return rows_[row + 1].cells[cell_of_.at(column)];
  }

 private:
  std::vector<CsvRow> rows_;
  std::map<std::string, std::size_t> cell_of_;
};

/// The byte that Windows-1252 has for a character, if it has one. The five bytes that it leaves
/// undefined count as the control characters of the same number, as most software writes them.
std::optional<unsigned char> windows_1252_byte(char32_t character) {
  static constexpr std::array<char32_t, 32> kHigh = {
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  const auto found = std::find(kHigh.begin(), kHigh.end(), character);
  if (found != kHigh.end()) return static_cast<unsigned char>(0x80 + (found - kHigh.begin()));
  if (character <= 0xFF) return static_cast<unsigned char>(character);
  return std::nullopt;
}

/// The next character of valid UTF-8; moves `position` behind it.
char32_t next_character(const std::string& text, std::size_t& position) {
  const auto byte = [&] { return static_cast<unsigned char>(text[position++]); };
  const unsigned char lead = byte();
  if (lead < 0x80) return lead;
  const int continuations = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  char32_t character = lead & (0x3FU >> continuations);
  for (int i = 0; i < continuations; ++i) character = (character << 6) | (byte() & 0x3FU);
  return character;
}

/// Undoes UTF-8 that was read as Windows-1252 and encoded again ("CÃ©line" → "Céline"). A text is
/// changed only when all of it can be undone and what comes out is valid UTF-8; "Céline" is not.
std::string repair_double_encoding(const std::string& text) {
  if (to_valid_utf8(text) != text) return text;
  std::string undone;
  for (std::size_t position = 0; position < text.size();) {
    const std::optional<unsigned char> byte = windows_1252_byte(next_character(text, position));
    if (!byte) return text;
    undone.push_back(static_cast<char>(*byte));
  }
  return to_valid_utf8(undone) == undone ? undone : text;
}

std::string without_surrounding_spaces(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

const std::map<std::string, std::string> kLabelOfQuadrant = {
    {"Q1", "happy"}, {"Q2", "anger"}, {"Q3", "sad"}, {"Q4", "relaxed"}};

/// id → file, of all audio below Q1…Q4.
std::map<std::string, fs::path> clips_of_4qaed(const fs::path& folder) {
  std::map<std::string, fs::path> clips;
  for (const auto& [quadrant, label] : kLabelOfQuadrant) {
    require_folder(folder / quadrant);
    for (const fs::path& file : find_audio_files(folder / quadrant)) {
      clips[quadrant + "/" + file.stem().string()] = file;
    }
  }
  return clips;
}

}  // namespace

ImportReport import_folder(const fs::path& folder, const fs::path& manifest) {
  require_folder(folder);
  std::vector<fs::path> class_folders;
  std::vector<std::string> outside;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.front() != '.') {
      class_folders.push_back(entry.path());
    } else if (entry.is_regular_file() && has_audio_extension(entry.path())) {
      outside.push_back(name);
    }
  }
  std::sort(class_folders.begin(), class_folders.end());
  std::sort(outside.begin(), outside.end());

  ImportReport report;
  std::vector<std::string> labels;
  std::vector<std::string> empty_folders;
  const std::vector<std::string> columns = {"path", "label"};
  std::string text = csv_line(columns);
  for (const fs::path& class_folder : class_folders) {
    const std::vector<fs::path> files = find_audio_files(class_folder);
    const std::string label = class_folder.filename().string();
    if (files.empty()) {
      empty_folders.push_back(label);
      continue;
    }
    labels.push_back(label);
    for (const fs::path& file : files) {
      const std::vector<std::string> cells = {listed(file, manifest), label};
      text += csv_line(cells);
      ++report.songs;
    }
  }
  report.classes = in_canonical_order(labels);
  if (report.classes.size() < 2) {
    throw UsageError(folder.string() + ": " +
                         (report.classes.empty()
                              ? std::string("no folder in it holds audio")
                              : "only the folder '" + report.classes.front() + "' holds audio") +
                         ", at least two classes are needed",
                     "put the songs into one folder a class, e.g. happy/ and sad/");
  }
  report.warnings.push_back(
      "no groups: songs of one artist may fall into training and test, which flatters the scores; "
      "add a 'group' column (e.g. the artist) to the manifest if you can");
  if (!outside.empty()) {
    report.warnings.push_back(listing(outside, "files lie in no class's folder and are left out"));
  }
  if (!empty_folders.empty()) {
    report.warnings.push_back(listing(empty_folders, "folders hold no audio and are left out"));
  }
  write_manifest(manifest, text);
  return report;
}

ImportReport import_4qaed(const fs::path& folder, const fs::path& manifest) {
  require_folder(folder);
  const fs::path annotations_file = folder / "panda_dataset_taffc_annotations.csv";
  const fs::path metadata_file = folder / "panda_dataset_taffc_metadata.csv";
  const Table annotations(annotations_file, {"Song", "Quadrant"});
  const Table metadata(metadata_file, {"Song", "Artist"});
  std::map<std::string, std::string> artist_of;
  for (std::size_t row = 0; row < metadata.size(); ++row) {
    artist_of[metadata.cell(row, "Song")] =
        without_surrounding_spaces(repair_double_encoding(metadata.cell(row, "Artist")));
  }
  std::map<std::string, fs::path> clips = clips_of_4qaed(folder);

  ImportReport report;
  std::vector<std::string> missing;
  std::vector<std::string> no_artist;
  std::vector<std::string> labels;
  std::set<std::string> groups;
  const std::vector<std::string> columns = {"path", "label", "group", "id"};
  std::string text = csv_line(columns);
  for (std::size_t row = 0; row < annotations.size(); ++row) {
    const std::string& id = annotations.cell(row, "Song");
    const std::string& quadrant = annotations.cell(row, "Quadrant");
    const auto label = kLabelOfQuadrant.find(quadrant);
    if (label == kLabelOfQuadrant.end()) {
      throw UsageError(annotations_file.string() + ":" + std::to_string(annotations.line(row)) +
                           ": unknown quadrant '" + quadrant + "'",
                       "quadrants are Q1, Q2, Q3, Q4");
    }
    const auto clip = clips.find(quadrant + "/" + id);
    if (clip == clips.end()) {
      missing.push_back(quadrant + "/" + id);
      continue;
    }
    std::string group = artist_of[id];
    if (group.empty()) {
      no_artist.push_back(id);
      group = id;
    }
    const std::vector<std::string> cells = {listed(clip->second, manifest), label->second, group,
                                            id};
    text += csv_line(cells);
    labels.push_back(label->second);
    groups.insert(group);
    clips.erase(clip);
    ++report.songs;
  }
  if (report.songs == 0) {
    throw UsageError(folder.string() + ": none of the annotated clips is there",
                     "the clips belong into the folders Q1, Q2, Q3 and Q4 beside the two tables");
  }
  report.groups = groups.size();
  report.classes = in_canonical_order(labels);
  if (!missing.empty()) {
    report.warnings.push_back(listing(missing, "annotated clips are not there and are left out"));
  }
  if (!clips.empty()) {
    std::vector<std::string> unknown;
    for (const auto& [id, file] : clips) unknown.push_back(id);
    report.warnings.push_back(listing(unknown, "clips have no annotation and are left out"));
  }
  if (!no_artist.empty()) {
    report.warnings.push_back(
        listing(no_artist, "clips have no artist; each is a group of its own"));
  }
  write_manifest(manifest, text);
  return report;
}

}  // namespace mer
