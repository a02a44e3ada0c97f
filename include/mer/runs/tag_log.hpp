#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mer/core/line_file.hpp"

namespace mer {

/// Values of fields in a song's tags, by the field's name; a field without values is not there.
using TagFields = std::map<std::string, std::vector<std::string>>;

/// What was done to one file.
struct TagLogEntry {
  std::string path;         ///< absolute; bytes, not necessarily UTF-8
  TagFields before, after;  ///< those fields that changed; of one that was not there an empty list
};

/// What a run did to files' tags, so that it can be undone: a JSON object a line,
/// `{"path", "path_bytes", "before", "after"}` (path_bytes as in prediction lists), after a line
/// `{"mer_tag_log": 1, "list"}` that names the prediction list, or null. A file's line is written
/// before the file is.
class TagLog {
 public:
  /// @param list  whose stamps the run kept true, if any
  /// @throws UsageError when another process writes the file, Error when it can't be written
  TagLog(std::filesystem::path file, const std::optional<std::filesystem::path>& list);

  void add(const TagLogEntry& entry);
  const std::filesystem::path& file() const { return path_; }

 private:
  std::filesystem::path path_;
  LineFile lines_;
};

struct TagLogContent {
  std::optional<std::filesystem::path> list;
  std::vector<TagLogEntry> entries;
};

/// A last line that is cut off, as a process that was killed leaves it, does not count: its file
/// was not changed yet.
/// @throws UsageError when the file can't be read, naming the line that is none of a log
TagLogContent read_tag_log(const std::filesystem::path& file);

}  // namespace mer
