#include "mer/runs/split_file.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

const std::vector<std::string> kSplitColumns = {"id", "path", "label", "group", "split"};

}  // namespace

void write_split_csv(const std::filesystem::path& file, const Manifest& manifest,
                     const Split& split) {
  if (split.size() != manifest.songs.size()) {
    throw std::invalid_argument("write_split_csv: the split has another number of songs");
  }
  std::string text = csv_line(kSplitColumns);
  for (std::size_t i = 0; i < split.size(); ++i) {
    const Song& song = manifest.songs[i];
    const std::vector<std::string> cells = {song.id, song.listed_path, song.label, song.group,
                                            split[i]};
    text += csv_line(cells);
  }
  write_text_file(file, text);
}

Split read_split_csv(const std::filesystem::path& file, const Manifest& manifest) {
  const CsvTable table(file);
  if (!std::all_of(kSplitColumns.begin(), kSplitColumns.end(),
                   [&](const std::string& column) { return table.has(column); })) {
    throw UsageError(table.where_header() + "the columns must be " + join(kSplitColumns, ","),
                     "take a split.csv that `mer train` wrote");
  }
  std::map<std::string, std::size_t> song_of_id;
  for (std::size_t i = 0; i < manifest.songs.size(); ++i) song_of_id[manifest.songs[i].id] = i;

  const std::string hint =
      "the manifest is '" + manifest.file.string() + "': use the one that the split was made from";
  Split split(manifest.songs.size());
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string where = table.where(row);
    const auto found = song_of_id.find(table.cell(row, "id"));
    if (found == song_of_id.end()) {
      throw UsageError(where + "song '" + table.cell(row, "id") + "' is not in the manifest", hint);
    }
    const Song& song = manifest.songs[found->second];
    const std::string& label = table.cell(row, "label");
    const std::string& part = table.cell(row, "split");
    if (song.label != label) {
      throw UsageError(where + "song '" + song.id + "' has the label '" + label + "' here and '" +
                           song.label + "' in the manifest",
                       hint);
    }
    if (part != kTrain && part != kValidation && part != kTest && part != kUnused) {
      throw UsageError(where + "unknown split '" + part + "'",
                       "splits are called train, validation, test, unused");
    }
    if (!split[found->second].empty()) {
      throw UsageError(where + "song '" + song.id + "' stands there twice",
                       "remove one of the lines");
    }
    split[found->second] = part;
  }
  for (std::size_t i = 0; i < split.size(); ++i) {
    if (split[i].empty()) {
      throw UsageError(
          file.string() + ": song '" + manifest.songs[i].id + "' of the manifest is missing", hint);
    }
  }
  return split;
}

}  // namespace mer
