#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace mer {

/// What tells a file that has changed from one that has not, without reading it.
struct FileStamp {
  std::uintmax_t size_bytes = 0;
  std::string modified;  ///< "2026-01-31T23:59:59.123456789Z"

  bool operator==(const FileStamp&) const = default;
};

/// None when there is no such file.
std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

}  // namespace mer
