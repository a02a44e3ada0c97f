#include "import/importing.hpp"

#include <algorithm>
#include <utility>

#include "mer/core/csv_table.hpp"
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

void check_id(const std::string& where, const std::string& id, std::set<std::string>& seen) {
  if (id.empty() || id.front() == '.' || id.find('/') != std::string::npos) {
    throw UsageError(where + "'" + id + "' can't be the name of a clip");
  }
  if (!seen.insert(id).second) {
    throw UsageError(where + "clip '" + id + "' stands there twice", "remove one of the lines");
  }
}

fs::path curves_folder(const fs::path& manifest) {
  return manifest.parent_path() / (manifest.stem().string() + "-curves");
}

fs::path write_curve(const EmotionCurve& curve, const fs::path& manifest, const std::string& id) {
  const fs::path file = curves_folder(manifest) / (id + ".csv");
  std::vector<std::string> header = {"time_s", "valence", "arousal"};
  const auto is_curve = [&header](const std::vector<std::string>& columns) {
    return columns.size() >= header.size() &&
           std::equal(header.begin(), header.end(), columns.begin());
  };
  std::error_code ignored;
  if (fs::exists(file, ignored) && !is_curve(CsvTable(file).columns())) {
    throw UsageError(file.string() + ": is there already and is no curve; it is not replaced",
                     "write the manifest under another name");
  }
  std::vector<const std::vector<double>*> columns = {&curve.time_s, &curve.valence, &curve.arousal};
  if (curve.has_deviations()) {
    header.insert(header.end(), {"valence_sd", "arousal_sd"});
    columns.insert(columns.end(), {&curve.valence_sd, &curve.arousal_sd});
  }
  std::string text = csv_line(header);
  for (std::size_t i = 0; i < curve.time_s.size(); ++i) {
    std::vector<std::string> cells;
    for (const std::vector<double>* column : columns) cells.push_back(format_number(column->at(i)));
    text += csv_line(cells);
  }
  write_text_in_new_folder(file, text);
  return file;
}

void separate_groups(std::vector<ManifestRow>& rows, ImportReport& report) {
  std::map<std::string, std::set<std::string>> parts_of;
  for (const ManifestRow& row : rows) parts_of[row.group].insert(row.split);
  std::vector<std::string> torn;
  for (const auto& [group, parts] : parts_of) {
    if (!group.empty() && parts.size() > 1) torn.push_back(group);
  }
  for (ManifestRow& row : rows) {
    if (!row.group.empty() && parts_of[row.group].size() > 1) row.group += " (" + row.split + ")";
  }
  if (!torn.empty()) {
    report.warnings.push_back(
        listing(torn,
                "artists are in more than one part of the official split, which flatters "
                "the scores"));
  }
}

void write_manifest(const std::vector<ManifestRow>& rows, const fs::path& manifest,
                    ImportReport& report) {
  std::vector<Column> columns = {{"path", {}},    {"label", {}},   {"labels", {}},
                                 {"group", {}},   {"split", {}},   {"id", {}},
                                 {"valence", {}}, {"arousal", {}}, {"dynamic", {}}};
  std::set<std::string> classes;
  std::set<std::string> groups;
  std::set<std::string> tags;
  for (const ManifestRow& row : rows) {
    for (const auto& [name, share] : row.shares) classes.insert(name);
  }
  const std::vector<std::string> shares = in_canonical_order({classes.begin(), classes.end()});
  for (const std::string& name : shares) columns.push_back({"share_" + name, {}});
  for (const ManifestRow& row : rows) {
    const std::string path = listed(row.file, manifest);
    if (!is_utf8(path)) {
      report.failures.push_back(
          {row.file.string() + ": its name is not UTF-8, as a manifest must be",
           "rename the file, or the folder above it"});
      continue;
    }
    std::vector<std::string> cells = {path,
                                      row.label,
                                      join(row.labels, ";"),
                                      row.group,
                                      row.split,
                                      row.id,
                                      format_number(row.valence),
                                      format_number(row.arousal),
                                      row.dynamic.empty() ? "" : listed(row.dynamic, manifest)};
    for (const std::string& name : shares) {
      const auto share = row.shares.find(name);
      cells.push_back(share == row.shares.end() ? "" : format_number(share->second));
    }
    for (std::size_t i = 0; i < cells.size(); ++i) columns[i].second.push_back(cells[i]);
    if (!row.label.empty()) classes.insert(row.label);
    if (!row.group.empty()) groups.insert(row.group);
    tags.insert(row.labels.begin(), row.labels.end());
  }
  const std::size_t num_rows = columns.front().second.size();
  if (num_rows == 0) return;
  if (classes.size() == 1) {
    throw UsageError(manifest.string() + ": only one class would be in it, '" + *classes.begin() +
                         "', at least two are needed",
                     "is the corpus complete?");
  }
  std::erase_if(columns, [](const Column& column) { return !is_filled(column); });

  std::vector<std::string> line;
  for (const Column& column : columns) line.push_back(column.first);
  std::string text = csv_line(line);
  for (std::size_t row = 0; row < num_rows; ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) line[i] = columns[i].second[row];
    text += csv_line(line);
  }
  write_text_in_new_folder(manifest, text);
  report.songs = num_rows;
  report.groups = groups.size();
  report.classes = in_canonical_order({classes.begin(), classes.end()});
  report.tags = tags.size();
}

}  // namespace mer::importing
