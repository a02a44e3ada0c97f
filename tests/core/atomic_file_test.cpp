#include "mer/core/atomic_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::HasSubstr;

unsigned mode_of(const fs::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

std::size_t num_files(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(AtomicFile, IsThereWholeOrAsItWasBefore) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("a", "before");
  {
    AtomicFile given_up(file);
    given_up.write("half");
  }
  EXPECT_EQ(read_text_file(file), "before");
  AtomicFile written(file);
  written.write("after");
  EXPECT_EQ(read_text_file(file), "before");
  written.commit();
  EXPECT_EQ(read_text_file(file), "after");
  EXPECT_EQ(num_files(folder.path()), 1U);
}

TEST(AtomicFile, MayHaveTheLongestName) {
  const test::TemporaryFolder folder;
  const fs::path file = folder / std::string(255, 'x');
  write_text_file(file, "text");
  EXPECT_EQ(read_text_file(file), "text");
  EXPECT_THAT(message_of<Error>([&] { write_text_file(folder / std::string(256, 'x'), ""); }),
              HasSubstr("its name is too long"));
}

TEST(AtomicFile, KeepsPermissionsAndLinks) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("a", "before");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  fs::create_symlink("a", folder / "link");
  write_text_file(folder / "link", "after");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text_file(file), "after");
  EXPECT_EQ(mode_of(file), 0640U);
  fs::create_symlink("new", folder / "to nothing");
  write_text_file(folder / "to nothing", "x");
  EXPECT_EQ(read_text_file(folder / "new"), "x");

  const mode_t umask_before = ::umask(0077);
  write_text_file(folder / "private", "");
  ::umask(umask_before);
  EXPECT_EQ(mode_of(folder / "private"), 0600U);
}

TEST(AtomicFile, LeavesDevicesWhereTheyAre) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  EXPECT_THAT(message_of<Error>([] { write_text_file("/dev/full", "text"); }),
              HasSubstr("/dev/full: cannot be written: disk full"));
  write_text_file("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(AtomicFile, SaysWhyItCannotBeWritten) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(message_of<Error>([&] { write_text_file(folder / "no/a", ""); }),
              HasSubstr("no/a: cannot be written: no such folder"));
  EXPECT_THAT(message_of<Error>([&] { write_text_file(folder.path(), ""); }),
              HasSubstr("cannot be written: it is a folder"));
}

TEST(AtomicFile, OfAKilledProcessIsRemovedAndOfALivingOneNot) {
  const test::TemporaryFolder folder;
  for (const char* name :
       {"a.tmp-mer-aB3xYz", "a.tmp-backup", "a.tmp-mer-notes.txt", ".tmp-mer-x"}) {
    folder.write(name, "x");
  }
  AtomicFile in_use(folder / "b");
  AtomicFile::remove_abandoned(folder.path());
  EXPECT_FALSE(fs::exists(folder / "a.tmp-mer-aB3xYz"));
  EXPECT_EQ(num_files(folder.path()), 4U);
  in_use.commit();
  EXPECT_TRUE(fs::exists(folder / "b"));
}

}  // namespace
}  // namespace mer
