#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "../support/changing_chords.hpp"
#include "mer/core/text.hpp"
#include "world.hpp"

// Songs that are one recording: told, also to who wants to hear nothing else, and kept together.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const char* const kPair =
    "WARNING: 'happy0' and 'happy1' are one recording (0 % of the fingerprint";

/// Sixteen songs of 8 s, four a class; the first two are one recording.
class DuplicateSongs : public testing::Test {
 protected:
  DuplicateSongs() {
    std::string manifest = "path,label,id\n";
    std::uint64_t seed = 0;
    for (const std::string label : {"happy", "anger", "sad", "relaxed"}) {
      for (int i = 0; i < 4; ++i, ++seed) {
        const std::string id = label + std::to_string(i);
        const std::vector<float> samples = changing_chords(seed == 1 ? 0 : seed, 8.0);
        folder_.write("songs/" + id + ".wav", wav(samples, kChordsRateHz));
        manifest += id + ".wav," + label + "," + id + "\n";
      }
    }
    folder_.write("songs/manifest.csv", manifest);
    folder_.write("tiny.yaml", kTinyConfig);
  }

  Outcome mer(const Words& arguments) const {
    return run_mer(arguments, {.folder = folder_.path()});
  }
  Outcome train(const std::string& name, const Words& more) const {
    Words words = {"train", "-q", "-c", "tiny.yaml", "--set", "train.iterations=4", "--name", name};
    words.insert(words.end(), more.begin(), more.end());
    return mer(words);
  }
  /// The part that each song is in.
  std::map<std::string, std::string> parts(const std::string& run) const {
    std::map<std::string, std::string> parts;
    for (const CsvRow& row : read_csv(folder_ / "runs" / run / "split.csv")) {
      parts[row.cells.front()] = row.cells.back();
    }
    return parts;
  }

  const TemporaryFolder folder_;
};

TEST_F(DuplicateSongs, AreToldAndStayInOnePartWhateverTheSeed) {
  for (const char* seed : {"1", "2", "3"}) {
    const Outcome outcome = train(seed, {"--set", "data.split.seed=" + std::string(seed)});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(kPair));
    EXPECT_THAT(outcome.err, Not(HasSubstr("train AND")));
    const auto part = parts(seed);
    EXPECT_EQ(part.at("happy0"), part.at("happy1"));
  }
  const Outcome ignored = train("ignored", {"--set", "data.split.near_duplicates=ignore"});
  EXPECT_EQ(ignored.exit_code, 0);
  EXPECT_EQ(ignored.err, "");
}

