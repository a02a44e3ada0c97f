#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/json_schema.hpp"
#include "mer/core/text.hpp"
#include "world.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Eval : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }
  const World& world_ = World::get();
};

TEST_F(Eval, SetsAnswersAgainstTheSongsThatAreScored) {
  const Words words = {"eval", "fast", "--manifest", "songs/manifest.csv", "--format", "json"};
  const Outcome alone = world_.mer(words);
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  Words with = words;
  with.push_back("--adapt");
  const Outcome adapted = world_.mer(with);
  ASSERT_EQ(adapted.exit_code, 0) << adapted.err;
  EXPECT_THAT(adapted.err, HasSubstr("adapted   to 16 of the songs, strength 1"));
  EXPECT_NE(adapted.out, alone.out);
  const Outcome network = world_.mer({"eval", "runs/base", "--adapt"});
  EXPECT_EQ(network.exit_code, 2);
  EXPECT_THAT(network.err, HasSubstr("--adapt: no model here can adapt to other music"));
}

TEST_F(Eval, OfARunScoresItsTestSongsAndWritesTheFilesOfTheContract) {
  const Outcome table = world_.mer({"eval", "runs/base"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, AllOf(HasSubstr("accuracy"), HasSubstr("95 % interval"),
                               HasSubstr("macro-F1"), HasSubstr("baseline")));
  EXPECT_EQ(table.err, "written   runs/base/eval/test\n");

  const fs::path folder = world_ / "runs/base/eval/test";
  const auto confusion = read_csv(folder / "confusion.csv");
  ASSERT_THAT(confusion, SizeIs(5));
  EXPECT_THAT(confusion[0].cells, ElementsAre("truth", "happy", "anger", "sad", "relaxed"));
  const auto predictions = read_csv(folder / "predictions.csv");
  ASSERT_THAT(predictions, SizeIs(5));
  EXPECT_THAT(
      predictions[0].cells,
      ElementsAre("id", "path", "label", "predicted", "confidence", "p_happy", "p_anger", "p_sad",
                  "p_relaxed", "segments", "own_center", "other_centers", "silhouette"));
  EXPECT_TRUE(fs::exists(folder / "embeddings.safetensors"));
  EXPECT_THAT(table.out,
              testing::ContainsRegex("embedding +own center / others [01]\\.[0-9]+ \\["));

  const Outcome json = world_.mer({"eval", "runs/base", "--format", "json", "-v"});
  EXPECT_EQ(json.exit_code, 0);
  EXPECT_EQ(json.out, read(folder / "metrics.json"));
  const Json metrics = Json::parse(json.out);
  EXPECT_EQ(metrics["split"], "test");
  EXPECT_EQ(metrics["model"], "runs/base");
  EXPECT_EQ(metrics["songs"]["count"], 4);
  EXPECT_EQ(metrics["baseline_accuracy"], 0.25);  // one song of each class

  // The song's row of the confusion is what predictions.csv says.
  int correct = 0;
  for (std::size_t i = 1; i < predictions.size(); ++i) {
    correct += predictions[i].cells[2] == predictions[i].cells[3] ? 1 : 0;
  }
  EXPECT_EQ(metrics["songs"]["accuracy"], correct / 4.0);
  if (!has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_TRUE(fits_schema(json.out, "metrics.schema.json"));
}

TEST_F(Eval, ShowsItsTablesInLatex) {
  const Outcome outcome = world_.mer({"eval", "runs/base", "--format", "latex"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(testing::StartsWith("% \\usepackage{booktabs}\n"),
                                 HasSubstr("\\label{tab:test-scores}"), HasSubstr("\nsongs & 4 & "),
                                 HasSubstr("\\label{tab:test-confusion}"),
                                 testing::Not(HasSubstr("tab:test-tags"))));
}

TEST_F(Eval, OfAnotherPartGoesToItsOwnFolder) {
  const Outcome outcome = world_.mer(
      {"eval", "runs/base", "--split", "validation", "--weights", "last", "--set", "device=auto"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(world_ / "runs/base/eval/validation/metrics.json"));
}

TEST_F(Eval, OfAManifestScoresEveryRowAndWritesOnlyWhereAsked) {
  const auto before = files_below(world_ / "runs/base");
  const Outcome outcome = world_.mer({"eval", "runs/base/best.safetensors", "--manifest",
                                      "songs/manifest.csv", "--format", "json", "-o", "scores"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out);
  EXPECT_EQ(metrics["split"], "all");
  EXPECT_EQ(metrics["songs"]["count"], 16);
  EXPECT_EQ(read(world_ / "scores/metrics.json"), outcome.out);
  EXPECT_EQ(files_below(world_ / "runs/base"), before);
}

TEST_F(Eval, CountsSongsThatCannotBeReadAsFailed) {
  world_.write("some/m.csv",
               "path,label,split\n../songs/sad/song_0003.flac,sad,test\n"
               "../songs/happy/song_0001.flac,happy,train\nbroken.wav,happy,test\n");
  world_.write("some/broken.wav", "broken");
  const Outcome outcome = world_.mer(
      {"eval", "runs/base", "--manifest", "some/m.csv", "--split", "test", "--format", "json"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("broken.wav"));
  const Json metrics = Json::parse(outcome.out);
  EXPECT_EQ(metrics["songs"]["count"], 1);
  EXPECT_EQ(metrics["failed"], Json({"broken.wav"}));
}

struct Refusal {
  Words arguments;
  std::string fact;
  std::string advice;
};

void PrintTo(const Refusal& refusal, std::ostream* stream) {
  *stream << text_of(refusal.arguments);
}

class EvalRefuses : public Eval, public testing::WithParamInterface<Refusal> {};

TEST_P(EvalRefuses, WithOneLineOfFactAndOneOfAdvice) {
  world_.write("other/m.csv",
               "path,label\n../songs/sad/song_0003.flac,sad\n"
               "../songs/happy/song_0001.flac,cheerful\n");
  const Outcome outcome = world_.mer(GetParam().arguments);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  const auto lines = lines_of(outcome.err);
  ASSERT_THAT(lines, SizeIs(2)) << outcome.err;
  EXPECT_THAT(lines[0], HasSubstr(GetParam().fact));
  EXPECT_THAT(lines[1], HasSubstr(GetParam().advice));
}

INSTANTIATE_TEST_SUITE_P(
    Usage, EvalRefuses,
    testing::Values(
        // Features of another hop than the model's: both values are named.
        Refusal{{"eval", "runs/base", "--set", "features.frame.hop_samples=512"},
                "features.frame.hop_samples 1024, while this recipe has 512",
                "set features.frame.hop_samples to the same value"},
        Refusal{{"eval", "runs/base", "-c", "tiny.yaml", "--set", "audio.sample_rate_hz=44100"},
                "audio.sample_rate_hz 22050, while this recipe has 44100",
                "same value"},
        Refusal{{"eval", "runs/base/best.safetensors", "--manifest", "songs/manifest.csv", "--set",
                 "vad.enabled=false"},
                "vad.enabled true, while this recipe has false",
                "same value"},
        Refusal{{"eval", "runs/base/best.safetensors"},
                "a model file has no songs of its own",
                "--manifest"},
        Refusal{{"eval", "runs/base", "--manifest", "songs/manifest.csv", "--split", "test"},
                "songs/manifest.csv: has no split column",
                "leave --split out"},
        Refusal{{"eval", "runs/base", "--split", "tset"}, "--split is 'tset'", "mer eval --help"},
        Refusal{{"eval", "runs/base", "--weights", "bets"},
                "'bets' is not one of best, last",
                "mer eval --help"},
        Refusal{{"eval", "runs/base", "--manifest", "other/m.csv"},
                "other/m.csv:3: ",
                "model of these classes"}));

TEST(Info, ShowsRunsModelsAndFeatures) {
  const World& world = World::get();
  ASSERT_EQ(world.trouble(), "");
  const Outcome run = world.mer({"info", "runs/base"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, AllOf(HasSubstr("status             finished\n"),
                             HasSubstr("best               iteration "), Not(HasSubstr("{"))));
  EXPECT_THAT(world.mer({"info", "runs/base", "--all"}).out,
              AllOf(HasSubstr("\"status\": \"finished\""), HasSubstr("last val_macro_f1")));
  const Outcome model = world.mer({"info", "runs/base/best.safetensors"});
  EXPECT_EQ(model.exit_code, 0);
  EXPECT_THAT(model.out, AllOf(HasSubstr("classes            happy, anger, sad, relaxed\n"),
                               HasSubstr("features           recipe "),
                               HasSubstr("trained on         happy "), Not(HasSubstr("{"))));
  EXPECT_THAT(world.mer({"info", "runs/base/best.safetensors", "--all"}).out,
              AllOf(HasSubstr("classes "), HasSubstr("recipe_fingerprint ")));
  for (const auto& [name, content] : files_below(world / "mer-store")) {
    if (fs::path(name).extension() != ".safetensors" || name.starts_with("chromaprint")) continue;
    const Outcome features = world.mer({"info", "mer-store/" + name});
    EXPECT_EQ(features.exit_code, 0) << features.err;
    const bool embeddings = features.out.find("mer-embeddings") != std::string::npos;
    EXPECT_THAT(features.out, HasSubstr(embeddings ? "\nembeddings " : "\nspectrogram "));
  }
}

}  // namespace
}  // namespace mer::test
