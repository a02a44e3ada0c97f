#include "mer/core/line_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"

namespace mer {
namespace {

Error cannot_be_written(const std::filesystem::path& path, int error) {
  return Error(path.string() +
               ": cannot be written: " + (error == ENOENT ? "no such folder" : reason_of(error)));
}

/// Opens a file and locks it. Whoever had it may have put another in its place meanwhile.
FileDescriptor open_locked(const std::filesystem::path& path) {
  constexpr int kMode = 0666;  // less the umask
  for (;;) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
    if (!file.is_open()) throw cannot_be_written(path, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw UsageError(path.string() + ": another mer writes this list",
                       "wait until it has ended, or stop it");
    }
    struct stat opened {};
    struct stat named {};
    ::fstat(file.get(), &opened);
    if (::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
        opened.st_dev == named.st_dev) {
      return file;
    }
  }
}

}  // namespace

LineFile::LineFile(std::filesystem::path path, Start start) : path_(std::move(path)) {
  std::error_code ignored;
  const auto type = std::filesystem::status(path_, ignored).type();
  if (type == std::filesystem::file_type::character || type == std::filesystem::file_type::fifo) {
    file_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file_.is_open()) throw cannot_be_written(path_, errno);
    return;
  }
  file_ = open_locked(path_);
  if (start == Start::kReplace && std::filesystem::file_size(path_) > 0) {
    instead_ = std::make_unique<AtomicFile>(path_);
  }
}

void LineFile::add(std::string_view lines) {
  if (instead_) return instead_->write(lines);
  const off_t whole = ::lseek(file_.get(), 0, SEEK_END);  // −1 of a pipe
  while (!lines.empty()) {
    const ssize_t written = ::write(file_.get(), lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      if (whole >= 0) static_cast<void>(!::ftruncate(file_.get(), whole));
      throw cannot_be_written(path_, error);
    }
    lines.remove_prefix(static_cast<std::size_t>(written));
  }
}

void LineFile::rewrite(const std::function<void(AtomicFile&)>& write) {
  AtomicFile rewritten(path_);
  write(rewritten);
  file_ = rewritten.commit();
}

void LineFile::finish() {
  if (!instead_) return;
  file_ = instead_->commit();
  instead_.reset();
}

}  // namespace mer
