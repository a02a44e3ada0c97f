#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/distributed/replica_group.hpp"
#include "toy_songs.hpp"

namespace mer {
namespace {

using test::content_of;
using test::message_of;
using test::timeless_metrics;
using test::ToySongs;
using testing::HasSubstr;

constexpr const char* kWorkersCommand = "mer train -c toy.yaml";

/// The settings of configs/4qaed.yaml but for what depends on the toy songs' length and number, and
/// what makes a network small.
/// @param settings  "model.name=cnn" …, of the small network that is taken instead
void take_shipped_settings(ToySongs& songs,
                           const std::vector<std::string>& settings = {
                               "model.c1_channels=4", "model.c2_channels=8", "model.c3_channels=8",
                               "model.crnn_lstm_units=8", "model.lld_lstm_units=8"}) {
  auto document =
      ConfigDocument::load(std::filesystem::path(MER_SOURCE_DIR) / "configs/4qaed.yaml");
  document.set("model.embedding_size=16");
  for (const std::string& setting : settings) document.set(setting);
  RunConfig shipped;
  document.read(shipped);
  RunConfig& config = songs.config;
  config.inputs = shipped.inputs;
  config.model = shipped.model;
  config.loss = shipped.loss;
  config.train = shipped.train;
  config.segment.tail = shipped.segment.tail;  // pad: some rows have padding, others none
  config.train.random_crops = false;
  config.inputs.spectrogram_pool_frames = 1;  // 21 frames a segment are few
  config.inputs.lld_pool_frames = 2;
  config.train.epochs = 0;
  config.train.iterations = 24;
  config.train.evaluate_every = 6;
}

/// How several processes are stood in for by threads: each trains with a Collective of its own.
RunResult train_together(const ToySongs& songs, const std::filesystem::path& run, int processes,
                         int replicas, const RunCallbacks& callbacks = {}) {
  if (processes == 1) {
    return train_run(songs.config, songs.data, run, kWorkersCommand, callbacks,
                     {.replicas = replicas});
  }
  ReplicaGroup team(processes);
  RunResult first;
  team.run([&](int process) {
    const Workers workers{.replicas = replicas, .processes = &team.member(process)};
    RunResult result =
        train_run(songs.config, songs.data, run, kWorkersCommand, callbacks, workers);
    if (process == 0) first = std::move(result);
  });
  return first;
}

/// The largest difference between two runs' rows of numbers, relative to 1 or the number itself.
double largest_difference(const std::filesystem::path& one, const std::filesystem::path& other) {
  const auto a = timeless_metrics(one);
  const auto b = timeless_metrics(other);
  EXPECT_EQ(a.size(), b.size());
  double largest = 0.0;
  for (std::size_t row = 1; row < std::min(a.size(), b.size()); ++row) {
    for (std::size_t i = 0; i < a[row].size(); ++i) {
      if (a[row][i].empty() && b[row][i].empty()) continue;
      const double x = std::stod(a[row][i]);
      const double y = std::stod(b[row][i]);
      largest = std::max(largest, std::abs(x - y) / std::max(1.0, std::abs(x)));
    }
  }
  return largest;
}

struct Together {
  int processes, replicas;
};
class WorkersTogether : public testing::TestWithParam<Together> {};
INSTANTIATE_TEST_SUITE_P(Numbers, WorkersTogether,
                         testing::Values(Together{1, 2}, Together{1, 4}, Together{2, 1},
                                         Together{4, 1}, Together{2, 2}, Together{1, 3}),
                         [](const auto& test) {
                           return std::to_string(test.param.processes) + "x" +
                                  std::to_string(test.param.replicas);
                         });

TEST_P(WorkersTogether, HaveTheLossCurveOfOneAlone) {
  ToySongs songs;
  take_shipped_settings(songs);  // batch norm, mixup, dropout, masks: all that the config has
  train_together(songs, songs / "alone" / "run", 1, 1);
  const auto [processes, replicas] = GetParam();
  train_together(songs, songs / "together" / "run", processes, replicas);
  // Rounding differs in the seventh digit a step and grows over 24 of them. (That a forgotten sum
  // would show is what the next test says.)
  EXPECT_LT(largest_difference(songs / "alone" / "run", songs / "together" / "run"), 2e-3);
}

TEST(Workers, AnotherOrderOfTheSongsWouldNotPassAsTheSameCurve) {
  ToySongs songs;
  take_shipped_settings(songs);
  train_together(songs, songs / "one" / "run", 1, 1);
  songs.config.train.seed = 2;
  train_together(songs, songs / "other" / "run", 1, 1);
  EXPECT_GT(largest_difference(songs / "one" / "run", songs / "other" / "run"), 2e-2);
}

TEST_P(WorkersTogether, GiveTheSameBitsAgain) {
  ToySongs songs;
  take_shipped_settings(songs);
  test::change(songs.config.loss, "center_update: wen");
  const auto [processes, replicas] = GetParam();
  train_together(songs, songs / "a" / "run", processes, replicas);
  train_together(songs, songs / "b" / "run", processes, replicas);
  EXPECT_EQ(timeless_metrics(songs / "a" / "run"), timeless_metrics(songs / "b" / "run"));
  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(content_of(songs / "a" / "run" / file) == content_of(songs / "b" / "run" / file));
  }
}

TEST(Workers, MoveWensCentersAsOneAlone) {
  for (const char* loss : {"inter_center", "center"}) {
    ToySongs songs;
    take_shipped_settings(songs);
    songs.config.loss =
        test::of_kind<LossOptions>(loss, "{label_smoothing: 0.1, center_update: wen}");
    train_together(songs, songs / "alone" / "run", 1, 1);
    train_together(songs, songs / "together" / "run", 1, 2);
    EXPECT_LT(largest_difference(songs / "alone" / "run", songs / "together" / "run"), 2e-3)
        << loss;
  }
}

TEST(Workers, TrainEveryNetworkAsOneAlone) {
  const std::vector<std::vector<std::string>> networks = {
      {"model.name=cnn", "model.cnn_channels=4", "model.cnn_blocks=3"},
      {"model.name=light_cnn", "model.light_channels=4", "model.cnn_blocks=3"},
      {"model.name=crnn", "model.c1_channels=4", "model.c2_channels=8", "model.c3_channels=8",
       "model.crnn_lstm_units=8"},
      {"model.name=lld_bilstm", "model.lld_lstm_units=8"},
      {"model.name=drnn", "model.drnn_lstm_units=8"}};
  for (const auto& settings : networks) {
    ToySongs songs;
    take_shipped_settings(songs, settings);
    // The margin counts within these few iterations.
    songs.config.loss =
        test::of_kind<LossOptions>("a_softmax", "{label_smoothing: 0.1, lambda_gamma: 10}");
    train_together(songs, songs / "alone" / "run", 1, 1);
    train_together(songs, songs / "together" / "run", 2, 2);
    EXPECT_LT(largest_difference(songs / "alone" / "run", songs / "together" / "run"), 2e-3)
        << settings.front();
  }
}

TEST(Workers, GoOnFromAnotherNumbersState) {
  ToySongs songs;
  take_shipped_settings(songs);
  train_together(songs, songs / "whole" / "run", 1, 1);
  const std::filesystem::path run = songs / "parts" / "run";
  auto done = std::make_shared<std::atomic<std::int64_t>>(0);
  RunCallbacks callbacks;
  callbacks.on_step = [done](std::int64_t iteration, std::int64_t, double) { *done = iteration; };
  callbacks.stop = [done] { return *done >= 9; };
  const RunResult stopped = train_together(songs, run, 2, 1, callbacks);
  EXPECT_EQ(stopped.status, RunResult::Status::kInterrupted);
  EXPECT_EQ(stopped.iterations, 9);
  const RunResult result = resume_run(run, songs.data, {}, {.replicas = 3});
  EXPECT_EQ(result.status, RunResult::Status::kFinished);
  EXPECT_LT(largest_difference(songs / "whole" / "run", run), 2e-3);
  const auto status = nlohmann::json::parse(content_of(run / "run.json"));
  EXPECT_EQ(status["processes"], 1);
  EXPECT_EQ(status["replicas"], 3);
}

TEST(Workers, OnlyTheFirstWritesAndTalks) {
  ToySongs songs;
  songs.config.train.iterations = 4;
  songs.config.train.evaluate_every = 2;
  std::atomic<int> rows{0};
  RunCallbacks callbacks;
  callbacks.on_row = [&](const MetricsRow&) { ++rows; };
  train_together(songs, songs / "run", 2, 2, callbacks);
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(read_csv(songs / "run" / "metrics.csv").size(), 3U);
  const auto status = nlohmann::json::parse(content_of(songs / "run" / "run.json"));
  EXPECT_EQ(status["processes"], 2);
  EXPECT_EQ(status["replicas"], 2);
  EXPECT_THAT(content_of(songs / "run" / "log.txt"), HasSubstr("by 4 workers together"));
}

TEST(Workers, StopTogetherWhenOneProcessIsAskedTo) {
  ToySongs songs;
  ReplicaGroup team(2);
  std::atomic<int> interrupted{0};
  team.run([&](int process) {
    RunCallbacks callbacks;
    // Only the second is asked, by the user of its terminal.
    if (process == 1) callbacks.stop = [] { return true; };
    const RunResult result =
        train_run(songs.config, songs.data, songs / "run", kWorkersCommand, callbacks,
                  {.replicas = 1, .processes = &team.member(process)});
    if (result.status == RunResult::Status::kInterrupted) ++interrupted;
    EXPECT_EQ(result.iterations, 1);
  });
  EXPECT_EQ(interrupted, 2);
}

TEST(Workers, RefuseABatchWithFewerRowsThanWorkers) {
  ToySongs songs;
  songs.config.train.batch_size = 3;
  const std::string message = message_of<UsageError>([&] {
    train_run(songs.config, songs.data, songs / "run", kWorkersCommand, {}, {.replicas = 4});
  });
  EXPECT_THAT(message, HasSubstr("'train.batch_size' is 3, allowed: at least 4"));
  EXPECT_FALSE(std::filesystem::exists(songs / "run"));
}

TEST(Workers, RefuseToTrainDifferentThingsTogether) {
  ToySongs songs;
  ToySongs others;
  others.config.train.seed = 99;
  ReplicaGroup team(2);
  EXPECT_THAT(message_of<Error>([&] {
                team.run([&](int process) {
                  const ToySongs& mine = process == 0 ? songs : others;
                  train_run(mine.config, mine.data, songs / "run", kWorkersCommand, {},
                            {.replicas = 1, .processes = &team.member(process)});
                });
              }),
              HasSubstr("worker 1 trains another config"));
}

TEST(Workers, EndWithTheMessageOfTheFirstWhenAllDiverge) {
  ToySongs songs;
  songs.config.train.lr = 1e30;
  songs.config.train.clip_norm = 0.0;
  const std::string message = message_of<Error>([&] {
    train_run(songs.config, songs.data, songs / "run", kWorkersCommand, {}, {.replicas = 2});
  });
  EXPECT_THAT(message, HasSubstr("run: training diverged: the "));
  EXPECT_THAT(message, HasSubstr("no weights have been saved yet"));
  const auto status = nlohmann::json::parse(content_of(songs / "run" / "run.json"));
  EXPECT_EQ(status["status"], "failed");
}

}  // namespace
}  // namespace mer
