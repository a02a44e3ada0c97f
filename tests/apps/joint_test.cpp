#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"
#include "world.hpp"

// Several models as one file, their weights and temperature: `mer eval --fit, --fit-on, --save`.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

/// A network, a forest, and 24 songs that neither has seen.
class Joint : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.trouble(), "");
    if (fs::exists(world_ / "runs/forest")) return;
    expect_done({"synth", "-o", "more", "--songs", "24", "--seconds", "3", "--seed", "9"});
    expect_done(forest("forest", {}));
  }

  static Words forest(const std::string& name, const Words& settings) {
    Words command = {"train",
                     "-c",
                     "tiny.yaml",
                     "--name",
                     name,
                     "--set",
                     "model.name=random_forest",
                     "--set",
                     "classic.random_forest.trees=20"};
    for (const std::string& setting : settings) {
      command.insert(command.end(), {"--set", setting});
    }
    return command;
  }

  Outcome expect_done(const Words& command) const {
    const Outcome outcome = world_.mer(command);
    EXPECT_EQ(outcome.exit_code, 0) << text_of(command) << "\n" << outcome.err;
    return outcome;
  }

  /// What `mer info` says under a key.
  Json info(const std::string& model, const std::string& key) const {
    for (const std::string& line : lines_of(expect_done({"info", model, "--all"}).out)) {
      if (line.rfind(key + " ", 0) == 0) return Json::parse(line.substr(key.size()));
    }
    return nullptr;
  }

  Json predictions(const Words& models) const {
    Words command = {"predict", "songs/sad", "--format", "json"};
    for (const std::string& model : models) command.insert(command.end(), {"-m", model});
    return Json::parse(expect_done(command).out)["results"];
  }

  const World& world_ = World::get();
};

TEST_F(Joint, SavedModelsAnswerExactlyAsTheyDoTogether) {
  const Outcome saved = expect_done(
      {"eval", "runs/base/best.safetensors", "runs/forest/best.safetensors", "--save", "two"});
  EXPECT_EQ(saved.out, "");
  EXPECT_EQ(saved.err, "saved     two\n");
  const Json together = predictions({"runs/base", "runs/forest"});
  EXPECT_EQ(predictions({"two"}), together);
  EXPECT_NE(predictions({"runs/base"})[0]["probabilities"], together[0]["probabilities"]);
  EXPECT_EQ(info("two", "weights"), Json({0.5, 0.5}));
  // One of several again.
  EXPECT_THAT(predictions({"two", "runs/base"}), SizeIs(4));
}

TEST_F(Joint, LeaveNothingInTheFolderOfOneOfThem) {
  const auto before = files_below(world_ / "runs/base");
  const Outcome outcome = expect_done({"eval", "runs/base", "runs/forest"});
  EXPECT_THAT(outcome.err, HasSubstr("nothing is written: -o DIR keeps the scores"));
  EXPECT_EQ(files_below(world_ / "runs/base"), before);
  expect_done({"eval", "runs/base", "runs/forest", "-o", "both"});
  const Json models = Json::parse(read(world_ / "both/metrics.json"))["models"];
  ASSERT_THAT(models, SizeIs(2));
  EXPECT_EQ(models[1]["name"], "runs/forest");
  EXPECT_EQ(models[1]["hash"], hash_file_hex(world_ / "runs/forest/best.safetensors"));
}

