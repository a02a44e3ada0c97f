#include "mer/core/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace mer {

FileLock::FileLock(const std::filesystem::path& path) {
  constexpr int kMode = 0644;
  std::error_code ignored;
  file_ = FileDescriptor(std::filesystem::is_directory(path, ignored)
                             ? ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                             : ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
}

FileLock::State FileLock::take(bool shared) {
  if (!file_.is_open()) return State::kUnknown;
  if (::flock(file_.get(), (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return State::kHeld;
  return errno == EWOULDBLOCK ? State::kTaken : State::kUnknown;
}

}  // namespace mer
