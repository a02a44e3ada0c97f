#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "mer/core/text.hpp"
#include "world.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

/// Two cells of a few steps.
constexpr const char* kTwoCells =
    "base: tiny.yaml\nset: {train: {iterations: 4, evaluate_every: 4}}\n"
    "grid: {loss.name: [softmax, inter_center]}\nreference: softmax\n";

class Sweep : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  Outcome sweep(const std::string& name, const std::string& text, const Words& more = {}) const {
    world_.write(name + ".yaml", text);
    Words words = {"sweep", "-c", name + ".yaml", "--runs", "sweeps"};
    words.insert(words.end(), more.begin(), more.end());
    return world_.mer(words);
  }
  fs::path folder(const std::string& name) const { return world_ / "sweeps" / name; }
  std::string status(const fs::path& run) const {
    return nlohmann::json::parse(read(run / "run.json"))["status"];
  }
  /// The value of a column for each line of summary.csv.
  Words column(const std::string& sweep_name, const std::string& name) const {
    const auto rows = read_csv(folder(sweep_name) / "summary.csv");
    const auto& header = rows.front().cells;
    const auto index = std::find(header.begin(), header.end(), name) - header.begin();
    Words values;
    for (std::size_t row = 1; row < rows.size(); ++row) {
      values.push_back(rows[row].cells.at(static_cast<std::size_t>(index)));
    }
    return values;
  }

  const World& world_ = World::get();
};

TEST_F(Sweep, MakesOrdinaryRunsAndASummaryAndDoesNothingTheSecondTime) {
  const Outcome first = sweep("two", kTwoCells, {"--jobs", "2"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  for (const char* cell : {"softmax", "inter_center"}) {
    EXPECT_EQ(status(folder("two") / cell), "finished");
    for (const char* file :
         {"last.safetensors", "split.csv", "eval/test/metrics.json", "eval/test/segments.csv"}) {
      EXPECT_TRUE(fs::exists(folder("two") / cell / file)) << cell << " " << file;
    }
    // An ordinary run: other verbs take it.
    EXPECT_EQ(world_.mer({"info", (folder("two") / cell).string()}).exit_code, 0);
  }
  EXPECT_EQ(read(folder("two") / "softmax/split.csv"),
            read(folder("two") / "inter_center/split.csv"));
  EXPECT_EQ(first.out, read(folder("two") / "summary.md"));
  EXPECT_THAT(first.out, AllOf(HasSubstr("2 of 2 cells have finished"),
                               HasSubstr("## Against the reference")));
  EXPECT_THAT(column("two", "finished"), testing::ElementsAre("1", "1"));

  const auto written = fs::last_write_time(folder("two") / "softmax/last.safetensors");
  const Outcome second = sweep("two", kTwoCells);
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("2 of 2 here have finished"));
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(fs::last_write_time(folder("two") / "softmax/last.safetensors"), written);

  const Outcome other = sweep("two", kTwoCells, {"--set", "train.lr=0.5"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, AllOf(HasSubstr("was made with train.lr 0.01, this sweep has 0.5"),
                               HasSubstr("--name")));
}

TEST_F(Sweep, KeepsTheOthersWhenACellDivergesAndTriesItAgain) {
  const std::string text =
      "base: tiny.yaml\nset: {train: {iterations: 4, evaluate_every: 4}}\n"
      "cells: [{name: good}, {name: bad, set: {loss.tau: 1e300}}]\nreference: good\n";
  const Outcome first = sweep("diverges", text);
  EXPECT_EQ(first.exit_code, 1) << first.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("error: cell 'bad': "), HasSubstr("diverged"),
                               HasSubstr("logs/bad.txt")));
  EXPECT_THAT(first.out, AllOf(HasSubstr("1 of 2 cells"), HasSubstr("* bad: ")));
  EXPECT_EQ(status(folder("diverges") / "good"), "finished");
  EXPECT_EQ(status(folder("diverges") / "bad"), "failed");

  const Outcome second = sweep("diverges", text);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.err, AllOf(HasSubstr("1 of 2 here have finished"),
                                HasSubstr("again     bad, which failed: ")));
}

