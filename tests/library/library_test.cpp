#include "mer/library/library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/library/similar_songs.hpp"
#include "mer/library/song_map.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class SongLibrary : public testing::Test {
 protected:
  /// A line of mer predict for a file that is made, too.
  void add(const fs::path& name, std::vector<double> embedding,
           std::optional<double> valence = std::nullopt) {
    add_line((folder_.write(name.string(), "no audio: titles are file names")).string(),
             std::move(embedding), valence);
  }
  void add_line(const std::string& path, std::vector<double> embedding,
                std::optional<double> valence = std::nullopt) {
    FileResult result{path, SongPrediction{}, "", "", false, std::nullopt};
    result.prediction->probabilities = {0.75, 0.25};
    result.prediction->duration_s = 61.6;
    result.prediction->embedding = std::move(embedding);
    if (valence) result.prediction->valence = result.prediction->arousal = *valence;
    text_ += prediction_jsonl(result, {"sad", "awe"}, {"default", "hash"});
  }
  void add_failed(const std::string& name) {
    text_ += prediction_jsonl({(folder_ / name).string(), std::nullopt, "empty"}, {"sad", "awe"},
                              {"default", "hash"});
  }
  Library library(const PathMap& map = {}) const {
    return read_library(folder_.write("moods.jsonl", text_), map);
  }
  static std::vector<std::string> names(const std::vector<SimilarSong>& songs) {
    std::vector<std::string> result;
    for (const SimilarSong& one : songs) result.push_back(one.song->file.filename().string());
    return result;
  }
  /// What the page holds of the songs.
  nlohmann::json data(const Library& library, const std::string& page = "map.html") const {
    const std::string html = song_map(library, folder_ / page, 1).html;
    const std::string mark = "<script type=\"application/json\" id=\"data\">";
    const std::size_t begin = html.find(mark) + mark.size();
    return nlohmann::json::parse(html.substr(begin, html.find("</script>", begin) - begin));
  }

  test::TemporaryFolder folder_;
  std::string text_;
};

TEST_F(SongLibrary, HoldsEachSongOnceByItsLastLineWithoutThoseThatFailed) {
  add("b.mp3", {1.0});
  add("a.mp3", {2.0});
  add_line((folder_ / "./b.mp3").string(), {3.0});
  add_failed("c.mp3");
  const Library songs = library();
  ASSERT_THAT(songs.songs, SizeIs(2));
  EXPECT_EQ(songs.num_failed, 1U);
  EXPECT_EQ(songs.songs[0].file, folder_ / "a.mp3");
  EXPECT_THAT(songs.songs[1].answer().embedding, ElementsAre(3.0));
}

TEST_F(SongLibrary, FindsASongByAnySpellingByBytesAndWhereItIsMounted) {
  add("a/caf\xE9.mp3", {1.0});
  add_line("/volume1/music/b.mp3", {2.0});
  const Library songs = library(PathMap({"/volume1/music=" + folder_.path().string()}));
  EXPECT_THAT(songs.find(folder_ / "a/../a/./caf\xE9.mp3").answer().embedding, ElementsAre(1.0));
  EXPECT_THAT(songs.find(folder_ / "b.mp3").answer().embedding, ElementsAre(2.0));
  EXPECT_THAT(songs.find("/volume1/music/b.mp3").answer().embedding, ElementsAre(2.0));
  EXPECT_EQ(message_of<UsageError>([&] { songs.find("my song.mp3"); }),
            "my song.mp3: is not among the songs of " + songs.list.string() +
                " | mer predict 'my song.mp3' --format jsonl -o " + songs.list.string() +
                " --resume");
}

TEST_F(SongLibrary, NamesTheSongsThatLieNearest) {
  add("song.mp3", {0.0, 0.0});
  add("far.mp3", {3.0, 4.0});
  add("near.mp3", {0.6, 0.8});
  add("old.mp3", {});
  add_failed("failed.mp3");
  const Library songs = library();
  const auto all = similar_songs(songs, songs.find(folder_ / "song.mp3"), 20);
  EXPECT_THAT(names(all), ElementsAre("near.mp3", "far.mp3"));
  EXPECT_NEAR(all[0].distance, 1.0, 1e-9);
  EXPECT_NEAR(all[1].distance, 5.0, 1e-9);
  EXPECT_THAT(names(similar_songs(songs, songs.find(folder_ / "far.mp3"), 1)),
              ElementsAre("near.mp3"));
  EXPECT_THAT(
      message_of<UsageError>([&] { similar_songs(songs, songs.find(folder_ / "old.mp3"), 1); }),
      AllOf(HasSubstr("says nothing of where songs lie"), HasSubstr("mer predict FOLDER")));
}

