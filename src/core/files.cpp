#include "mer/core/files.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

fs::path real_folder(const fs::path& folder) {
  std::error_code error;
  const fs::path absolute = fs::absolute(folder, error);
  fs::path real = fs::weakly_canonical(absolute, error);
  return error ? absolute.lexically_normal() : real;
}

}  // namespace

fs::path AbsolutePaths::operator()(const fs::path& path) {
  const fs::path name = path.filename();
  if (name.empty() || name == "." || name == "..") return real_folder(path);
  const std::string folder = path.parent_path().string();
  const auto [found, is_new] = folders_.try_emplace(folder);
  if (is_new) found->second = real_folder(folder.empty() ? "." : folder);
  return found->second / name;
}

fs::path absolute_path(const fs::path& path) { return AbsolutePaths()(path); }

bool is_utf8(std::string_view text) { return to_valid_utf8(text) == text; }

void require_file(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const bool is_missing = errno == ENOENT || errno == ENOTDIR;
    throw InputError(path.string() + ": " + (is_missing ? "no such file" : reason_of(errno)),
                     is_missing ? "check the path" : "");
  }
  if (S_ISDIR(status.st_mode)) {
    throw InputError(path.string() + ": is a folder, not an audio file");
  }
  if (!S_ISREG(status.st_mode)) {
    throw InputError(path.string() + ": not a regular file", "write it to disk first");
  }
}

void make_folder(const fs::path& folder, const std::string& hint) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure) return;
  throw Error(folder.string() + ": can't make this folder: " + reason_of(failure.value()), hint);
}

}  // namespace mer
