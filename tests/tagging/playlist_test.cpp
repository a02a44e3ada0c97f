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

TEST_F(Playlists, HoldOnlyTheMostTypicalWhenAsked) {
  const std::vector<ListedPrediction> list = {song("a.mp3", "sad", 0.9), song("b.mp3", "sad", 0.8),
                                              song("c.mp3", "sad", 0.6), song("d.mp3", "sad", 0.5)};
  const auto names = [&](const PlaylistOptions& options) {
    write_playlists(list, lists_, {}, options);
    std::string found;
    for (const char* name : {"a", "b", "c", "d"}) {
      if (content("sad.m3u8").find(std::string("/") + name + ".mp3") != std::string::npos)
        found += name;
    }
    return found;
  };
  EXPECT_EQ(names({.max_songs = 3}), "abc");
  EXPECT_EQ(names({.min_confidence = 0.6}), "abc");
  EXPECT_EQ(names({.quantile = 0.5}), "ab");
  EXPECT_EQ(names({.max_songs = 1, .min_confidence = 0.7, .quantile = 0.75}), "a");
}

TEST_F(Playlists, OfTheEndsOfAnAxis) {
  std::vector<ListedPrediction> list;
  for (const auto& [name, arousal] : {std::pair{"a.mp3", 0.9}, std::pair{"b.mp3", 0.2},
                                      std::pair{"c.mp3", -0.1}, std::pair{"d.mp3", -0.6}}) {
    list.push_back(song(name, "sad", 0.5));
    list.back().result.prediction->arousal = arousal;
  }
  const PlaylistOptions by_sign{.by = PlaylistOptions::By::kArousal};
  write_playlists(list, lists_, {}, by_sign);
  EXPECT_THAT(content("energetic.m3u8"), HasSubstr("a\n../../a.mp3\n#EXTINF:62,b\n../../b.mp3\n"));
  EXPECT_THAT(content("calm.m3u8"), HasSubstr("d\n../../d.mp3\n#EXTINF:62,c\n../../c.mp3\n"));
  PlaylistOptions options = by_sign;
  options.min_confidence = 0.5;
  EXPECT_EQ(write_playlists(list, lists_, {}, options).playlists[0].num_songs, 1U);
  options = by_sign;
  options.quantile = 0.75;  // of all songs, whatever the sign
  EXPECT_EQ(write_playlists(list, lists_, {}, options).playlists[0].num_songs, 3U);
  // Neither valence nor the four classes that it follows from.
  options.by = PlaylistOptions::By::kValence;
  EXPECT_THROW(write_playlists(list, lists_, {}, options), UsageError);
  for (ListedPrediction& one : list) {
    one.classes = {"happy", "anger", "sad", "relaxed"};
    one.result.prediction->probabilities = {0.7, 0.1, 0.1, 0.1};
  }
  EXPECT_EQ(write_playlists(list, lists_, {}, {.by = PlaylistOptions::By::kValence})
                .playlists[0]
                .num_songs,
            4U);
  EXPECT_THAT(content("bright.m3u8"), HasSubstr("a.mp3"));
}

TEST_F(Playlists, ForNavidromeAskForTheTags) {
  const std::vector<ListedPrediction> list = {song("a.mp3", "sad", 0.9)};
  write_smart_playlists(list, lists_, MoodWords({"sad=Sad;Traurig"}), {.max_songs = 50});
  EXPECT_EQ(content("sad.nsp"),
            "{\n  \"name\": \"sad\",\n  \"comment\": \"by mer, from the tags of the songs\",\n"
            "  \"any\": [\n    {\n      \"is\": {\n        \"mood\": \"Sad\"\n      }\n    },\n"
            "    {\n      \"is\": {\n        \"mood\": \"Traurig\"\n      }\n    }\n  ],\n"
            "  \"sort\": \"random\",\n  \"limit\": 50\n}\n");
  EXPECT_THAT(content("happy.nsp"), HasSubstr("\"mood\": \"happy\""));
  write_smart_playlists(list, lists_, {},
                        {.by = PlaylistOptions::By::kArousal, .min_confidence = 0.5});
  EXPECT_THAT(content("energetic.nsp"), HasSubstr("\"mer_arousal\": 0.75"));
  EXPECT_THAT(content("calm.nsp"), HasSubstr("\"mer_arousal\": 0.25"));
  EXPECT_NO_THROW(write_smart_playlists(list, lists_, {}));  // over those of before
  folder_.write("lists/new/sad.nsp", "{\"name\": \"my own\"}");
  EXPECT_THROW(write_smart_playlists(list, lists_, {}), UsageError);
  EXPECT_THROW(write_smart_playlists(list, lists_, {}, {.quantile = 0.5}), UsageError);
  EXPECT_THROW(write_smart_playlists(list, lists_, {}, {.min_confidence = 0.5}), UsageError);
}

}  // namespace
}  // namespace mer
