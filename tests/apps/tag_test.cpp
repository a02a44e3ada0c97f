#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "mer/core/text.hpp"
#include "mer/tagging/mood_tag.hpp"
#include "world.hpp"

// What the tags of each format look like is tests/library's to say.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Tag : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.trouble(), "");
    fs::remove_all(world_ / "library");
    fs::remove(world_ / "list.jsonl");
    for (const char* name : {"one.flac", "two.flac", "three.flac"}) {
      fs::create_directories(world_ / "library/album");
      fs::copy(world_ / "songs/sad/song_0003.flac", world_ / "library/album" / name);
    }
  }

  fs::path file(const std::string& name) const { return world_ / "library/album" / name; }
  std::vector<std::string> mood_of(const std::string& name) const {
    return read_tag(file(name), "MOOD");
  }
  /// The library's predictions, by the tiny model, in list.jsonl.
  Outcome predict() const {
    return world_.mer({"predict", "library", "-m", "runs/base", "--format", "jsonl", "-o",
                       "list.jsonl", "--resume"});
  }
  /// The same with answers of our choice.
  void write_list(const std::vector<std::pair<std::string, Json>>& emotions) const {
    std::string text;
    for (const auto& [path, emotion] : emotions) {
      text += Json{{"path", path},
                   {"status", "ok"},
                   {"emotion", emotion},
                   {"duration_s", 4.0},
                   {"probabilities", {{"happy", 0.4}, {"sad", 0.6}}}}
                  .dump() +
              "\n";
    }
    world_.write("list.jsonl", text);
  }

  const World& world_ = World::get();
};

