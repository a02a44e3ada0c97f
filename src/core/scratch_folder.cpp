#include "mer/core/scratch_folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <chrono>

#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

fs::path system_folder() {
  std::error_code failure;
  const fs::path folder = fs::temp_directory_path(failure);
  if (failure) {
    throw Error(
        "the temporary folder can't be used: " +
            (failure.value() == ENOTDIR || failure.value() == ENOENT ? "no such folder"
                                                                     : reason_of(failure.value())),
        "set TMPDIR to a folder that can be written");
  }
  return folder;
}

fs::path new_folder(const fs::path& parent, const std::string& prefix) {
  std::string name = (parent / prefix).string() + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    const int error = errno;
    std::error_code ignored;
    throw Error(parent.string() + ": no temporary folder can be made here: " +
                    (error == ENOENT ? "no such folder" : reason_of(error)),
                std::string("free some space") + (parent == fs::temp_directory_path(ignored)
                                                      ? ", or set TMPDIR to another folder"
                                                      : ""));
  }
  return name;
}

}  // namespace

ScratchFolder::ScratchFolder(const std::string& prefix) : ScratchFolder(system_folder(), prefix) {}

ScratchFolder::ScratchFolder(const fs::path& parent, const std::string& prefix)
    : path_(new_folder(parent, prefix)), lock_(path_) {
  lock_.take();
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void ScratchFolder::remove_abandoned() { remove_abandoned(system_folder(), kPrefix); }

void ScratchFolder::remove_abandoned(const fs::path& parent, const std::string& prefix) {
  constexpr auto kMoment = std::chrono::minutes(1);  // a new folder is not locked at once
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, ignored)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    if (fs::file_time_type::clock::now() - entry.last_write_time(ignored) < kMoment) continue;
    if (FileLock(entry.path()).take() == FileLock::State::kHeld) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

}  // namespace mer
