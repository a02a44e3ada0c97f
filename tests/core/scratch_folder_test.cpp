#include "mer/core/scratch_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

TEST(FileLock, IsHadByOneAtATimeAndEndsWithItsObject) {
  const ScratchFolder folder;
  for (const fs::path& path : {folder.path() / "file", folder.path() / "folder"}) {
    if (path.filename() == "folder") fs::create_directory(path);
    FileLock other(path);
    {
      FileLock first(path);
      EXPECT_EQ(first.take(), FileLock::State::kHeld);
      EXPECT_EQ(first.take(), FileLock::State::kHeld);
      EXPECT_EQ(other.take(), FileLock::State::kTaken);
    }
    EXPECT_EQ(other.take(), FileLock::State::kHeld);
  }
  EXPECT_TRUE(fs::is_regular_file(folder / "file"));
  EXPECT_EQ(FileLock(folder / "no folder/file").take(), FileLock::State::kUnknown);
}

TEST(ScratchFolder, IsGoneAtTheEndWithWhatIsInIt) {
  fs::path path;
  {
    const ScratchFolder folder("mer-gone-");
    path = folder.path();
    EXPECT_TRUE(path.filename().string().starts_with("mer-gone-"));
    write_text_file(folder / "file", "text");
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_THROW(ScratchFolder(path, "mer-"), Error);
}

TEST(ScratchFolder, LeavesFoldersAloneThatAreInUseOrNew) {
  const ScratchFolder parent;
  const ScratchFolder in_use(parent.path(), ".mer-");
  fs::create_directory(parent / ".mer-killed");
  fs::create_directory(parent / ".other");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const fs::path& path : {in_use.path(), parent / ".mer-killed", parent / ".other"}) {
    fs::last_write_time(path, long_ago);
  }
  fs::create_directory(parent / ".mer-new");
  ScratchFolder::remove_abandoned(parent.path(), ".mer-");
  EXPECT_FALSE(fs::exists(parent / ".mer-killed"));
  for (const fs::path& path : {in_use.path(), parent / ".other", parent / ".mer-new"}) {
    EXPECT_TRUE(fs::exists(path)) << path;
  }
}

}  // namespace
}  // namespace mer
