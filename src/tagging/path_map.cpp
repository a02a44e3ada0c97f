#include "mer/tagging/path_map.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"

namespace mer {

namespace fs = std::filesystem;

PathMap::PathMap(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      throw UsageError("--map-path is '" + word + "', allowed: FROM=TO, two folders",
                       "--map-path /volume1/music=/mnt/nas/music");
    }
    fs::path from = fs::path(word.substr(0, equals)).lexically_normal();
    if (!from.has_filename()) from = from.parent_path();  // "/music/"
    folders_.emplace_back(std::move(from), absolute_path(fs::path(word.substr(equals + 1)) / "."));
  }
}

fs::path PathMap::operator()(const fs::path& listed) const {
  for (const auto& [from, to] : folders_) {
    const auto [above, below] =
        std::mismatch(from.begin(), from.end(), listed.begin(), listed.end());
    if (above != from.end()) continue;
    fs::path file = to;
    for (auto part = below; part != listed.end(); ++part) file /= *part;
    return file;
  }
  return listed;
}

}  // namespace mer
