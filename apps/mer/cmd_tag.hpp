#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mer::app {

struct TagArgs {
  std::filesystem::path input;
  bool write = false;
  bool remove = false;
  std::vector<std::string> models;
  int jobs = 0;
  double min_confidence = 0.0;
  std::vector<std::string> map_path;
};

/// Shows, or stores, the mood of one file after another.
class Tagging {
 public:
  explicit Tagging(const TagArgs& args);

  /// @param emotion  none: what was there before us
  /// @return whether the file has been written
  bool add(const std::filesystem::path& file, const std::optional<std::string>& emotion);
  /// A file that no answer was found for.
  void fail(const std::string& message, const std::string& hint);

  std::size_t num_files() const { return num_files_; }
  void fail_folders(std::size_t count) { num_failed_ += count; }
  /// Says how many there were; returns the exit code.
  int finish() const;

 private:
  void print(const std::string& now, const std::string& after, const std::string& change,
             const std::string& file);

  const TagArgs& args_;
  std::size_t num_files_ = 0;
  std::size_t num_changes_ = 0;
  std::size_t num_failed_ = 0;
  std::filesystem::path tidied_;  ///< the folder last looked through
};

/// Of a folder whose songs have to be predicted first.
[[gnu::weak]] int run_tag_folder(const TagArgs& args);

}  // namespace mer::app
