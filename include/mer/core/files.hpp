#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mer {

// A path is bytes. What is written of it for others to find the file again is made here.

/// Absolute paths without links or dots in their folders, whatever their spelling and the working
/// directory; a file that is a link keeps its own name. Knows folders that it has seen.
class AbsolutePaths {
 public:
  std::filesystem::path operator()(const std::filesystem::path& path);

 private:
  std::unordered_map<std::string, std::filesystem::path> folders_;
};

/// One of them.
std::filesystem::path absolute_path(const std::filesystem::path& path);

bool is_utf8(std::string_view text);

/// @throws InputError unless it is a file: not missing, no folder, pipe or device
void require_file(const std::filesystem::path& path);

/// Makes a folder and those above it, where they are missing.
/// @throws Error when it can't be made
void make_folder(const std::filesystem::path& folder, const std::string& hint = {});

}  // namespace mer
