#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "mer/core/file_descriptor.hpp"

namespace mer {

/// A file being written under a temporary name in the target's folder; commit() gives it the
/// target's name, without which it is removed: the target is there whole or as it was before.
///
/// A target that exists keeps its owner and permissions; one that is a link stays a link. A target
/// that is a device or a pipe is written to directly. Every method throws Error, naming the target,
/// when the disk is full or the folder isn't writable.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// What is being written, for those who write by other means.
  const std::string& temporary() const { return temporary_; }
  int descriptor() const { return file_.get(); }

  /// @return the file, still open and locked, for those who go on writing
  FileDescriptor commit();

  /// Removes what processes that were killed left in a folder. What others are writing is locked.
  static void remove_abandoned(const std::filesystem::path& folder);

 private:
  void make_temporary();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path target_;
  std::string temporary_;  ///< the target itself when that is no file
  FileDescriptor file_;
};

}  // namespace mer