TEST_F(Tag, ShowsWhatItWouldStoreAndStoresItAndUndoesIt) {
  write_list({{"library/album/one.flac", "sad"}, {"library/album/two.flac", nullptr}});
  const std::string before = read(file("one.flac"));
  const Outcome shown = world_.mer({"tag", "list.jsonl"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  const auto lines = lines_of(shown.out);
  ASSERT_THAT(lines, SizeIs(7));
  EXPECT_EQ(lines[0], "emotion          as it is      add");  // how many first
  EXPECT_EQ(lines[1], "not sure enough        1        0");
  EXPECT_EQ(lines[2], "sad                    0        1");
  EXPECT_THAT(lines[5], AllOf(HasSubstr("sad"), HasSubstr("add"), HasSubstr("one.flac")));
  EXPECT_THAT(lines[6], AllOf(Not(HasSubstr("add")), HasSubstr("two.flac")));  // uncertain
  EXPECT_EQ(shown.err, "2 files, 1 to change; --write stores the moods\n");
  EXPECT_TRUE(read(file("one.flac")) == before);

  const Outcome written = world_.mer({"tag", "list.jsonl", "--write", "--log", "first.log"});
  EXPECT_EQ(written.exit_code, 0);
  EXPECT_THAT(lines_of(written.out), ElementsAre(lines[4], lines[5], lines[6]));
  EXPECT_EQ(written.err, "2 files, 1 changed\nundo with: mer tag --undo first.log\n");
  EXPECT_THAT(mood_of("one.flac"), ElementsAre("sad"));
  EXPECT_THAT(mood_of("two.flac"), IsEmpty());
  EXPECT_EQ(world_.mer({"tag", "list.jsonl", "--write"}).err, "2 files, 0 changed\n");

  // A whole run by its log, however often.
  EXPECT_EQ(world_.mer({"tag", "--undo", "first.log"}).err, "1 file, 1 changed\n");
  EXPECT_THAT(mood_of("one.flac"), IsEmpty());
  EXPECT_EQ(world_.mer({"tag", "--undo", "first.log"}).err, "1 file, 0 changed\n");
  EXPECT_EQ(world_.mer({"tag", "list.jsonl", "--write"}).exit_code, 0);

  const Outcome removed = world_.mer({"tag", "library", "--remove"});
  EXPECT_EQ(removed.exit_code, 0);
  EXPECT_THAT(removed.err, testing::StartsWith("3 files, 1 changed\n"));
  EXPECT_THAT(mood_of("one.flac"), IsEmpty());
}

TEST_F(Tag, StopsWhereNoFileCanBeWrittenAnyMore) {
  write_list({{"library/album/one.flac", "sad"}, {"library/album/two.flac", "sad"}});
  // A file system of one megabyte over the library, filled up.
  const std::string script =
      "mkdir kept && cp library/album/*.flac kept && mount -t tmpfs -o size=1m none library && "
      "cp -r kept library/album && { dd if=/dev/zero of=library/rest bs=4k 2>/dev/null; "
      "exec \"$MER\" tag list.jsonl --write; }";
  if (run({"unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"})
          .exit_code != 0) {
    GTEST_SKIP() << "no file system can be mounted here";
  }
  Place place = world_.place();
  place.environment["MER"] = MER_PROGRAM;
  fs::remove_all(world_ / "kept");
  const Outcome full = run({"unshare", "--mount", "--map-root-user", "sh", "-c", script}, place);
  EXPECT_EQ(full.exit_code, 1) << full.err;
  EXPECT_THAT(full.err, AllOf(HasSubstr("one.flac: cannot be written: disk full\n"),
                              HasSubstr("\n  hint: every file is whole"), Not(HasSubstr("two"))));
}

TEST_F(Tag, OfAFolderPredictsItsSongsFirst) {
  const Outcome written = world_.mer(
      {"tag", "library", "-m", "runs/base", "-j", "2", "--write", "--min-confidence", "0"});
  EXPECT_EQ(written.exit_code, 0) << written.err;
  EXPECT_THAT(written.err, testing::StartsWith("3 files, 3 changed\nundo with: mer tag --undo "));
  const Outcome predicted =
      world_.mer({"predict", "library/album/one.flac", "-m", "runs/base", "--format", "json"});
  const std::string emotion = Json::parse(predicted.out)["results"][0]["emotion"];
  for (const char* name : {"one.flac", "two.flac", "three.flac"}) {
    EXPECT_THAT(mood_of(name), ElementsAre(emotion)) << name;
  }
  // Not sure of anything: what was stored goes again.
  const Outcome unsure =
      world_.mer({"tag", "library", "-m", "runs/base", "--min-confidence", "1", "--write"});
  EXPECT_THAT(unsure.err, testing::StartsWith("3 files, 3 changed\n"));
  EXPECT_THAT(mood_of("one.flac"), IsEmpty());
}

TEST_F(Tag, LeavesTheListTrueSoThatNothingIsPredictedAgain) {
  ASSERT_EQ(predict().exit_code, 0);
  ASSERT_EQ(world_.mer({"tag", "list.jsonl", "--write", "--min-confidence", "0", "--log", "l.log"})
                .exit_code,
            0);
  EXPECT_THAT(mood_of("one.flac"), SizeIs(1));
  EXPECT_THAT(predict().err, HasSubstr("3 done, 0 to do"));
  ASSERT_EQ(world_.mer({"tag", "--undo", "l.log"}).exit_code, 0);
  EXPECT_THAT(mood_of("one.flac"), IsEmpty());
  EXPECT_THAT(predict().err, HasSubstr("3 done, 0 to do"));
}

TEST_F(Tag, KeepsMoodsOfOthersUnlessTold) {
  write_list({{"library/album/one.flac", "sad"}, {"library/album/two.flac", "sad"}});
  const fs::path mine = world_ / "library/mine.flac";
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", file("one.flac").string(), "-c", "copy",
                 "-metadata", "MOOD=Chill", mine.string()})
                .exit_code,
            0);
  fs::rename(mine, file("one.flac"));
  const Outcome kept = world_.mer({"tag", "list.jsonl", "--write", "--mood", "sad=Traurig"});
  EXPECT_THAT(kept.out, AllOf(HasSubstr("Chill             Chill             keep"),
                              HasSubstr("-                 Traurig           add")));
  EXPECT_THAT(mood_of("one.flac"), ElementsAre("Chill"));
  EXPECT_THAT(mood_of("two.flac"), ElementsAre("Traurig"));
  world_.mer({"tag", "list.jsonl", "--write", "--append", "--mood", "sad=Sad;Traurig"});
  EXPECT_THAT(mood_of("one.flac"), ElementsAre("Chill", "Sad", "Traurig"));
  world_.mer({"tag", "list.jsonl", "--write", "--replace", "--field", "GROUPING"});
  EXPECT_THAT(mood_of("one.flac"), ElementsAre("Chill"));
  EXPECT_THAT(read_tag(file("one.flac"), "GROUPING"), ElementsAre("sad"));
  EXPECT_EQ(world_.mer({"tag", "library", "--remove"}).exit_code, 0);
  EXPECT_THAT(mood_of("one.flac"), ElementsAre("Chill"));
  EXPECT_THAT(read_tag(file("one.flac"), "GROUPING"), IsEmpty());
  EXPECT_THAT(mood_of("two.flac"), IsEmpty());
}

TEST_F(Tag, WithoutALogChangesNothing) {
  write_list({{"library/album/one.flac", "sad"}, {"library/album/two.flac", "sad"}});
  const Outcome outcome = world_.mer({"tag", "list.jsonl", "--write", "--log", "none/x.log"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("none/x.log"), HasSubstr("--log FILE"),
                                 Not(HasSubstr("two.flac"))));  // the first song ends it
  EXPECT_THAT(mood_of("one.flac"), IsEmpty());
}

