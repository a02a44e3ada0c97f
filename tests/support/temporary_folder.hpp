#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "mer/core/scratch_folder.hpp"

namespace mer::test {

/// A temporary folder that files are easily written into.
class TemporaryFolder : public ScratchFolder {
 public:
  TemporaryFolder() : ScratchFolder("mer-test-") {}

  /// Writes a file and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    const std::filesystem::path file = *this / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
};

/// Runs `action` and returns the message of the Error it throws; a test failure text if it doesn't.
template <class Error, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string hint = error.hint();
    return error.what() + (hint.empty() ? "" : " | " + hint);
  }
  return "(nothing was thrown)";
}

}  // namespace mer::test
