#pragma once

#include <filesystem>

#include "mer/core/file_descriptor.hpp"

namespace mer {

/// A lock on a file or folder that one process at a time can have. It ends with the object, and
/// with the process however that ends.
class FileLock {
 public:
  enum class State {
    kHeld,
    kTaken,   ///< another process has it
    kUnknown  ///< the file can't be opened, or its file system (some network ones) has no locks
  };

  /// @param path  a folder, or a file, which is made when it is missing
  explicit FileLock(const std::filesystem::path& path);

  /// Tries to get it, without waiting.
  State take() { return take(false); }
  /// The same for one of several who keep out whoever wants it alone.
  State take_shared() { return take(true); }

 private:
  State take(bool shared);

  FileDescriptor file_;
};

}  // namespace mer
