#include "import/importing.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/corpus/song_search.hpp"

namespace mer::importing {
namespace {

namespace fs = std::filesystem;

/// A file as the manifest lists it: relative to the manifest's folder.
std::string listed(const fs::path& file, const fs::path& manifest) {
  const fs::path from = fs::weakly_canonical(fs::absolute(manifest).parent_path());
  return fs::weakly_canonical(file.parent_path())
      .lexically_relative(from)
      .append(file.filename().string())
      .lexically_normal()
      .generic_string();
}

void write_text_in_new_folder(const fs::path& file, const std::string& text) {
  make_folder(fs::absolute(file).parent_path());
  write_text_file(file, text);
}

using Column = std::pair<std::string, std::vector<std::string>>;

bool is_filled(const Column& column) {
  return std::any_of(column.second.begin(), column.second.end(),
                     [](const std::string& cell) { return !cell.empty(); });
}

}  // namespace

void require_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw UsageError(folder.string() + ": no such folder", "check the path");
  }
}

fs::path find_below(const fs::path& folder, const std::vector<std::string>& relative_paths,
                    const std::string& hint) {
  std::error_code ignored;
  for (const std::string& path : relative_paths) {
    if (fs::exists(folder / path, ignored)) return folder / path;
  }
  throw UsageError((folder / relative_paths.front()).string() + ": no such file or folder", hint);
}

std::vector<fs::path> songs_below(const fs::path& folder) {
  FoundSongs found = find_songs(folder);
  if (!found.failures.empty()) {
    throw UsageError(found.failures.front(), "what can't be read would be missing");
  }
  return std::move(found.files);
}

std::string listing(const std::vector<std::string>& names, const std::string& what) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
  if (names.size() > kShown) shown.push_back("…");
  return std::to_string(names.size()) + " " + what + ": " + join(shown, ", ");
}

void write_manifest(const std::vector<ManifestRow>& rows, const fs::path& manifest,
                    ImportReport& report) {
  std::vector<Column> columns = {{"path", {}}, {"label", {}},   {"group", {}},  {"split", {}},
                                 {"id", {}},   {"valence", {}}, {"arousal", {}}};
  std::set<std::string> labels;
  std::set<std::string> groups;
  for (const ManifestRow& row : rows) {
    const std::string path = listed(row.file, manifest);
    if (!is_utf8(path)) {
      report.failures.push_back(
          {row.file.string() + ": its name is not UTF-8, as a manifest must be",
           "rename the file, or the folder above it"});
      continue;
    }
    const std::vector<std::string> cells = {path,
                                            row.label,
                                            row.group,
                                            row.split,
                                            row.id,
                                            format_number(row.valence),
                                            format_number(row.arousal)};
    for (std::size_t i = 0; i < cells.size(); ++i) columns[i].second.push_back(cells[i]);
    labels.insert(row.label);
    if (!row.group.empty()) groups.insert(row.group);
  }
  if (labels.empty()) return;
  if (labels.size() < 2) {
    throw UsageError(manifest.string() + ": only one class would be in it, '" + *labels.begin() +
                         "', at least two are needed",
                     "is the corpus complete?");
  }
  std::erase_if(columns, [](const Column& column) {
    return column.first != "path" && column.first != "label" && !is_filled(column);
  });

  std::vector<std::string> line;
  for (const Column& column : columns) line.push_back(column.first);
  std::string text = csv_line(line);
  const std::size_t num_rows = columns.front().second.size();
  for (std::size_t row = 0; row < num_rows; ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) line[i] = columns[i].second[row];
    text += csv_line(line);
  }
  write_text_in_new_folder(manifest, text);
  report.songs = num_rows;
  report.groups = groups.size();
  report.classes = in_canonical_order({labels.begin(), labels.end()});
}

}  // namespace mer::importing
