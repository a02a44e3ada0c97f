#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mer/runs/tag_log.hpp"
#include "mer/tagging/mood_tag.hpp"

namespace mer::app {

struct TagArgs {
  std::filesystem::path input;
  bool write = false;
  bool remove = false;
  std::filesystem::path undo;
  std::filesystem::path log;
  TagRules rules;
  MoodWords words;
  std::vector<std::string> models;
  std::vector<std::filesystem::path> embeddings;
  int jobs = 0;
  double min_confidence = 0.5;
  std::vector<std::string> map_path;

  bool writes() const { return write || remove; }
};

/// Shows, or stores, the mood of one file after another.
class Tagging {
 public:
  /// @param counts_first  rows are kept until finish(), which says how many of each kind there are
  Tagging(const TagArgs& args, bool counts_first);

  /// @param emotion  the class that the mood is of, for counting
  /// @param mood     none: what was there before us
  /// @return whether the file has been written
  bool add(const std::filesystem::path& file, const std::string& emotion,
           const std::optional<SongMood>& mood);
  /// Puts back what a log says.
  bool undo(const std::filesystem::path& file, const TagLogEntry& entry);
  /// A file that no answer was found for.
  void fail(const std::string& message, const std::string& hint);

  std::size_t num_files() const { return num_files_; }
  void fail_folders(std::size_t count) { num_failed_ += count; }
  /// Says how many there were; returns the exit code.
  int finish();

 private:
  using Counts = std::array<std::size_t, 8>;  ///< by MoodAction

  /// @param act  changes the file, or finds out what would
  bool follow(const std::filesystem::path& file, const std::string& emotion,
              const std::function<TagChange()>& act);
  void keep_in_log(const std::filesystem::path& file, const TagChange& change);
  void show(const TagChange& change, const std::filesystem::path& file);
  std::string counts_table() const;

  const TagArgs& args_;
  bool counts_first_;
  std::string rows_;
  std::map<std::string, Counts> counts_;
  std::optional<TagLog> log_;
  std::size_t num_files_ = 0;
  std::size_t num_changes_ = 0;
  std::size_t num_failed_ = 0;
  std::filesystem::path tidied_;  ///< the folder last looked through
};

/// Of a folder whose songs have to be predicted first.
[[gnu::weak]] int run_tag_folder(const TagArgs& args);

}  // namespace mer::app
