#include "mer/core/file_stamp.hpp"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <ctime>

namespace mer {

std::optional<FileStamp> stamp_of(const std::filesystem::path& file) {
  struct stat status {};
  std::tm utc{};
  if (::stat(file.c_str(), &status) != 0 || ::gmtime_r(&status.st_mtim.tv_sec, &utc) == nullptr) {
    return std::nullopt;
  }
  std::array<char, 32> seconds{};
  std::strftime(seconds.data(), seconds.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%s.%09ldZ", seconds.data(), status.st_mtim.tv_nsec);
  return FileStamp{static_cast<std::uintmax_t>(status.st_size), text.data()};
}

}  // namespace mer
