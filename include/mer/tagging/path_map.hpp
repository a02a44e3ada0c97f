#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mer {

/// Where files of a list lie here, when it was written where their disk is mounted elsewhere.
class PathMap {
 public:
  PathMap() = default;
  /// @param words  "FROM=TO", folders; the first that a path is below counts
  /// @throws UsageError for a word that isn't such a pair
  explicit PathMap(const std::vector<std::string>& words);

  std::filesystem::path operator()(const std::filesystem::path& listed) const;

 private:
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> folders_;
};

}  // namespace mer
