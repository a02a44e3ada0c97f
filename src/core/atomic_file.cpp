#include "mer/core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <random>

#include "mer/core/error.hpp"
#include "mer/core/file_lock.hpp"
#include "mer/core/system_reason.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".tmp-mer-";
constexpr std::size_t kNumLetters = 6;
/// File systems allow 255; libzip writes under a longer name yet.
constexpr std::size_t kMaxNameBytes = 240;

/// "song.flac.tmp-mer-a1b2c3", whose front is cut where the target's name is a long one.
std::string temporary_name(const std::string& target) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string name = target.substr(0, kMaxNameBytes - kMark.size() - kNumLetters);
  name += kMark;
  for (std::size_t i = 0; i < kNumLetters; ++i) name += kLetters[random() % kLetters.size()];
  return name;
}

bool is_temporary_name(const std::string& name) {
  constexpr std::size_t kTail = kMark.size() + kNumLetters;
  return name.size() > kTail && name.compare(name.size() - kTail, kMark.size(), kMark) == 0;
}

/// Where the links of a path lead, also when there is nothing yet.
fs::path without_links(fs::path path) {
  constexpr int kMaxLinks = 40;  // as the system's own limit
  std::error_code error;
  for (int i = 0; i < kMaxLinks && fs::is_symlink(path, error); ++i) {
    path = path.parent_path() / fs::read_symlink(path, error);
  }
  return path;
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& target) : target_(without_links(target)) {
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail(EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    temporary_ = target_.string();
    file_ = FileDescriptor(::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file_.is_open()) fail(errno);
    return;
  }
  make_temporary();
  if (!exists) return;
  // Who may not give files away still replaces them.
  static_cast<void>(!::fchown(file_.get(), status.st_uid, status.st_gid));
  static_cast<void>(!::fchmod(file_.get(), status.st_mode & 07777U));
}

AtomicFile::~AtomicFile() {
  if (file_.is_open() && temporary_ != target_) ::unlink(temporary_.c_str());
}

/// remove_abandoned() of another process may take the file away before it is locked.
void AtomicFile::make_temporary() {
  constexpr int kMode = 0666;  // less the umask
  const fs::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  for (;;) {
    temporary_ = (folder / temporary_name(target_.filename().string())).string();
    file_ =
        FileDescriptor(::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
    if (!file_.is_open() && errno == EEXIST) continue;
    if (!file_.is_open()) fail(errno);
    ::flock(file_.get(), LOCK_EX);
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0 || status.st_nlink > 0) return;
  }
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

FileDescriptor AtomicFile::commit() {
  if (temporary_ != target_ &&
      (::fsync(file_.get()) != 0 || ::rename(temporary_.c_str(), target_.c_str()) != 0)) {
    fail(errno);
  }
  return std::move(file_);
}

void AtomicFile::fail(int error) const {
  const std::string message =
      target_.string() + ": cannot be written: " +
      (error == ENOENT || error == ENOTDIR ? "no such folder" : reason_of(error));
  if (error == ENOSPC || error == EDQUOT) throw OutOfSpace(message);
  throw Error(message);
}

void AtomicFile::remove_abandoned(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    if (!is_temporary_name(entry.path().filename().string())) continue;
    FileLock lock(entry.path());
    if (lock.take() == FileLock::State::kHeld) fs::remove(entry.path(), ignored);
  }
}

}  // namespace mer
