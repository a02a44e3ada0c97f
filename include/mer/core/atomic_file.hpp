#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "mer/core/error.hpp"

namespace mer {

/// A file being written under a temporary name in the target's folder; commit() gives it the
/// target's name, without which it is removed: the target is there whole or as it was before.
/// Every method throws Error, naming the target, when the disk is full or the folder isn't
/// writable.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& target) : target_(target) {
    const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
    temporary_ = (folder / (target.filename().string() + ".tmp-XXXXXX")).string();
    file_ = ::mkstemp(temporary_.data());
    if (file_ < 0) fail("cannot be created");
    if (::fchmod(file_, 0644) != 0) fail("cannot be created");
  }
  ~AtomicFile() {
    if (file_ >= 0) {
      ::close(file_);
      ::unlink(temporary_.c_str());
    }
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot be written");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  /// What is being written, for those who write by other means.
  const std::string& temporary() const { return temporary_; }
  int descriptor() const { return file_; }

  void commit() {
    if (::fsync(file_) != 0) fail("cannot be written");
    if (::close(std::exchange(file_, -1)) != 0 ||
        ::rename(temporary_.c_str(), target_.c_str()) != 0) {
      const std::string reason = std::generic_category().message(errno);
      ::unlink(temporary_.c_str());
      throw Error(target_.string() + ": cannot be written: " + reason);
    }
  }

 private:
  [[noreturn]] void fail(const char* what) {
    throw Error(target_.string() + ": " + what + ": " + std::generic_category().message(errno));
  }

  std::filesystem::path target_;
  std::string temporary_;
  int file_ = -1;
};

}  // namespace mer
