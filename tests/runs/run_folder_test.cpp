#include "mer/runs/run_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/run_writer.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Manifest two_songs() {
  Manifest manifest;
  manifest.file = "songs.csv";
  manifest.songs.resize(2);
  manifest.songs[0].id = "a";
  manifest.songs[0].group = "x";
  manifest.songs[1].id = "b";
  manifest.songs[1].group = "y";
  return manifest;
}

TEST(RunStatus, IsReadBackAsItWasWritten) {
  const test::TemporaryFolder folder;
  RunStatus status = RunStatus::of_start("mer train -c a.yaml");
  status.network = RunStatus::Network{"cnn", 42, 2, "w.safetensors", "abc"};
  status.device = "cpu";
  status.threads = 3;
  status.seeds = RunStatus::Seeds{7, 8};
  status.dataset = RunStatus::Dataset{"d1", {"happy", "sad"}, 5, 2, {3, 2}, 50, 1};
  status.recipe_fingerprint = "0123";
  status.iterations_planned = 90;
  status.processes = 2;
  status.replicas = 4;
  status.chosen = R"([{"k":3}])";
  status.best = RunStatus::Best{{0.5, 0.75, 0.625}, {1.5, 20, 1.0, 0.9, "songs"}, 30};
  status.train_loss_as_printed = 12.5;
  status.segments_per_second = 100.25;
  status.resumed = {"2026-01-01T00:00:00Z"};
  status.error = "it broke";
  status.end_as("failed");
  const std::string text = status.to_json();
  const RunStatus read = RunStatus::read(folder.write("run.json", text));
  EXPECT_EQ(read.to_json(), text);
  EXPECT_EQ(read.network->parameters, 42);
  EXPECT_EQ(read.dataset->training_counts[1], 2);
  EXPECT_EQ(read.best->scores.macro_f1, 0.625);
  EXPECT_EQ(read.error, "it broke");
  EXPECT_FALSE(read.system);
  EXPECT_THAT(message_of<UsageError>([&] { RunStatus::read(folder.write("run.json", "[]")); }),
              HasSubstr("run.json: is not valid JSON"));
}

TEST(RunFolder, IsFilledByTheWriterAndReadByColumnsOfAName) {
  const test::TemporaryFolder folder;
  const RunFolder run(folder / "runs/first");
  RunConfig config;
  config.data.manifest = folder / "songs.csv";
  {
    RunWriter writer = RunWriter::create(run.path(), config, two_songs(), {kTrain, kTest});
    EXPECT_THAT(message_of<UsageError>([&] { RunWriter::reopen(run.path()); }),
                HasSubstr("it has no run.json"));
    writer.status() = RunStatus::of_start("mer");
    writer.write_status();
    MetricsRow row;
    row.iteration = 10;
    row.val_accuracy = 0.25;
    row.train_loss = std::numeric_limits<double>::quiet_NaN();
    writer.add_metrics(row);
    EXPECT_THAT(message_of<UsageError>([&] { RunWriter::reopen(run.path()); }),
                HasSubstr("another process is training in this folder"));
  }
  EXPECT_EQ(run.name(), "first");
  EXPECT_EQ(run.config().data.manifest, config.data.manifest);
  EXPECT_THAT(run.split(two_songs()), ElementsAre(kTrain, kTest));
  EXPECT_EQ(run.groups().at("b"), "y");
  EXPECT_EQ(run.metrics().number(0, "val_accuracy"), 0.25);
  EXPECT_TRUE(std::isnan(run.metrics().number_or_nan(0, "train_loss")));
  EXPECT_EQ(run.read_status().status, "running");
  EXPECT_FALSE(run.has_finished());
  EXPECT_FALSE(run.has_state());
  EXPECT_THAT(
      message_of<UsageError>([&] { RunWriter::create(run.path(), config, two_songs(), {}); }),
      HasSubstr("exists already"));
}

TEST(RunFolder, KnowsItsFoldsAndScoredParts) {
  const test::TemporaryFolder folder;
  for (const char* file : {"fold-1/run.json", "fold-2/run.json", "fold-4/run.json",
                           "eval/train/metrics.json", "eval/test/metrics.json"}) {
    folder.write(file, "{}");
  }
  const RunFolder parent(folder.path());
  EXPECT_THAT(parent.folds(), SizeIs(2));
  EXPECT_EQ(parent.fold(2).path(), folder / "fold-2");
  EXPECT_THAT(parent.fold(1).folds(), IsEmpty());
  EXPECT_THAT(parent.scored_splits(), ElementsAre("test", "train"));
  EXPECT_FALSE(parent.find_status());
  EXPECT_THAT(message_of<UsageError>([&] { parent.config(); }), HasSubstr("has no config.yaml"));
}

}  // namespace
}  // namespace mer
