#pragma once

#include <filesystem>
#include <string>

#include "mer/core/file_lock.hpp"

namespace mer {

/// A new folder that is removed with everything in it at the end.
class ScratchFolder {
 public:
  /// @throws Error when it can't be made
  explicit ScratchFolder(
      const std::string& prefix = kPrefix);  ///< in the system's temporary folder
  ScratchFolder(const std::filesystem::path& parent, const std::string& prefix);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  /// Removes the folders of processes that were killed. Those of living ones are locked.
  static void remove_abandoned(const std::filesystem::path& parent, const std::string& prefix);
  /// Of the system's temporary folder.
  static void remove_abandoned();

 private:
  static constexpr const char* kPrefix = "mer-scratch-";

  std::filesystem::path path_;
  FileLock lock_;
};

}  // namespace mer