TEST_F(SongLibrary, BecomesAPageWithPlacesInThousandthsAndRelativeLinks) {
  add("music/x/one.mp3", {0.1234, -2.0}, 0.5);
  add("music/y/two.mp3", {0.5}, -1.0);
  const auto page = data(library(), "pages/map.html");
  EXPECT_EQ(page["root_link"], "../music");
  EXPECT_THAT(page["root"].get<std::string>(), EndsWith("/music"));
  EXPECT_EQ(page["folders"], nlohmann::json({"x", "y"}));
  EXPECT_EQ(page["files"], nlohmann::json({"one.mp3", "two.mp3"}));
  EXPECT_EQ(page["emotions"], nlohmann::json({"sad"}));
  EXPECT_EQ(page["confidence"], nlohmann::json({750, 750}));
  EXPECT_EQ(page["duration"], nlohmann::json({62, 62}));
  EXPECT_EQ(page["axes"], 2);
  EXPECT_EQ(page["embeddings"], nlohmann::json({123, -2000, 500, nullptr}));
  EXPECT_EQ(page["valence"], nlohmann::json({500, -1000}));
}

TEST_F(SongLibrary, KeepsASongsPlaceOnTheMapWhateverElseTheListHolds) {
  add("a.mp3", {0.25, 0.5});
  const auto before = data(library())["embeddings"];
  add("b.mp3", {40.0, -30.0});
  const auto after = data(library())["embeddings"];
  EXPECT_EQ(before, nlohmann::json({250, 500}));
  EXPECT_EQ((nlohmann::json{after[0], after[1]}), before);
}

TEST_F(SongLibrary, KeepsNamesFromBecomingPartOfThePage) {
  const std::string evil = "<img src=x onerror=alert(1)><!-- & \" ' \\ .mp3";
  add("safe.mp3", {1.0});
  add("</script><script>alert(1)/" + evil, {2.0});
  const Library songs = library();
  const std::string html = song_map(songs, folder_ / "map.html", 1).html;
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<img src=x")), Not(HasSubstr("<script>alert"))));
  const auto page = data(songs);
  EXPECT_THAT(page["files"].dump(), HasSubstr("onerror=alert(1)"));
  EXPECT_EQ(page["files"][0], evil);
}

TEST_F(SongLibrary, LinksToBytesWhereANameIsNotUtf8) {
  add("x/a.mp3", {1.0});
  add("y\xFF/caf\xE9 #1.mp3", {2.0});
  const auto page = data(library());
  EXPECT_EQ(page["files"][1], "caf\uFFFD #1.mp3");
  EXPECT_EQ(page["files_urls"], nlohmann::json({{"1", "caf%E9%20%231.mp3"}}));
  EXPECT_EQ(page["folders_urls"], nlohmann::json({{"1", "y%FF"}}));
}

TEST_F(SongLibrary, MapsValenceAndArousalAloneAndRefusesNeither) {
  add("a.mp3", {}, 0.5);
  EXPECT_EQ(data(library())["axes"], 0);
  text_.clear();
  add("a.mp3", {});
  EXPECT_THAT(message_of<UsageError>([&] { song_map(library(), folder_ / "map.html", 1); }),
              AllOf(HasSubstr("moods.jsonl: says nothing of where songs lie among others"),
                    HasSubstr("predict them again: mer predict FOLDER --format jsonl -o ")));
}

TEST_F(SongLibrary, CountsSongsThatAreNotThere) {
  add("a.mp3", {1.0});
  add_line("/no/such/folder/b.mp3", {2.0});
  EXPECT_EQ(song_map(library(), folder_ / "map.html", 1).num_missing, 1U);
}

TEST_F(SongLibrary, PageAsksTheNetworkForNothing) {
  add("a.mp3", {1.0});
  const std::string html = song_map(library(), folder_ / "map.html", 1).html;
  EXPECT_THAT(html, AllOf(HasSubstr("Content-Security-Policy"), HasSubstr("default-src 'none'")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("src=\"http")), Not(HasSubstr("{{"))));
  EXPECT_THAT(html, HasSubstr("Redistribution and use in source and binary forms"));
}

}  // namespace
}  // namespace mer