TEST_F(Joint, AreFittedOnTheSongsThatAreScored) {
  const Outcome fitted = expect_done(
      {"eval", "runs/base/best.safetensors", "runs/forest/best.safetensors", "--manifest",
       "more/manifest.csv", "--fit", "--save", "fitted", "--format", "json"});
  EXPECT_THAT(fitted.err, AllOf(HasSubstr("fitted    on 24 songs: weights "),
                                HasSubstr("; temperature "), HasSubstr("saved     fitted\n"),
                                HasSubstr("these scores are of the songs that were fitted on")));
  const Json metrics = Json::parse(fitted.out);
  EXPECT_EQ(metrics["model"], "fitted");
  const Json calibration = info("fitted", "calibration");
  EXPECT_EQ(calibration["songs"], 24);
  EXPECT_EQ(calibration["fitted_on"], "manifest.csv");
  EXPECT_NEAR(metrics["calibration"]["nll"].get<double>(), calibration["nll_after"].get<double>(),
              1e-6);
  // No worse than either alone, and than both with equal weights.
  for (const Words& models :
       {Words{"runs/base"}, Words{"runs/forest"}, Words{"runs/base", "runs/forest"}}) {
    Words command = {"eval"};
    command.insert(command.end(), models.begin(), models.end());
    command.insert(command.end(), {"--manifest", "more/manifest.csv", "--format", "json"});
    const Json other = Json::parse(expect_done(command).out);
    EXPECT_LE(metrics["calibration"]["nll"].get<double>(),
              other["calibration"]["nll"].get<double>() + 1e-9);
  }
  // Fitted once more, a model gets the same temperature: it is not applied twice.
  expect_done(
      {"eval", "fitted", "--manifest", "more/manifest.csv", "--fit", "--save", "ensemble-again"});
  EXPECT_NEAR(info("ensemble-again", "calibration")["temperature"].get<double>(),
              calibration["temperature"].get<double>(), 1e-4);
}

TEST_F(Joint, TakesTheTemperatureOfACrossValidation) {
  expect_done(forest("forest-cv", {"data.manifest=more/manifest.csv", "data.split.folds=2",
                                   "data.split.validation_fraction=0"}));
  const Outcome fitted = expect_done(
      {"eval", "runs/forest/best.safetensors", "--fit-on", "runs/forest-cv", "--save", "warm"});
  EXPECT_EQ(fitted.out, "");
  const Json calibration = info("warm", "calibration");
  EXPECT_EQ(calibration["songs"], 24);
  EXPECT_EQ(calibration["fitted_on"], "out-of-fold predictions of forest-cv");
  // What the pooled predictions say at temperature 1 is where the fit began.
  const Json pooled = Json::parse(read(world_ / "runs/forest-cv/eval/test/metrics.json"));
  EXPECT_NEAR(calibration["nll_before"].get<double>(), pooled["calibration"]["nll"].get<double>(),
              1e-9);
  EXPECT_LE(calibration["nll_after"], calibration["nll_before"]);
  const double temperature = calibration["temperature"].get<double>();
  const Json before = predictions({"runs/forest"})[0]["probabilities"];
  const Json after = predictions({"warm"})[0]["probabilities"];
  EXPECT_NEAR(std::log(after["sad"].get<double>() / after["happy"].get<double>()),
              std::log(before["sad"].get<double>() / before["happy"].get<double>()) / temperature,
              1e-9);
}

TEST_F(Joint, RefusesWhatCannotBeFitted) {
  const std::vector<std::pair<Words, std::string>> refusals = {
      {{"eval", "runs/base", "--fit"}, "--fit without a file to keep it in"},
      {{"eval", "runs/base", "--fit", "--split", "test", "--save", "f"},
       "would spoil them for testing"},
      {{"eval", "runs/base", "--fit", "--save", "f"}, "4 songs are too few to fit on"},
      {{"eval", "runs/base", "runs/forest", "--fit-on", "runs/forest-cv", "--save", "f"},
       "1 times --fit-on for 2 models"},
      {{"eval", "runs/base", "--fit", "--fit-on", "runs/forest-cv", "--save", "f"},
       "--fit and --fit-on both say what to fit on"},
      {{"eval", "runs/base", "--fit-on", "runs/forest", "--save", "f"},
       "runs/forest: is not a cross-validation"}};
  for (const auto& [command, fact] : refusals) {
    const Outcome outcome = world_.mer(command);
    EXPECT_EQ(outcome.exit_code, 2) << text_of(command);
    EXPECT_THAT(outcome.err, AllOf(StartsWith("error: "), HasSubstr(fact)));
    EXPECT_FALSE(fs::exists(world_ / "f"));
  }
}

}  // namespace
}  // namespace mer::test
