// Emotify on a made-up tree of its published layout.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../store/test_data.hpp"
#include "import_with.hpp"

namespace mer {
namespace {

using test::import_with;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// The published file has spaces before its column names.
constexpr const char* kHeader =
    "track id, genre, amazement, solemnity, tenderness, nostalgia, calmness, power, "
    "joyful_activation, tension, sadness, mood, liked, disliked, age, gender, mother tongue\n";

/// Lines of as many listeners to a track, of whom `chosen[i]` chose the i-th of the nine emotions.
std::string listeners(int track, const std::string& genre, int count,
                      const std::vector<int>& chosen) {
  std::string lines;
  for (int listener = 0; listener < count; ++listener) {
    lines += std::to_string(track) + "," + genre;
    for (const int times : chosen) lines += listener < times ? ",1" : ",0";
    lines += ",3,1,0,25,1,English\n";
  }
  return lines;
}

class ImportEmotify : public testing::Test {
 protected:
  ImportReport import(const std::string& lines) {
    folder_.write("data.csv", kHeader + lines);
    return import_with("emotify", {folder_.path(), folder_ / "m.csv"});
  }
  std::string complaint(const std::string& lines) {
    return message_of<UsageError>([&] { import(lines); });
  }
  void add_audio(const std::vector<std::string>& names) {
    for (const std::string& name : names) folder_.write("emotifymusic/" + name, "x");
  }
  TemporaryFolder folder_;
};

TEST_F(ImportEmotify, MapsFourOfTheNineEmotionsAndFindsFilesByTheirNumberWithinTheGenre) {
  add_audio({"classical/1.mp3", "classical/100.mp3", "rock/1.mp3", "pop/100.mp3", "pop/7.mp3"});
  const ImportReport report =
      import(listeners(1, "classical", 2, {0, 0, 0, 0, 2, 0, 0, 0, 0}) +
             listeners(100, "classical", 2, {0, 0, 0, 0, 0, 0, 0, 0, 2}) +
             listeners(101, "rock", 2, {0, 0, 0, 0, 0, 0, 0, 2, 0}) +
             listeners(400, "pop", 2, {1, 0, 0, 0, 0, 0, 2, 0, 0}) +
             listeners(307, "pop", 2, {2, 0, 0, 0, 0, 0, 0, 0, 0}));  // amazement: no class
  EXPECT_EQ(content_of(folder_ / "m.csv"),
            "path,label,id\n"
            "emotifymusic/classical/1.mp3,relaxed,classical-1\n"
            "emotifymusic/classical/100.mp3,sad,classical-100\n"
            "emotifymusic/rock/1.mp3,anger,rock-101\n"
            "emotifymusic/pop/100.mp3,happy,pop-400\n");
  EXPECT_EQ(report.groups, 0U);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("no groups")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("induced")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("1 tracks are left out")));
  EXPECT_EQ(Manifest::load(folder_ / "m.csv").songs.size(), 4U);
}

TEST_F(ImportEmotify, WritesTheNineSharesOfAllTracks) {
  add_audio({"classical/1.mp3", "rock/1.mp3", "rock/2.mp3"});
  import(listeners(102, "rock", 3, {3, 0, 0, 0, 0, 0, 0, 0, 0}) +
         listeners(1, "classical", 4, {1, 0, 2, 0, 4, 0, 0, 0, 0}) +
         listeners(101, "rock", 2, {0, 0, 0, 0, 0, 0, 0, 2, 0}));
  EXPECT_EQ(content_of(folder_ / "m.gems.csv"),
            "id,genre,listeners,amazement,solemnity,tenderness,nostalgia,calmness,power,"
            "joyful_activation,tension,sadness,label\n"
            "classical-1,classical,4,0.25,0,0.5,0,1,0,0,0,0,relaxed\n"
            "rock-101,rock,2,0,0,0,0,0,0,0,1,0,anger\n"
            "rock-102,rock,3,1,0,0,0,0,0,0,0,0,\n");
}

TEST_F(ImportEmotify, TakesATrackWhoseTopShareIsAQuarterAndATenthAhead) {
  const struct {
    int listeners;
    int joy;
    int next;  ///< of power
    bool is_taken;
  } cases[] = {{4, 1, 0, true},    // 0.25
               {9, 2, 0, false},   // 0.22
               {10, 4, 3, true},   // 0.10 ahead
               {11, 5, 4, false},  // 0.09 ahead
               {30, 9, 6, true},   // 0.3 − 0.2, which doubles make 0.09999999999999998
               {10, 5, 5, false},  // two at the top
               {10, 4, 5, false}};
  add_audio({"rock/1.mp3", "rock/2.mp3", "rock/3.mp3"});
  for (const auto& one : cases) {
    import(listeners(101, "rock", one.listeners, {0, 0, 0, 0, 0, one.next, one.joy, 0, 0}) +
           listeners(102, "rock", 1, {0, 0, 0, 0, 0, 0, 0, 1, 0}) +
           listeners(103, "rock", 1, {0, 0, 0, 0, 0, 0, 0, 0, 1}));
    EXPECT_EQ(Manifest::load(folder_ / "m.csv").songs.size(), one.is_taken ? 3U : 2U)
        << one.joy << " and " << one.next << " of " << one.listeners;
  }
}

TEST_F(ImportEmotify, CountsTracksWithoutAudioAndFailsOnlyWithoutAny) {
  add_audio({"classical/1.mp3", "rock/1.mp3"});
  const std::string good = listeners(1, "classical", 1, {0, 0, 0, 0, 1, 0, 0, 0, 0}) +
                           listeners(101, "rock", 1, {0, 0, 0, 0, 0, 0, 0, 1, 0});
  const std::string missing = listeners(399, "pop", 1, {0, 0, 0, 0, 0, 0, 0, 1, 0});
  const ImportReport report = import(good + missing);
  EXPECT_EQ(report.songs, 2U);
  EXPECT_THAT(report.warnings, Contains("1 tracks have no audio and are left out: pop-399"));
  EXPECT_THAT(complaint(missing), HasSubstr("none of the 1 tracks has its audio | fetch data.csv"));
}

TEST_F(ImportEmotify, ErrorsNameFileLineAndSource) {
  const auto without_table = [&] {
    return message_of<UsageError>([&] {
      import_with("emotify", {folder_.path(), folder_ / "m.csv"});
    });
  };
  EXPECT_THAT(without_table(), HasSubstr("data.csv: no such file or folder | fetch data.csv and "
                                         "emotifymusic.zip from http://www2.projects.science"));
  EXPECT_THAT(complaint("1,rock,2,0,0,0,0,0,0,0,0\n"),
              HasSubstr("data.csv:2: amazement '2' is not a whole number 0…1"));
  EXPECT_THAT(complaint("x,rock,1,0,0,0,0,0,0,0,0\n"),
              HasSubstr("data.csv:2: track id 'x' is not a whole number"));
  EXPECT_THAT(complaint(listeners(1, "rock", 1, {0, 0, 0, 0, 1, 0, 0, 0, 0})),
              HasSubstr("emotifymusic: no such file or folder"));
  folder_.write("data.csv", "track id,genre,joy\n1,rock,1\n");
  EXPECT_THAT(without_table(), HasSubstr("data.csv:1: column 'amazement' is missing"));
}

}  // namespace
}  // namespace mer