TEST_F(Tag, RefusesWhatWouldChangeNothing) {
  write_list({{"library/album/one.flac", "sad"}});
  const auto refusal = [&](const Words& words) {
    Words all = {"tag"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome outcome = world_.mer(all);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(refusal({"list.jsonl", "--mood", "angry=A"}), HasSubstr("classes are happy, sad"));
  EXPECT_THAT(refusal({"list.jsonl", "--tags"}), HasSubstr("list.jsonl: holds no tags"));
  EXPECT_THAT(refusal({"list.jsonl", "--log", "x"}), HasSubstr("--log is where --write"));
  EXPECT_THAT(refusal({"list.jsonl", "--field", "TITLE"}), HasSubstr("--field is 'TITLE'"));
  EXPECT_THAT(refusal({"library", "--remove", "--append"}), HasSubstr("--append is for storing"));
  EXPECT_THAT(refusal({"--undo", "list.jsonl"}),
              HasSubstr("list.jsonl:1: is no line of a tag log"));
  EXPECT_THAT(refusal({}), HasSubstr("input is required"));
}

TEST_F(Tag, NamesEachFileThatItCannotTagAndDoesTheOthers) {
  ASSERT_EQ(::chmod(file("one.flac").c_str(), 0444), 0);
  fs::remove(file("two.flac"));
  world_.write("library/album/song.au", "no tags here");
  write_list({{"library/album/one.flac", "sad"},
              {"library/album/two.flac", "sad"},
              {"library/album/song.au", "sad"},
              {"library/album/three.flac", "sad"}});
  const Outcome outcome = world_.mer({"tag", "list.jsonl", "--write"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("error: library/album/one.flac: is read-only"),
                                 HasSubstr("error: library/album/two.flac: no such file"),
                                 HasSubstr("error: library/album/song.au: is not of a format"),
                                 HasSubstr("4 files, 1 changed, 3 failed (exit code 3)")));
  EXPECT_THAT(mood_of("three.flac"), ElementsAre("sad"));
  EXPECT_THAT(mood_of("one.flac"), IsEmpty());
}

TEST_F(Tag, KilledAtAnyMomentLeavesEveryFileWhole) {
  constexpr int kFiles = 60;
  const std::string song = read(world_ / "songs/sad/song_0003.flac");
  std::vector<std::pair<std::string, Json>> sad;
  std::vector<std::pair<std::string, Json>> happy;
  for (int i = 0; i < kFiles; ++i) {
    const std::string name = "tagged/" + std::to_string(100 + i) + ".flac";
    world_.write(name, song);
    sad.emplace_back(name, "sad");
    happy.emplace_back(name, "happy");
  }
  int num_kills = 0;
  for (int round = 0; round < 12; ++round) {
    write_list(round % 2 == 0 ? sad : happy);
    Process process({MER_PROGRAM, "tag", "list.jsonl", "--write"}, world_.place());
    std::this_thread::sleep_for(std::chrono::milliseconds(15 + 7 * round));
    process.send(SIGKILL);
    if (process.wait().exit_code == 128 + SIGKILL) ++num_kills;
    for (int i = 0; i < kFiles; ++i) {
      const fs::path song_file = world_ / sad[static_cast<std::size_t>(i)].first;
      const auto mood = read_tag(song_file, "MOOD");
      const auto record = read_tag(song_file, kRecordField);
      EXPECT_TRUE(mood.empty() ? record.empty() : record.at(2) == mood.at(0));
    }
  }
  EXPECT_GT(num_kills, 0);
  write_list(sad);
  EXPECT_EQ(world_.mer({"tag", "list.jsonl", "--write"}).exit_code, 0);
  for (const auto& entry : fs::directory_iterator(world_ / "tagged")) {
    EXPECT_EQ(entry.path().extension(), ".flac");  // no half-written copy is left
  }
  EXPECT_EQ(world_.mer({"tag", "tagged", "--remove"}).exit_code, 0);
  // The songs decode to what they were: the tiny model says the same of all of them.
  const Outcome outcome = world_.mer({"predict", "songs/sad/song_0003.flac", "tagged", "-m",
                                      "runs/base", "--format", "csv", "-j", "2"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto rows = parse_csv(outcome.out, "csv");
  ASSERT_THAT(rows, SizeIs(kFiles + 2));
  for (std::size_t row = 2; row < rows.size(); ++row) {
    for (std::size_t cell = 1; cell < rows[row].cells.size(); ++cell) {
      ASSERT_EQ(rows[row].cells[cell], rows[1].cells[cell]) << rows[row].cells[0];
    }
  }
}

TEST_F(Tag, PlaylistsAreWrittenFromTheSameList) {
  write_list({{"library/album/one.flac", "sad"}, {"library/album/two.flac", nullptr}});
  const Outcome outcome = world_.mer({"playlist", "list.jsonl", "-o", "lists"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("lists/sad.m3u8  1 song\n"), HasSubstr("lists/happy.m3u8  0 songs\n"),
                    HasSubstr("uncertain, left out: 1 song\n")));
  EXPECT_THAT(read(world_ / "lists/sad.m3u8"), HasSubstr("\n../library/album/one.flac\n"));

  fs::remove(file("one.flac"));
  const Outcome missing = world_.mer({"playlist", "list.jsonl", "-o", "lists"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("error: library/album/one.flac: no such file"));
  EXPECT_THAT(read(world_ / "lists/sad.m3u8"), Not(HasSubstr("one.flac")));
}

}  // namespace
}  // namespace mer::test
