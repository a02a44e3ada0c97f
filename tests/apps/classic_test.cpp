#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "mer/core/text.hpp"
#include "world.hpp"

// The classical systems from the command line: the same config, commands and files as networks.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class Classic : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  Outcome train(const std::string& run, Words settings) const {
    Words command = {"train", "-c", "tiny.yaml", "--name", run};
    for (const std::string& setting : settings) {
      command.insert(command.end(), {"--set", setting});
    }
    return world_.mer(command);
  }
  nlohmann::json json(const std::string& file) const {
    return nlohmann::json::parse(read(world_ / file));
  }

  const World& world_ = World::get();
};

TEST_F(Classic, EverySystemTrainsEvaluatesAndPredictsAsNetworksDo) {
  for (const std::string& name :
       Words{"svm", "knn", "decision_tree", "random_forest", "mlp", "va_regression"}) {
    SCOPED_TRACE(name);
    Words settings = {"model.name=" + name};
    if (name == "mlp") settings.push_back("classic.mlp.epochs=5");
    if (name == "random_forest") settings.push_back("classic.random_forest.trees=20");
    const Outcome trained = train(name, settings);
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_EQ(trained.out, "");
    EXPECT_THAT(trained.err, HasSubstr("model     " + name + " on 1755 statistics of each song"));

    for (const char* file : {"config.yaml", "run.json", "split.csv", "metrics.csv", "log.txt",
                             "best.safetensors", "last.safetensors"}) {
      EXPECT_GT(fs::file_size(world_ / "runs" / name / file), 0U) << file;
    }
    const auto rows = read_csv(world_ / "runs" / name / "metrics.csv");
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[1].cells[0], "1");
    EXPECT_EQ(rows[1].cells[4], "");  // no training loss
    EXPECT_NE(rows[1].cells[8], "");  // but a validation accuracy
    EXPECT_EQ(json("runs/" + name + "/run.json")["status"], "finished");

    const Outcome scored = world_.mer({"eval", "runs/" + name, "--format", "json"});
    ASSERT_EQ(scored.exit_code, 0) << scored.err;
    EXPECT_EQ(nlohmann::json::parse(scored.out)["songs"]["count"], 4);
    const Outcome told =
        world_.mer({"predict", "-m", "runs/" + name, "songs/sad", "--format", "json"});
    ASSERT_EQ(told.exit_code, 0) << told.err;
    const auto results = nlohmann::json::parse(told.out)["results"];
    ASSERT_THAT(results, SizeIs(4));
    EXPECT_THAT(results[0]["segments"], SizeIs(1));  // the whole song
    EXPECT_TRUE(results[0].contains("valence"));
    EXPECT_EQ(results[0].contains("values_from"), name != "va_regression");
  }
}

TEST_F(Classic, LearnsPartsOfTrainingSongsAsWell) {
  ASSERT_EQ(train("cuts", {"model.name=svm", "classic.cut_lengths_s=[2, 1, 60]"}).exit_code, 0);
  const std::string log = read(world_ / "runs/cuts/log.txt");
  const std::size_t at = log.find("svm: ") + 5;
  const int songs = std::stoi(log.substr(at));
  // The song, and a part of two of the lengths: no song has a minute.
  EXPECT_THAT(log, HasSubstr("svm: " + std::to_string(songs) + " songs, " +
                             std::to_string(3 * songs) + " rows of "));
  const Outcome told = world_.mer({"predict", "-m", "runs/cuts", "songs/sad", "--format", "jsonl"});
  const auto song = nlohmann::json::parse(told.out.substr(0, told.out.find('\n')));
  EXPECT_GE(song["embedding"].size(), 2U);  // where it lies among the training songs
  EXPECT_LE(song["embedding"].size(), 24U);
}

TEST_F(Classic, TheSameSeedGivesTheSameFilesWhateverTheThreads) {
  ASSERT_EQ(train("one", {"model.name=svm"}).exit_code, 0);
  ASSERT_EQ(train("four", {"model.name=svm", "train.threads=4"}).exit_code, 0);
  const auto tensors_of = [&](const std::string& run) {
    const std::string file = read(world_ / "runs" / run / "best.safetensors");
    return file.substr(file.size() - 10000);  // the metadata names the threads
  };
  EXPECT_TRUE(tensors_of("one") == tensors_of("four"));
}