TEST_F(DuplicateSongs, OfASweepAreToldBeforeItsCells) {
  folder_.write("sweep.yaml", "base: tiny.yaml\nset: {train.iterations: 2}\nseeds: [0]\n");
  const Outcome outcome = mer({"sweep", "-q", "-c", "sweep.yaml"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(kPair));

  // Three songs of four parts: together the two leave a part without a happy song.
  std::string manifest = read(folder_ / "songs/manifest.csv");
  for (const char* id : {"happy2", "happy3"}) {
    const std::string line = std::string(id) + ".wav,happy," + id + "\n";
    manifest.erase(manifest.find(line), line.size());
  }
  folder_.write("songs/manifest.csv", manifest);
  folder_.write("folds.yaml", "base: tiny.yaml\nset: {data.split.folds: 2}\nseeds: [0]\n");
  const Outcome folds = mer({"sweep", "-q", "-c", "folds.yaml"});
  EXPECT_EQ(folds.exit_code, 2);
  EXPECT_THAT(folds.err, AllOf(HasSubstr("class 'happy' has 1 song"), HasSubstr("fold 1")));
}

TEST_F(DuplicateSongs, OfAnotherCorpusAreNotScoredUnlessAsked) {
  ASSERT_EQ(train("known", {"--set", "data.split.ratios=[0.75,0.25,0]"}).exit_code, 0);
  // A quieter copy of happy0 under another name, another recording with the id of sad2, one that is
  // numbered as a learned song might be, and a new one.
  std::vector<float> copy = changing_chords(0, 8.0);
  for (float& sample : copy) sample *= 0.5F;
  folder_.write("other/copy.wav", wav(copy, kChordsRateHz));
  for (const std::uint64_t seed : {100, 101, 102}) {
    folder_.write("other/" + std::to_string(seed) + ".wav",
                  wav(changing_chords(seed, 8.0), kChordsRateHz));
  }
  folder_.write("other/m.csv",
                "path,label,id\ncopy.wav,happy,x1\n100.wav,sad,sad2\n101.wav,anger,101\n"
                "102.wav,relaxed,x2\n");
  const Words eval = {"eval", "runs/known", "--manifest", "other/m.csv", "--format", "json"};
  const auto count = [](const Outcome& outcome) {
    return nlohmann::json::parse(outcome.out)["songs"]["count"].get<int>();
  };
  const Outcome dropped = mer(eval);
  ASSERT_EQ(dropped.exit_code, 0) << dropped.err;
  EXPECT_EQ(count(dropped), 2);
  EXPECT_THAT(dropped.err,
              HasSubstr("2 of 4 songs are known to runs/known from training or validation (1 by "
                        "recording, 1 by id: 'x1' = 'happy"));
  EXPECT_THAT(dropped.err, HasSubstr("'sad2' = 'sad2') and left out; --keep-overlaps scores them"));
  Words keep = eval;
  keep.push_back("--keep-overlaps");
  const Outcome kept = mer(keep);
  EXPECT_EQ(count(kept), 4);
  const auto known = [](const Outcome& outcome) {
    return nlohmann::json::parse(outcome.out).value("known_songs", nlohmann::json());
  };
  EXPECT_EQ(known(dropped),
            nlohmann::json({{"count", 2}, {"scored", false}, {"ids", {"x1", "sad2"}}}));
  EXPECT_EQ(known(kept), nlohmann::json({{"count", 2}, {"scored", true}, {"ids", {"x1", "sad2"}}}));
  EXPECT_THAT(kept.err, HasSubstr("which flatters"));
  // Of its own corpus a run scores every row that it is given.
  folder_.write("songs/some.csv", "path,label,id\nhappy0.wav,happy,happy0\nsad2.wav,sad,sad2\n");
  const Outcome own =
      mer({"eval", "runs/known", "--manifest", "songs/some.csv", "--format", "json"});
  EXPECT_EQ(count(own), 2);
  EXPECT_EQ(own.err, "");
  folder_.write("other/known.csv", "path,label\ncopy.wav,happy\n../songs/sad2.wav,sad\n");
  const Outcome none = mer({"eval", "runs/known", "--manifest", "other/known.csv"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("none is left to score"));
}

TEST_F(DuplicateSongs, FoldsThatWereDividedInAnotherWayAreNotGoneOnWith) {
  const Words folds = {"--set", "data.split.folds=2", "--set", "data.split.validation_fraction=0"};
  ASSERT_EQ(train("cv", folds).exit_code, 0);
  fs::remove_all(folder_ / "runs/cv/fold-2");
  // As a version would have divided them that did not listen to the songs.
  const fs::path file = folder_ / "runs/cv/fold-1/split.csv";
  std::string split = read(file);
  const std::string part = parts("cv/fold-1").at("happy0");
  const std::size_t row = split.find("happy0,");
  const std::size_t cell = split.find("," + part, row);
  split.replace(cell + 1, part.size(), part == "test" ? "train" : "test");
  folder_.write("runs/cv/fold-1/split.csv", split);
  const Outcome resumed = mer({"train", "-q", "--resume", "runs/cv"});
  EXPECT_EQ(resumed.exit_code, 2);
  EXPECT_THAT(resumed.err, AllOf(HasSubstr("fold-1: its songs were divided in another way"),
                                 HasSubstr("data.split.near_duplicates=ignore")));
}

}  // namespace
}  // namespace mer::test
