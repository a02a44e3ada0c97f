#include "mer/corpus/song_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "../support/temporary_folder.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SongSearch : public testing::Test {
 protected:
  /// Paths below the folder.
  std::vector<std::string> names(const std::vector<fs::path>& paths) const {
    std::vector<std::string> below;
    for (const fs::path& path : paths) below.push_back(path.lexically_relative(folder_.path()));
    return below;
  }
  FoundSongs find() const { return find_songs(folder_.path()); }

  test::TemporaryFolder folder_;
};

TEST_F(SongSearch, FindsAudioInAllFoldersSortedAndNothingElse) {
  for (const char* name : {"b/c/2.MP3", "b/1.wav", "a.flac", "notes.txt", "b/._1.wav", "z.ogg"}) {
    folder_.write(name, "x");
  }
  fs::create_directory(folder_ / "folder.wav");
  fs::create_symlink(folder_ / "nowhere", folder_ / "dead.wav");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.wav").c_str(), 0600), 0);
  FoundSongs found = find();
  EXPECT_THAT(names(found.files), ElementsAre("a.flac", "b/1.wav", "b/c/2.MP3", "z.ogg"));
  EXPECT_THAT(found.failures, IsEmpty());
  EXPECT_EQ(found.num_others, 1U);
  EXPECT_THAT(names(found.hidden), ElementsAre("b/._1.wav"));
  EXPECT_THAT(found.no_files, SizeIs(2));
  EXPECT_THAT(found.passed_over(),
              HasSubstr("1 hidden or set aside (" + (folder_ / "b/._1.wav").string()));
}

TEST_F(SongSearch, FollowsLinksOnceAndEndsInLoops) {
  folder_.write("m/real/1.wav", "x");
  const test::TemporaryFolder other;
  other.write("2.wav", "x");
  other.write("3.wav", "x");
  fs::create_directory_symlink("real", folder_ / "m/0 first");  // found under its own name
  fs::create_directory_symlink("..", folder_ / "m/real/loop");
  fs::create_directory_symlink(other.path(), folder_ / "m/linked");
  fs::create_directory_symlink(other.path(), folder_ / "m/linked again");
  fs::create_symlink("real/1.wav", folder_ / "m/one.wav");
  fs::create_symlink(other / "3.wav", folder_ / "three.wav");
  fs::create_symlink("round.wav", folder_ / "round.wav");
  const FoundSongs found = find();
  EXPECT_THAT(names(found.files), ElementsAre("m/linked/2.wav", "m/linked/3.wav", "m/real/1.wav"));
  EXPECT_THAT(found.again, SizeIs(5));
  EXPECT_THAT(names(found.no_files), ElementsAre("round.wav"));
}

TEST_F(SongSearch, PassesOverWhatSystemsPutAside) {
  for (const char* aside : {"@eaDir", "#recycle", ".Trash-1000", ".stversions", "$RECYCLE.BIN",
                            "lost+found", ".hidden"}) {
    folder_.write(std::string("m/") + aside + "/1.wav", "x");
  }
  folder_.write("m/#1 hits/1.wav", "x");
  const FoundSongs found = find();
  EXPECT_THAT(names(found.files), ElementsAre("m/#1 hits/1.wav"));
  EXPECT_THAT(found.hidden, SizeIs(7));
  // Asked for by name it is searched.
  EXPECT_THAT(find_songs(folder_ / "m/.hidden").files, SizeIs(1));
}

TEST_F(SongSearch, NamesFoldersThatCannotBeRead) {
  folder_.write("m/a/1.wav", "x");
  folder_.write("m/b/2.wav", "x");
  fs::permissions(folder_ / "m/b", fs::perms::none);
  if (::access((folder_ / "m/b").c_str(), R_OK) == 0) GTEST_SKIP() << "root reads everything";
  const FoundSongs found = find();
  fs::permissions(folder_ / "m/b", fs::perms::owner_all);
  EXPECT_THAT(names(found.files), ElementsAre("m/a/1.wav"));
  EXPECT_THAT(found.failures, ElementsAre((folder_ / "m/b").string() + ": permission denied"));
}

TEST_F(SongSearch, OfAFolderThatIsNotThereIsAUsageError) {
  EXPECT_THROW(find_songs(folder_ / "none"), UsageError);
  EXPECT_THROW(find_songs(folder_.write("a.wav", "x")), UsageError);
}

}  // namespace
}  // namespace mer