TEST_F(Classic, StatisticsOverSegmentsAnswerForSegmentsAndMixWithNetworks) {
  ASSERT_EQ(train("segments", {"model.name=svm", "classic.song_vector_over=segment"}).exit_code, 0);
  const auto results = [&](Words models) {
    Words command = {"predict", "songs/sad", "--format", "json"};
    for (const std::string& model : models) command.insert(command.end(), {"-m", model});
    const Outcome outcome = world_.mer(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["results"];
  };
  const auto alone = results({"runs/segments"});
  const auto network = results({"runs/base"});
  const auto mixed = results({"runs/base", "runs/segments"});
  EXPECT_EQ(alone[0]["segments"].size(), network[0]["segments"].size());
  EXPECT_EQ(mixed[0]["segments"].size(), network[0]["segments"].size());
  EXPECT_NE(mixed[0]["probabilities"], network[0]["probabilities"]);
  EXPECT_EQ(world_.mer({"eval", "runs/base", "runs/segments"}).exit_code, 0);
}

TEST_F(Classic, FoldsAreTrainedAndPooled) {
  const Outcome outcome =
      train("classic-cv", {"model.name=knn", "classic.knn.neighbors=[3]", "data.split.folds=2",
                           "data.split.validation_fraction=0"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json("runs/classic-cv/eval/test/metrics.json")["songs"]["count"], 16);
  EXPECT_EQ(json("runs/classic-cv/fold-1/run.json")["status"], "finished");
  // Nothing was there to validate on.
  EXPECT_EQ(json("runs/classic-cv/fold-1/run.json")["best"]["accuracy"], nullptr);
}

TEST_F(Classic, AStoppedRunStartsAnewAndAFinishedOneDoesNotResume) {
  ASSERT_EQ(train("stopped", {"model.name=knn"}).exit_code, 0);
  const Outcome finished = world_.mer({"train", "--resume", "runs/stopped"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_THAT(finished.err, HasSubstr("has finished, there is nothing to resume"));

  const std::string before = read(world_ / "runs/stopped/best.safetensors");
  auto status = json("runs/stopped/run.json");
  status["status"] = "interrupted";
  std::ofstream(world_ / "runs/stopped/run.json") << status.dump();
  fs::remove(world_ / "runs/stopped/best.safetensors");
  const Outcome again = world_.mer({"train", "--resume", "runs/stopped"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(read(world_ / "runs/stopped/best.safetensors") == before);
}

TEST_F(Classic, ValenceAndArousalOfTheManifestAreLearnedAndScored) {
  const auto rows = read_csv(world_ / "songs/manifest.csv");
  const auto& header = rows.front().cells;
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  std::string text = "path,label,valence,arousal\n";
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::string& label = rows[i].cells[column("label")];
    const bool positive = label == "happy" || label == "relaxed";
    const bool awake = label == "happy" || label == "anger";
    text += csv_line(std::vector<std::string>{rows[i].cells[column("path")], label,
                                              positive ? "0.6" : "-0.6", awake ? "0.3" : "-0.3"});
  }
  world_.write("songs/plane.csv", text);
  ASSERT_EQ(train("plane", {"model.name=va_regression", "data.manifest=songs/plane.csv"}).exit_code,
            0);
  const Outcome scored = world_.mer({"eval", "runs/plane"});
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  EXPECT_THAT(scored.out,
              AllOf(HasSubstr("concordance [95 %]"), HasSubstr("valence"), HasSubstr("arousal")));
  const auto regression = json("runs/plane/eval/test/metrics.json")["valence_arousal"];
  EXPECT_EQ(regression["arousal"]["count"], 4);
  // Songs of 4 s tell fast and loud from slow and soft.
  EXPECT_GT(regression["arousal"]["pearson"].get<double>(), 0.5);
}

TEST_F(Classic, LeavingOutGroupsNarrowsWhatTheSystemSees) {
  const Outcome outcome =
      train("narrow", {"model.name=knn", "inputs.leave_out=[spectrogram, residual_phase]"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("on 423 statistics"));  // 9 of 67 − 20 columns
  const Outcome wrong = train("wrong", {"model.name=knn", "inputs.leave_out=[mfccs]"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("there are no descriptors 'mfccs'"),
                               HasSubstr("did you mean 'mfcc'?")));
  EXPECT_FALSE(fs::exists(world_ / "runs/wrong"));
}

TEST_F(Classic, SumAndScoreWeighWhatTheSystemSees) {
  for (const char* combine : {"sum", "late_fusion"}) {
    std::vector<nlohmann::json> answers;
    for (const char* weight : {"0.25", "0.75"}) {
      const std::string run = std::string(combine) + weight;
      const Outcome outcome =
          train(run, {"model.name=svm", std::string("inputs.combine=") + combine,
                      std::string("inputs.mfcc_weight=") + weight, "classic.svm.c=[1]",
                      "classic.svm.gamma=[0.3]"});
      ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
      const Outcome told =
          world_.mer({"predict", "-m", "runs/" + run, "songs/sad", "--format", "json"});
      ASSERT_EQ(told.exit_code, 0) << told.err;
      answers.push_back(nlohmann::json::parse(told.out)["results"][0]["probabilities"]);
    }
    EXPECT_NE(answers[0], answers[1]) << combine;
  }
}

/// `embed.networks` and inputs that see them.
Words seeing(const std::string& blocks) {
  return {"model.name=svm", "classic.song_vector=[" + blocks + "]", "embed.networks=[vgg_tagger]"};
}

TEST_F(Classic, EmbeddingsAreMadeKeptAndFoundAgain) {
  const Outcome trained = train("embedded", seeing("descriptors, embeddings"));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  // 302 descriptors, mean and deviation of 256 columns.
  EXPECT_THAT(trained.err, HasSubstr("svm on 814 numbers (descriptors, embeddings) of each song"));
  const auto store = files_below(world_ / "mer-store");
  const Outcome scored = world_.mer({"eval", "runs/embedded", "--format", "json"});
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  EXPECT_EQ(nlohmann::json::parse(scored.out)["songs"]["count"], 4);
  EXPECT_TRUE(files_below(world_ / "mer-store") == store);

  // The songs are whole files of 4 s: prediction makes of them what training did.
  const auto songs = read_csv(world_ / "runs/embedded/eval/test/predictions.csv");
  ASSERT_THAT(songs, SizeIs(5));
  const Outcome told = world_.mer(
      {"predict", "-m", "runs/embedded", "songs/" + songs[1].cells[1], "--format", "json"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const auto result = nlohmann::json::parse(told.out)["results"][0];
  EXPECT_NEAR(result["confidence"].get<double>(), std::stod(songs[1].cells[4]), 1e-5);
  EXPECT_THAT(world_.mer({"info", "runs/embedded/best.safetensors", "--all"}).out,
              AllOf(HasSubstr("embeddings         {\"embed\":{\"networks\":[\"vgg_tagger\"]"),
                    HasSubstr("descriptors        {\"families\":[\"onset\"")));
}

TEST_F(Classic, EmbeddingsOfSegmentsMakeATimeline) {
  Words settings = seeing("embeddings");
  settings.insert(settings.end(), {"classic.song_vector_over=segment", "features.lld=[]"});
  ASSERT_EQ(train("embedded-segments", settings).exit_code, 0);
  const Outcome told =
      world_.mer({"predict", "-m", "runs/embedded-segments", "songs/sad", "--format", "json"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  // Segments of 1 s of songs of 4 s.
  EXPECT_GE(nlohmann::json::parse(told.out)["results"][0]["segments"].size(), 3U);
  EXPECT_EQ(
      world_.mer({"predict", "-m", "runs/embedded-segments", "songs/sad", "--timeline"}).exit_code,
      0);
}

TEST_F(Classic, FoldsSeeEmbeddingsAndABadFileIsLeftOutOfThem) {
  world_.write("songs/noise.wav", "this is no music");
  std::string manifest = "path,label\nnoise.wav,sad\n";
  const auto rows = read_csv(world_ / "songs/manifest.csv");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    manifest += rows[i].cells[0] + "," + rows[i].cells[1] + "\n";
  }
  world_.write("songs/with-noise.csv", manifest);
  Words settings = seeing("embeddings");
  settings.insert(settings.end(), {"data.manifest=songs/with-noise.csv", "data.split.folds=2",
                                   "data.split.validation_fraction=0"});
  const Outcome outcome = train("embedded-cv", settings);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(json("runs/embedded-cv/eval/test/metrics.json")["songs"]["count"], 16);
  const Words lines = lines_of(outcome.err);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) {
                            return line.starts_with("error: ") &&
                                   line.find("songs/noise.wav: ") != std::string::npos;
                          }),
            1)
      << outcome.err;
}

TEST_F(Classic, ModelsOfDifferentRecipesAnswerTogether) {
  Words settings = seeing("embeddings");
  settings.push_back("features.lld=[]");
  ASSERT_EQ(train("sees-embeddings", settings).exit_code, 0);
  ASSERT_EQ(train("sees-descriptors", {"model.name=svm", "classic.song_vector=[descriptors]",
                                       "audio.sample_rate_hz=44100"})
                .exit_code,
            0);
  const auto probabilities = [&](Words models) {
    Words command = {"predict", "songs/sad", "--format", "json"};
    for (const std::string& model : models) command.insert(command.end(), {"-m", model});
    const Outcome outcome = world_.mer(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["results"][0]["probabilities"];
  };
  const auto one = probabilities({"runs/sees-embeddings"});
  const auto two = probabilities({"runs/sees-descriptors"});
  const auto both = probabilities({"runs/sees-embeddings", "runs/sees-descriptors"});
  double sum = 0.0;
  for (const auto& [name, p] : one.items()) {
    sum += std::sqrt(p.get<double>() * two[name].get<double>());
  }
  for (const auto& [name, p] : one.items()) {
    EXPECT_NEAR(both[name].get<double>(),
                std::sqrt(p.get<double>() * two[name].get<double>()) / sum, 1e-4)
        << name;
  }
  const Outcome scored = world_.mer(
      {"eval", "runs/base", "runs/sees-embeddings", "runs/sees-descriptors", "--format", "json"});
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  EXPECT_EQ(nlohmann::json::parse(scored.out)["songs"]["count"], 4);
}

TEST_F(Classic, EmbeddingsWantNetworksAndDescriptorsTheirFeatures) {
  const Outcome none = train("none", {"model.name=svm", "classic.song_vector=[embeddings]"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(
      none.err,
      AllOf(HasSubstr("'classic.song_vector' has embeddings, but 'embed.networks' names none"),
            HasSubstr("--set 'embed.networks=[musicnn, vgg_tagger]'")));
  const Outcome bare =
      train("bare", {"model.name=svm", "classic.song_vector=[descriptors]", "features.lld=[mfcc]"});
  EXPECT_EQ(bare.exit_code, 2);
  EXPECT_THAT(bare.err, HasSubstr("features.lld leaves out f0, which musical descriptors need"));
  EXPECT_FALSE(fs::exists(world_ / "runs/bare"));
}

TEST_F(Classic, ADamagedModelIsRefusedInOneLine) {
  ASSERT_EQ(train("whole", {"model.name=svm"}).exit_code, 0);
  const std::string whole = read(world_ / "runs/whole/best.safetensors");
  std::string damaged = whole;
  const std::string key = "\"classic.branch_0.counts\"";
  const std::size_t at = damaged.find(key);
  ASSERT_NE(at, std::string::npos);
  damaged.replace(at, key.size(), "\"classic.branch_0.xounts\"");
  std::ofstream(world_ / "damaged.safetensors", std::ios::binary) << damaged;
  const Outcome outcome = world_.mer({"predict", "-m", "damaged.safetensors", "songs/sad"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("classic.branch_0.counts"));
}

}  // namespace
}  // namespace mer::test