TEST_F(Sweep, KeepsTheOthersWhenACellCrashes) {
  world_.write("crash.yaml",
               "base: tiny.yaml\ncells:\n"
               "  - {name: killed, set: {train: {iterations: 1000000, evaluate_every: 8}}}\n"
               "  - {name: good, set: {train: {iterations: 4, evaluate_every: 4}}}\n");
  // Kills the first cell's process once it has begun, as the system does when memory is short.
  const Outcome outcome =
      run({"bash", "-c",
           "\"$1\" sweep -c crash.yaml --runs sweeps & sweep=$!\n"
           "until [ -f sweeps/crash/killed/state.safetensors ]; do sleep 0.02; done\n"
           "kill -9 $(cat /proc/$sweep/task/$sweep/children); wait $sweep",
           "bash", MER_PROGRAM},
          world_.place());
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("cell 'killed': mer train was ended by signal 9"));
  EXPECT_EQ(status(folder("crash") / "good"), "finished");
  EXPECT_THAT(outcome.out, HasSubstr("1 of 2 cells have finished"));
}

TEST_F(Sweep, InterruptedSavesItsCellsAndTheSameCommandGoesOn) {
  const std::string text =
      "base: tiny.yaml\nset: {train: {iterations: 2000, evaluate_every: 8}}\nseeds: [0]\n";
  world_.write("stop.yaml", text);
  Process process({MER_PROGRAM, "sweep", "-c", "stop.yaml", "--runs", "sweeps"}, world_.place());
  const fs::path run = folder("stop") / "cell_seed-0";
  for (int tries = 0; tries < 6000 && !fs::exists(run / "best.safetensors"); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.send(SIGINT);
  const Outcome stopped = process.wait();
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("hint: the same command goes on"));
  EXPECT_EQ(status(run), "interrupted");

  const Outcome other = sweep("stop", text, {"--set", "train.lr=0.5"});
  EXPECT_EQ(other.exit_code, 2);  // a stopped cell of other settings is not gone on with
  const Outcome outcome = sweep("stop", text);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(status(run), "finished");
  EXPECT_TRUE(nlohmann::json::parse(read(run / "run.json")).contains("resumed"));
}

TEST_F(Sweep, GoesOnWithACellThatWasStoppedToTheSameEnd) {
  const std::string text =
      "base: tiny.yaml\nset: {train: {iterations: 16, evaluate_every: 8}}\nseeds: [0]\n";
  ASSERT_EQ(sweep("whole", text).exit_code, 0);
  ASSERT_EQ(sweep("cut", text, {"--set", "train.iterations=16"}).exit_code, 0);
  const fs::path run = folder("cut") / "cell_seed-0";
  // As a kill right after the end would leave it: trained, not scored.
  fs::remove_all(run / "eval");
  const auto written = fs::last_write_time(run / "last.safetensors");
  const Outcome outcome = sweep("cut", text);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(fs::last_write_time(run / "last.safetensors"), written);
  EXPECT_EQ(read(run / "eval/test/predictions.csv"),
            read(folder("whole") / "cell_seed-0/eval/test/predictions.csv"));
}

TEST_F(Sweep, OfFoldsScoresThemAndTheTrainingSongs) {
  const Outcome outcome = sweep(
      "folds", std::string(kTwoCells) + "show: [train_accuracy]\n",
      {"--set", "data.split.folds=2", "--set", "data.split.validation_fraction=0", "--jobs", "2"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder("folds") / "softmax/fold-2/eval/train/metrics.json"));
  EXPECT_THAT(column("folds", "runs"), testing::ElementsAre("2", "2"));
  EXPECT_THAT(column("folds", "songs"), testing::ElementsAre("16", "16"));
  EXPECT_THAT(column("folds", "nadeau_bengio_df"), testing::ElementsAre("", "1"));
}

TEST_F(Sweep, ListsACommandForEachCellThatGnuParallelRuns) {
  if (run({"bash", "-c", "command -v parallel"}).exit_code != 0) {
    GTEST_SKIP() << "GNU parallel is not installed";
  }
  world_.write("spread.yaml", kTwoCells);
  const Outcome list = world_.mer({"sweep", "-c", "spread.yaml", "--runs", "sweeps", "--list"});
  EXPECT_EQ(list.exit_code, 0);
  const auto lines = lines_of(list.out);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[1], "mer sweep -c spread.yaml --runs sweeps --cell 2/2  # inter_center");
  EXPECT_FALSE(fs::exists(folder("spread")));

  const std::string folder_of_mer = fs::path(MER_PROGRAM).parent_path().string();
  const Outcome spread = run({"bash", "-c",
                              "PATH=" + folder_of_mer +
                                  ":$PATH; set -o pipefail\n"
                                  "mer sweep -c spread.yaml --runs sweeps --list | parallel -j 2"},
                             world_.place());
  EXPECT_EQ(spread.exit_code, 0) << spread.err;
  // The last cell to finish writes the summary.
  EXPECT_THAT(read(folder("spread") / "summary.md"), HasSubstr("2 of 2 cells have finished"));
}

