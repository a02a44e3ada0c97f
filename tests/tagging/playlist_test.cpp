#include "mer/tagging/playlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Playlists : public testing::Test {
 protected:
  ListedPrediction song(const std::string& name, const std::string& emotion, double probability,
                        double duration_s = 61.6) const {
    ListedPrediction prediction;
    prediction.result.path = folder_.write(name, "no audio: titles are file names").string();
    prediction.classes = {"sad", "happy", "awe"};
    SongPrediction& answer = prediction.result.prediction.emplace();
    for (const std::string& one : prediction.classes) {
      answer.probabilities.push_back(one == emotion ? probability : 0.0);
    }
    prediction.emotion = emotion;
    answer.duration_s = duration_s;
    return prediction;
  }
  std::string content(const std::string& name) const { return read_text_file(lists_ / name); }

  test::TemporaryFolder folder_;
  fs::path lists_ = folder_ / "lists/new";
};

TEST_F(Playlists, HoldTheMostTypicalSongsFirstByPathsFromTheirFolder) {
  const PlaylistReport report =
      write_playlists({song("a/half.mp3", "sad", 0.5), song("a/Sure – 悲しい.mp3", "sad", 0.9),
                       song("equal.mp3", "sad", 0.5), song("b.mp3", "happy", 0.6, 59.4)},
                      lists_);
  EXPECT_EQ(content("sad.m3u8"),
            "#EXTM3U\n#PLAYLIST:sad\n"
            "#EXTINF:62,Sure – 悲しい\n../../a/Sure – 悲しい.mp3\n"
            "#EXTINF:62,half\n../../a/half.mp3\n"
            "#EXTINF:62,equal\n../../equal.mp3\n");
  EXPECT_EQ(content("happy.m3u8"), "#EXTM3U\n#PLAYLIST:happy\n#EXTINF:59,b\n../../b.mp3\n");
  ASSERT_THAT(report.playlists, SizeIs(3));
  EXPECT_EQ(report.playlists[0].emotion, "happy");  // the contract's order, then the others
  EXPECT_EQ(report.playlists[1].num_songs, 3U);
  EXPECT_EQ(report.playlists[2].emotion, "awe");
}

TEST_F(Playlists, OfAnEmotionWithoutSongsReplacesAnEarlierOne) {
  folder_.write("lists/new/happy.m3u8", "../old.mp3\n");
  write_playlists({song("a.mp3", "sad", 0.5)}, lists_);
  EXPECT_EQ(content("happy.m3u8"), "#EXTM3U\n#PLAYLIST:happy\n");
}

TEST_F(Playlists, LeaveOutWhatIsUncertainFailedOrMissing) {
  ListedPrediction uncertain = song("unsure.mp3", "sad", 0.3);
  uncertain.emotion.reset();
  ListedPrediction failed = song("failed.mp3", "sad", 0.3);
  failed.result.prediction.reset();
  failed.emotion.reset();
  const ListedPrediction gone = song("gone.mp3", "sad", 0.9);
  fs::remove(gone.result.path);
  const PlaylistReport report =
      write_playlists({uncertain, failed, gone, song("here.mp3", "sad", 0.4)}, lists_);
  EXPECT_EQ(report.num_uncertain, 1U);
  EXPECT_EQ(report.num_failed, 1U);
  ASSERT_THAT(report.failures, SizeIs(1));
  EXPECT_THAT(report.failures[0].message, HasSubstr("gone.mp3: no such file"));
  EXPECT_EQ(content("sad.m3u8"), "#EXTM3U\n#PLAYLIST:sad\n#EXTINF:62,here\n../../here.mp3\n");
}

TEST_F(Playlists, NameAFileOnceAndFindItWhereItIsMounted) {
  ListedPrediction twice = song("m/a.mp3", "sad", 0.5);
  twice.result.path = (folder_ / "m/./a.mp3").string();
  ListedPrediction elsewhere = song("b.mp3", "sad", 0.4);
  elsewhere.result.path = "/volume1/music/b.mp3";
  const PathMap map({"/volume1/music=" + folder_.path().string()});
  const std::vector<ListedPrediction> list = {song("m/a.mp3", "sad", 0.5), twice, elsewhere};
  EXPECT_TRUE(write_playlists(list, lists_, map).playlists[1].has_changed);
  EXPECT_EQ(content("sad.m3u8"),
            "#EXTM3U\n#PLAYLIST:sad\n#EXTINF:62,a\n../../m/a.mp3\n#EXTINF:62,b\n../../b.mp3\n");
  EXPECT_FALSE(write_playlists(list, lists_, map).playlists[1].has_changed);
}

TEST_F(Playlists, DoNotReplaceWhatIsNone) {
  const std::string song_bytes("RIFF\x24\0\0\0WAVE", 12);
  folder_.write("lists/new/sad.m3u8", song_bytes);
  EXPECT_THROW(write_playlists({song("a.mp3", "sad", 0.5)}, lists_), UsageError);
  EXPECT_EQ(content("sad.m3u8"), song_bytes);
}

TEST_F(Playlists, CanNameEveryFileThatALineCan) {
  lists_ = folder_.path();
  const PlaylistReport report =
      write_playlists({song("#1 hit.mp3", "a/b", 0.9), song("two\nlines.mp3", "a/b", 0.8)}, lists_);
  EXPECT_EQ(content("a_b.m3u8"), "#EXTM3U\n#PLAYLIST:a/b\n#EXTINF:62,#1 hit\n./#1 hit.mp3\n");
  ASSERT_THAT(report.failures, SizeIs(1));
  EXPECT_THAT(report.failures[0].message, HasSubstr("line break"));
}

}  // namespace
}  // namespace mer
