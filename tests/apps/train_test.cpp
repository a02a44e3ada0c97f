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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr const char* kMetricsHeader =
    "iteration,epoch,seconds,lr,train_loss,train_softmax,train_center,val_loss,val_accuracy,"
    "val_macro_f1,train_as_printed,train_accuracy,train_values,train_tags,val_concordance,"
    "val_roc_auc,val_pr_auc";

class Train : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  nlohmann::json status(const std::string& run) const {
    return nlohmann::json::parse(read(world_ / run / "run.json"));
  }

  /// metrics.csv without the column of times.
  std::vector<std::vector<std::string>> metrics(const std::string& run) const {
    std::vector<std::vector<std::string>> rows;
    for (const CsvRow& row : read_csv(world_ / run / "metrics.csv")) {
      rows.push_back(row.cells);
      rows.back().erase(rows.back().begin() + 2);
    }
    return rows;
  }

  const World& world_ = World::get();
};

TEST_F(Train, MakesTheRunFolderOfTheContract) {
  for (const char* file : {"config.yaml", "run.json", "split.csv", "metrics.csv", "log.txt",
                           "best.safetensors", "last.safetensors", "state.safetensors"}) {
    EXPECT_GT(fs::file_size(world_ / "runs/base" / file), 0U) << file;
  }
  const auto lines = lines_of(read(world_ / "runs/base/metrics.csv"));
  ASSERT_THAT(lines, SizeIs(4));  // evaluated at 8, 16 and 24
  EXPECT_EQ(lines[0], kMetricsHeader);
  EXPECT_EQ(lines[3].substr(0, 3), "24,");

  const nlohmann::json run = status("runs/base");
  EXPECT_EQ(run["status"], "finished");
  EXPECT_THAT(run["command"].get<std::string>(), HasSubstr("train -c tiny.yaml --name base"));
  EXPECT_EQ(run["device"], "cpu");
  EXPECT_EQ(run["iterations"], 24);
  if (fs::exists(fs::path(MER_SOURCE_DIR) / ".git")) {
    EXPECT_THAT(run["commit"].get<std::string>(), MatchesRegex("[0-9a-f]{12}(-dirty)?"));
  }
  for (const char* key : {"mer_version", "commit", "seeds", "dataset"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
}

TEST_F(Train, FreezesTheSplitWithEverySongInOnePart) {
  const auto rows = read_csv(world_ / "runs/base/split.csv");
  ASSERT_THAT(rows, SizeIs(17));
  EXPECT_THAT(rows[0].cells, ElementsAre("id", "path", "label", "group", "split"));
  std::set<std::string> paths;
  std::map<std::string, int> songs;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    paths.insert(rows[i].cells[1]);
    ++songs[rows[i].cells[4]];
  }
  EXPECT_THAT(paths, SizeIs(16));
  // Four songs a class, of which two, one and one.
  EXPECT_EQ(songs, (std::map<std::string, int>{{"train", 8}, {"validation", 4}, {"test", 4}}));
}

TEST_F(Train, WritesTheEffectiveConfigWhichTrainsTheSameAgain) {
  const Outcome again = world_.mer(
      {"train", "-c", "runs/base/config.yaml", "--runs", "again", "--name", "base", "-q"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out + again.err, "");
  EXPECT_EQ(metrics("again/base"), metrics("runs/base"));
  for (const char* file : {"best.safetensors", "last.safetensors", "split.csv", "config.yaml"}) {
    EXPECT_TRUE(read(world_ / "again/base" / file) == read(world_ / "runs/base" / file)) << file;
  }
}

TEST_F(Train, RefusesTheNameOfAnExistingRun) {
  const Outcome outcome = world_.mer({"train", "-c", "tiny.yaml", "--name", "base"});
  EXPECT_EQ(outcome.exit_code, 2);
  ASSERT_THAT(lines_of(outcome.err), SizeIs(2));
  EXPECT_THAT(outcome.err, HasSubstr("runs/base: the run exists already"));
  EXPECT_THAT(outcome.err, HasSubstr("mer train --resume runs/base, or give another --name"));
}

TEST_F(Train, RefusesToResumeAFinishedRun) {
  const Outcome outcome = world_.mer({"train", "--resume", "runs/base"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("error: runs/base: has finished"));
}

TEST_F(Train, WithoutANameCountsUpFromTheConfigsStem) {
  const Words train = {"train",  "-c",      "tiny.yaml", "--set", "train.iterations=1",
                       "--runs", "unnamed", "-q"};
  ASSERT_EQ(world_.mer(train).exit_code, 0);
  ASSERT_EQ(world_.mer(train).exit_code, 0);
  EXPECT_TRUE(fs::exists(world_ / "unnamed/tiny/last.safetensors"));
  EXPECT_TRUE(fs::exists(world_ / "unnamed/tiny-2/last.safetensors"));
}

TEST_F(Train, LeavesACorruptSongOutAndEndsWithExitCodeThree) {
  fs::copy(world_ / "songs", world_ / "damaged", fs::copy_options::recursive);
  std::ofstream(world_ / "damaged/sad/song_0003.flac") << "not a song";
  const Outcome outcome =
      world_.mer({"train", "-c", "tiny.yaml", "--set", "data.manifest=damaged/manifest.csv",
                  "--set", "train.iterations=2", "--name", "damaged"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("song_0003.flac"));
  EXPECT_EQ(status("runs/damaged")["status"], "finished");
}

TEST_F(Train, FineTunesABundledTaggerThatThenPredicts) {
  const Outcome trained = world_.mer(
      {"train", "-c", MER_SOURCE_DIR "/configs/musicnn.yaml", "--set",
       "data.manifest=songs/manifest.csv", "--set", "data.split.ratios=[0.5, 0.25, 0.25]", "--set",
       "data.split.group_by=none", "--set", "train.epochs=0", "--set", "train.iterations=2",
       "--set", "train.batch_size=8", "--name", "tuned"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_THAT(trained.err, HasSubstr("musicnn, 0.78 M parameters (0.30 M of them trained)"));
  EXPECT_EQ(status("runs/tuned")["network"]["init_from"]["file"], "musicnn.safetensors");
  const Outcome predicted = world_.mer(
      {"predict", MER_FIXTURES "/sample_song.flac", "-m", "runs/tuned", "--format", "json"});
  EXPECT_EQ(predicted.exit_code, 0) << predicted.err;
  // 12 s: floor((1 + 12 · 16000 / 256) / 187) segments
  EXPECT_EQ(nlohmann::json::parse(predicted.out)["results"][0]["segments"].size(), 4U);
}

TEST_F(Train, WithAThirdInputScoresAndPredictsTheSame) {
  for (const std::string over : {"song", "segment"}) {
    const std::string run = "runs/third-" + over;
    const Outcome trained = world_.mer(
        {"train", "-c", "tiny.yaml", "--set", "inputs.song_vector=[descriptors, embeddings]",
         "--set", "embed.networks=[vgg_tagger]", "--set", "inputs.song_vector_over=" + over,
         "--name", "third-" + over});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    ASSERT_EQ(world_.mer({"eval", run}).exit_code, 0);
    // The songs are whole files: prediction makes of them what scoring found in the store.
    const auto songs = read_csv(world_ / run / "eval/test/predictions.csv");
    const Outcome told =
        world_.mer({"predict", "-m", run, "songs/" + songs[1].cells[1], "--format", "json"});
    ASSERT_EQ(told.exit_code, 0) << told.err;
    const auto result = nlohmann::json::parse(told.out)["results"][0];
    EXPECT_EQ(result["emotion"], songs[1].cells[3]);
    EXPECT_NEAR(result["confidence"].get<double>(), std::stod(songs[1].cells[4]), 1e-4);
  }
  const Outcome refused =
      world_.mer({"train", "-c", "tiny.yaml", "--set", "model.name=svm", "--set",
                  "inputs.song_vector=[descriptors]", "--print-config"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err,
              HasSubstr("'inputs.song_vector': 'model.name: svm' looks at no song vector"));
}

TEST_F(Train, NamesTheBundledWeightsWhenThereAreNoneOfTheName) {
  const Outcome outcome =
      world_.mer({"train", "-c", "tiny.yaml", "--set", "train.init_from=musicn", "--print-config"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("neither a file, a run nor bundled: musicnn, vgg_tagger"));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'musicnn'?"));
}

TEST_F(Train, RefusesADeviceThatIsNotThere) {
  const Outcome outcome = world_.mer({"train", "-c", "tiny.yaml", "--set", "device=cuda"});
  if (outcome.exit_code == 0) GTEST_SKIP() << "this machine has CUDA";
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("device 'cuda' is not there"));
  EXPECT_THAT(outcome.err, HasSubstr("--set device=cpu"));
  EXPECT_FALSE(fs::exists(world_ / "runs/tiny"));
}

/// Sends the signal after the first row of metrics.csv; the rest must be the same as without it.
class Interruption : public Train, public testing::WithParamInterface<int> {
 protected:
  static constexpr int kIterations = 160;

  Words train(const std::string& runs) const {
    return {"train",  "-c", "tiny.yaml", "--set", "train.iterations=" + std::to_string(kIterations),
            "--runs", runs, "--name",    "run"};
  }
  /// Trained once without interruption.
  const std::string& uninterrupted() const {
    static const std::string run = [this] {
      EXPECT_EQ(world_.mer(train("uninterrupted")).exit_code, 0);
      return std::string("uninterrupted/run");
    }();
    return run;
  }
};

TEST_P(Interruption, SavesTheStateAndResumingEndsAsIfItHadNotBeen) {
  const std::string runs = "signal-" + std::to_string(GetParam());
  Words command = train(runs);
  command.insert(command.begin(), MER_PROGRAM);
  Process process(command, world_.place());
  const std::string first_row = "\n    8 ";
  for (int tries = 0; tries < 6000 && process.err_so_far().find(first_row) == std::string::npos;
       ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.send(GetParam());
  const Outcome stopped = process.wait();
  ASSERT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_EQ(stopped.out, "");
  EXPECT_THAT(stopped.err, HasSubstr("error: interrupted"));
  EXPECT_THAT(stopped.err, HasSubstr("hint: mer train --resume " + runs + "/run"));
  EXPECT_EQ(status(runs + "/run")["status"], "interrupted");
  EXPECT_LT(status(runs + "/run")["iterations"], kIterations);
  EXPECT_TRUE(fs::exists(world_ / runs / "run/state.safetensors"));

  const Outcome resumed = world_.mer({"train", "--resume", runs + "/run"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(status(runs + "/run")["status"], "finished");
  EXPECT_EQ(metrics(runs + "/run"), metrics(uninterrupted()));
  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(read(world_ / runs / "run" / file) == read(world_ / uninterrupted() / file))
        << file;
  }
}

INSTANTIATE_TEST_SUITE_P(Signals, Interruption, testing::Values(SIGINT, SIGTERM));

class Folds : public Train {
 protected:
  static const Outcome& trained() {
    static const Outcome outcome =
        World::get().mer({"train", "-c", "tiny.yaml", "--set", "data.split.folds=2", "--set",
                          "train.iterations=4", "--name", "cv"});
    return outcome;
  }
  void SetUp() override {
    Train::SetUp();
    ASSERT_EQ(trained().exit_code, 0) << trained().err;
  }
};

TEST_F(Folds, AreOrdinaryRunsWithPooledScoresBesideThem) {
  for (const char* fold : {"fold-1", "fold-2"}) {
    const fs::path run = world_ / "runs/cv" / fold;
    EXPECT_EQ(status("runs/cv/" + std::string(fold))["status"], "finished");
    for (const char* file : {"best.safetensors", "split.csv", "eval/test/metrics.json"}) {
      EXPECT_TRUE(fs::exists(run / file)) << run / file;
    }
  }
  // Each song is tested once.
  const auto pooled = read_csv(world_ / "runs/cv/eval/test/predictions.csv");
  std::set<std::string> songs;
  for (const CsvRow& row : pooled) songs.insert(row.cells.front());
  EXPECT_THAT(pooled, SizeIs(17));
  EXPECT_THAT(songs, SizeIs(17));
  const auto json = nlohmann::json::parse(read(world_ / "runs/cv/eval/test/metrics.json"));
  EXPECT_EQ(json["songs"]["count"], 16);
  EXPECT_THAT(trained().out, HasSubstr("baseline"));
}

TEST_F(Folds, ParentIsNoModelAndTheMessageNamesTheFolds) {
  for (const Words& command : {Words{"predict", "songs/sad", "-m", "runs/cv"},
                               Words{"eval", "runs/cv", "--manifest", "songs/manifest.csv"}}) {
    const Outcome outcome = world_.mer(command);
    EXPECT_EQ(outcome.exit_code, 2);
    ASSERT_THAT(lines_of(outcome.err), SizeIs(2)) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("runs/cv: is a cross-validation of 2 folds"));
    EXPECT_THAT(outcome.err, HasSubstr("runs/cv/fold-1"));
  }
  EXPECT_EQ(world_.mer({"predict", "songs/sad", "-m", "runs/cv/fold-2"}).exit_code, 0);
}

TEST_F(Folds, ParentShowsItsPooledScores) {
  const Outcome outcome = world_.mer({"eval", "runs/cv", "--format", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto shown = nlohmann::json::parse(outcome.out);
  const auto pooled = nlohmann::json::parse(read(world_ / "runs/cv/eval/test/metrics.json"));
  EXPECT_EQ(shown["songs"], pooled["songs"]);
  EXPECT_EQ(shown["models"].size(), 2U);
  EXPECT_THAT(world_.mer({"info", "runs/cv"}).out,
              AllOf(HasSubstr("a cross-validation of 2 folds"), HasSubstr("\nfold-2 "),
                    HasSubstr("16 songs\n")));
}

TEST_F(Folds, ResumedTrainOnlyWhatIsMissingAndEndTheSame) {
  fs::copy(world_ / "runs/cv", world_ / "runs/cv-cut", fs::copy_options::recursive);
  fs::remove_all(world_ / "runs/cv-cut/fold-2");
  const auto before = fs::last_write_time(world_ / "runs/cv-cut/fold-1/best.safetensors");
  const Outcome outcome = world_.mer({"train", "--resume", "runs/cv-cut"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(fs::last_write_time(world_ / "runs/cv-cut/fold-1/best.safetensors"), before);
  for (const char* file : {"fold-2/best.safetensors", "eval/test/predictions.csv"}) {
    EXPECT_TRUE(read(world_ / "runs/cv-cut" / file) == read(world_ / "runs/cv" / file)) << file;
  }
}

}  // namespace
}  // namespace mer::test