TEST_F(Sweep, CellsThatAreSplitBySegmentShareSongsBetweenParts) {
  const std::string text =
      "base: tiny.yaml\nset: {train: {iterations: 4, evaluate_every: 4, random_crops: false}}\n"
      "cells: [{name: wrong, set: {data.split.unit: segment}}, {name: right}]\nreference: right\n";
  const Outcome outcome = sweep("leak", text);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::map<std::string, std::set<std::string>> parts_of_song;
  for (const CsvRow& row : read_csv(folder("leak") / "wrong/split.csv")) {
    parts_of_song[row.cells[1]].insert(row.cells[4]);
  }
  EXPECT_TRUE(std::any_of(parts_of_song.begin(), parts_of_song.end(),
                          [](const auto& song) { return song.second.size() > 1; }));
  EXPECT_THAT(read(folder("leak") / "wrong/log.txt"), HasSubstr("split by segment: pieces of one"));
  EXPECT_THAT(read(folder("leak") / "right/log.txt"), Not(HasSubstr("split by segment")));
  // Each row of the wrong cell is one segment.
  const auto rows = read_csv(folder("leak") / "wrong/eval/test/predictions.csv");
  const auto& columns = rows.front().cells;
  const auto segments = std::find(columns.begin(), columns.end(), "segments") - columns.begin();
  for (const CsvRow& row : rows) {
    if (row.line > 1) {
      EXPECT_EQ(row.cells[static_cast<std::size_t>(segments)], "1");
    }
  }
  EXPECT_THAT(outcome.out, HasSubstr("not scored on the same songs: they share 0"));

  const Outcome crops = sweep("crops", text, {"--set", "train.random_crops=true"});
  EXPECT_EQ(crops.exit_code, 2);
  EXPECT_THAT(crops.err, AllOf(HasSubstr("'train.random_crops' would draw others"),
                               HasSubstr("hint: set train.random_crops=false")));
}

TEST_F(Sweep, FindsMistakesBeforeAnythingRuns) {
  struct SweepMistake {
    Words more;
    std::string fact;
    std::string advice;
  };
  for (const SweepMistake& mistake :
       {SweepMistake{{"--set", "train.lrr=1"}, "unknown key 'train.lrr'", "'train.lr'"},
        SweepMistake{
            {"--set", "loss.name=softmax"}, "have the same effective config", "overridden"},
        SweepMistake{{"--cell", "1/3"}, "--cell 1/3: the sweep has 2 cells", "--list"},
        SweepMistake{{"--cell", "3/2"}, "'3/2' is not", "1/4"},
        SweepMistake{{"--jobs", "0"}, "'0' is not a number in 1…1024", "--help"},
        SweepMistake{{"--set", "data.split.folds=9"}, "too few for 9 folds", "data.split.folds"},
        SweepMistake{
            {"--set", "data.manifest=nope.csv"}, "nope.csv: no such manifest", "mer import"},
        SweepMistake{{"--cell", "1/2", "--list"}, "excludes", "--help"}}) {
    const Outcome outcome = sweep("mistake", kTwoCells, mistake.more);
    EXPECT_EQ(outcome.exit_code, 2) << text_of(mistake.more);
    ASSERT_THAT(lines_of(outcome.err), SizeIs(2)) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("error: "), HasSubstr(mistake.fact)));
    EXPECT_THAT(outcome.err, HasSubstr(mistake.advice));
  }
  EXPECT_FALSE(fs::exists(folder("mistake")));
}

TEST_F(Sweep, MakesTheEmbeddingsThatCellsShareOnceBeforehand) {
  const Outcome outcome = sweep(
      "embeddings",
      "base: tiny.yaml\n"
      "set: {model.name: svm, classic.song_vector: [embeddings], embed.networks: [vgg_tagger],\n"
      "      data.store: sweep-store}\n"
      "grid: {classic.svm.kernel: [rbf, linear]}\n");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(read(folder("embeddings") / "logs/rbf.txt"),
              HasSubstr("16 songs embedded, 0 were there already, 0 failed"));
  EXPECT_THAT(column("embeddings", "finished"), testing::ElementsAre("1", "1"));
}

}  // namespace
}  // namespace mer::test
