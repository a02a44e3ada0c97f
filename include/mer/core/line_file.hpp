#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "mer/core/atomic_file.hpp"
#include "mer/core/file_descriptor.hpp"

namespace mer {

/// A file that grows by whole lines and has one writer at a time, whoever the others are.
class LineFile {
 public:
  enum class Start {
    kAppend,  ///< goes on with what is there
    kReplace  ///< what is there stays until finish()
  };
  /// @throws UsageError when another process writes it, Error when it can't be written
  LineFile(std::filesystem::path path, Start start);

  /// What can't be written whole isn't written at all.
  void add(std::string_view lines);
  /// Puts another content in the place of what is there.
  void rewrite(const std::function<void(AtomicFile&)>& write);
  void finish();

 private:
  std::filesystem::path path_;
  FileDescriptor file_;                  ///< locked
  std::unique_ptr<AtomicFile> instead_;  ///< of the file, from finish() on
};

}  // namespace mer
