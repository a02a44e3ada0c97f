#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/core/base64.hpp"
#include "mer/core/error.hpp"
#include "mer/library/map_page.hpp"
#include "mer/library/similar_songs.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

ListedPrediction song_at(const std::string& path, std::vector<double> embedding,
                         const std::string& emotion = "sad") {
  ListedPrediction line;
  line.result.path = path;
  line.classes = {"happy", "sad"};
  SongPrediction& song = line.result.prediction.emplace();
  song.probabilities = {0.25, 0.75};
  song.duration_s = 214.4;
  song.valence = -0.5;
  song.arousal = 0.25;
  song.embedding = std::move(embedding);
  if (!emotion.empty()) line.emotion = emotion;
  return line;
}

Json data_in(const std::string& page) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = page.find(start) + start.size();
  return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(MapPage, HoldsTheSongsColumnByColumnAndNeedsNoOtherFile) {
  std::vector<ListedPrediction> list = {song_at("/music/a/1 #.mp3", {0.1234, -2.0}),
                                        song_at("/music/b/2.mp3", {40.0, 1.0}, "")};
  list.emplace_back().result.path = "/music/failed.mp3";
  list.back().classes = {};
  const std::string page = map_page(list, "/music");
  const Json data = data_in(page);
  EXPECT_EQ(data["emotions"], Json({"happy", "sad", "uncertain"}));
  EXPECT_EQ(data["title"], Json({"1 #", "2"}));  // the files are not there
  EXPECT_EQ(data["artists"], Json({""}));
  EXPECT_EQ(data["folders"], Json({"/music/a", "/music/b"}));
  EXPECT_EQ(data["folder_links"], Json({"a/", "b/"}));
  EXPECT_EQ(data["folder"], Json({0, 1}));
  EXPECT_EQ(data["file"], Json({"1 #.mp3", "2.mp3"}));
  EXPECT_EQ(data["emotion"], Json({1, 2}));
  EXPECT_EQ(data["confidence"], Json({0.75, 0.75}));
  EXPECT_EQ(data["duration"], Json({214, 214}));
  EXPECT_EQ(data["valence"], Json({-0.5, -0.5}));
  EXPECT_EQ(data["axes"], 2);
  // 123, -2000, 32767 (it stops there), 1000
  EXPECT_EQ(decode_base64(data["embedding"].get<std::string>()),
            std::string("\x7B\x00\x30\xF8\xFF\x7F\xE8\x03", 8));
  EXPECT_EQ(page.find("src=\""), page.npos);
  EXPECT_EQ(page.find("href=\""), page.npos);
}

TEST(MapPage, TakesNoTitleForCodeAndNamesThatAreNoTextByTheirBytes) {
  const std::string bad = "</script><img onerror=alert(1)>";
  const std::string page =
      map_page({song_at("/m/" + bad + "/x.mp3", {1.0}), song_at("/m/caf\xE9/\xE9.mp3", {2.0})},
               "/m/pages", PathMap({"/m=/mnt/nas"}));
  const Json data = data_in(page);  // ends where it should
  EXPECT_EQ(data["folders"][0], "/mnt/nas/" + bad);
  EXPECT_EQ(data["folder_links"][1], "../../mnt/nas/caf%E9/");
  EXPECT_EQ(data["links"], Json({{"1", "%E9.mp3"}}));
  EXPECT_EQ(data["file"][1], "\xEF\xBF\xBD.mp3");
}

TEST(MapPage, OfValenceAndArousalAloneOrRefused) {
  ListedPrediction song = song_at("/m/a.mp3", {});
  EXPECT_EQ(data_in(map_page({song}, "/m"))["axes"], 0);
  song.result.prediction->valence = song.result.prediction->arousal = std::nan("");
  EXPECT_THAT(message_of<UsageError>([&] { map_page({song}, "/m"); }),
              AllOf(HasSubstr("no song of the list says where it lies"), HasSubstr("mer predict")));
}

TEST(SimilarSongs, AreTheNearestFirst) {
  const test::TemporaryFolder folder;
  const std::string here = fs::canonical(folder.path()).string();
  std::vector<ListedPrediction> list = {
      song_at(here + "/a.mp3", {0.0, 0.0}), song_at(here + "/b.mp3", {3.0, 4.0}),
      song_at(here + "/c.mp3", {0.0, 1.0}), song_at(here + "/d.mp3", {5.0, 0.0})};
  list.emplace_back().result.path = here + "/failed.mp3";
  list.back().result.error = "no sound";
  const auto near = similar_songs(folder / "./a.mp3", "l.jsonl", list, 2);
  ASSERT_EQ(near.size(), 2U);
  EXPECT_EQ(near[0].song, &list[2]);
  EXPECT_DOUBLE_EQ(near[0].distance, 1.0);
  EXPECT_EQ(near[1].song, &list[1]);  // as far as d, and before it
  EXPECT_DOUBLE_EQ(near[1].distance, 5.0);
  // Where the list's disk is mounted elsewhere, by both names.
  const PathMap map({here + "=/mnt"});
  EXPECT_EQ(similar_songs("/mnt/d.mp3", "l.jsonl", list, 1, map)[0].path, "/mnt/b.mp3");
  EXPECT_EQ(similar_songs(folder / "d.mp3", "l.jsonl", list, 1, map)[0].path, "/mnt/b.mp3");
  const auto refusal = [&](const fs::path& song) {
    return message_of<UsageError>([&] { similar_songs(song, "l.jsonl", list, 1); });
  };
  EXPECT_THAT(
      refusal("/x y.mp3"),
      AllOf(HasSubstr("/x y.mp3: is not in l.jsonl"),
            HasSubstr("mer predict '/x y.mp3' --format jsonl -o l.jsonl --resume adds it")));
  EXPECT_THAT(refusal(folder / "failed.mp3"), HasSubstr("could not be predicted: no sound"));
  list[0].result.prediction->embedding = {};
  EXPECT_THAT(refusal(folder / "a.mp3"), HasSubstr("l.jsonl: does not say where songs lie"));
}

}  // namespace
}  // namespace mer
