#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "world.hpp"

// Nothing of a program that SIGKILL ends can tidy up: what it leaves is what a power cut of the
// process would leave. No test here depends on when the kill comes.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int kKilled = 128 + SIGKILL;
constexpr std::array<const char*, 3> kCheckpoints = {"best.safetensors", "last.safetensors",
                                                     "state.safetensors"};

class Kill : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  Words train(const std::string& runs, int iterations, int evaluate_every) const {
    return {"train",
            "-c",
            "tiny.yaml",
            "--set",
            "train.iterations=" + std::to_string(iterations),
            "--set",
            "train.evaluate_every=" + std::to_string(evaluate_every),
            "--runs",
            runs,
            "--name",
            "run"};
  }
  Process start(Words command) const {
    command.insert(command.begin(), MER_PROGRAM);
    return Process(command, world_.place());
  }
  fs::path run_of(const std::string& runs) const { return world_ / runs / "run"; }

  static std::int64_t saved_iteration(const fs::path& run) {
    const TensorFile state = TensorFile::open(run / "state.safetensors");
    return nlohmann::json::parse(state.metadata().at("progression")).at("iteration");
  }
  /// metrics.csv without the column of times.
  static std::vector<std::vector<std::string>> metrics(const fs::path& run) {
    std::vector<std::vector<std::string>> rows;
    for (const CsvRow& row : read_csv(run / "metrics.csv")) {
      rows.push_back(row.cells);
      rows.back().erase(rows.back().begin() + 2);
    }
    return rows;
  }
  static std::string log_line_of_start(const fs::path& run) {
    std::string last;
    for (const std::string& line : lines_of(read(run / "log.txt"))) {
      if (line.find(", iterations ") != std::string::npos) last = line;
    }
    return last;
  }
  static std::size_t num_lines(const fs::path& file) {
    return fs::exists(file) ? lines_of(read(file)).size() : 0;
  }
  /// Half-written checkpoints that a killed process left.
  static std::vector<fs::path> leftovers(const fs::path& run) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(run)) {
      if (entry.path().filename().string().find(".tmp-") != std::string::npos) {
        files.push_back(entry.path());
      }
    }
    return files;
  }

  const World& world_ = World::get();
};

TEST_F(Kill, AtRandomMomentsLosesNoMoreThanTheStepsSinceTheLastCheckpoint) {
  constexpr int kIterations = 300;
  constexpr int kEvaluateEvery = 10;
  ASSERT_EQ(world_.mer(train("whole", kIterations, kEvaluateEvery)).exit_code, 0);

  const fs::path run = run_of("killed");
  std::mt19937 rng(1);
  int num_kills = 0;
  for (; num_kills < 3; ++num_kills) {
    const std::size_t lines_before = num_lines(run / "log.txt");
    Process process = start(num_kills == 0 ? train("killed", kIterations, kEvaluateEvery)
                                           : Words{"train", "--resume", "killed/run"});
    // The first line of the log is written before the state of a new run.
    for (int tries = 0; tries < 6000; ++tries) {
      if (num_lines(run / "log.txt") > lines_before && fs::exists(run / "state.safetensors")) break;
      std::this_thread::sleep_for(milliseconds(5));
    }
    std::this_thread::sleep_for(milliseconds(std::uniform_int_distribution(0, 200)(rng)));
    process.send(SIGKILL);
    if (process.wait().exit_code != kKilled) break;  // it was faster
    const auto rows = metrics(run);
    const std::int64_t reported = rows.size() < 2 ? 0 : std::stoll(rows.back()[0]);  // 1: header
    // A row is written just before the state: one of them may be missing.
    EXPECT_GE(saved_iteration(run), reported - kEvaluateEvery);
    EXPECT_EQ(saved_iteration(run) % kEvaluateEvery, 0);
  }
  ASSERT_GE(num_kills, 1);

  const std::int64_t saved = saved_iteration(run);
  if (saved < kIterations) {  // else the last process was faster than its kill
    const Outcome resumed = world_.mer({"train", "--resume", "killed/run"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_NE(log_line_of_start(run).find(", iterations " + std::to_string(saved + 1) + "…"),
              std::string::npos)
        << log_line_of_start(run);
  }
  EXPECT_EQ(metrics(run), metrics(run_of("whole")));
  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    EXPECT_TRUE(read(run / file) == read(run_of("whole") / file)) << file;
  }
  const TensorFile state = TensorFile::open(run / "state.safetensors");
  const TensorFile whole = TensorFile::open(run_of("whole") / "state.safetensors");
  ASSERT_EQ(state.names(), whole.names());
  for (const std::string& name : state.names()) {
    EXPECT_TRUE(std::ranges::equal(state.at(name).bytes, whole.at(name).bytes)) << name;
  }
}

TEST_F(Kill, WhileACheckpointIsBeingWrittenLeavesTheOneBefore) {
  constexpr int kRounds = 6;
  const fs::path run = run_of("saving");
  std::set<std::string> caught;  // checkpoints that were half written when the process was killed
  std::int64_t saved_before = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t lines_before = num_lines(run / "log.txt");
    Process process =
        start(round == 0 ? train("saving", 100000, 1) : Words{"train", "--resume", "saving/run"});
    const auto begun = [&] {
      return num_lines(run / "log.txt") > lines_before + 2 && fs::exists(run / "state.safetensors");
    };
    for (int tries = 0; tries < 6000 && !begun(); ++tries) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    // Each time another file is waited for; best.safetensors is written only now and then.
    const std::string wanted = round % 2 == 0 ? "state.safetensors" : "last.safetensors";
    const auto being_written = [&] {
      for (const fs::path& file : leftovers(run)) {
        if (file.filename().string().starts_with(wanted)) return true;
      }
      return false;
    };
    for (int tries = 0; tries < 20000 && !being_written(); ++tries) {
    }
    process.send(SIGKILL);
    ASSERT_EQ(process.wait().exit_code, kKilled);

    for (const fs::path& file : leftovers(run)) {
      caught.insert(file.filename().string().substr(0, file.filename().string().find(".tmp-")));
    }
    for (const char* file : kCheckpoints) {
      if (!fs::exists(run / file)) continue;
      EXPECT_NO_THROW(TensorFile::open(run / file)) << file;
    }
    EXPECT_TRUE(fs::exists(run / "state.safetensors"));
    EXPECT_GE(saved_iteration(run), saved_before);
    saved_before = saved_iteration(run);
  }
  EXPECT_FALSE(caught.empty()) << "no process was killed in the middle of writing";

  const Outcome prediction = world_.mer({"predict", "songs/happy", "-m", "saving/run"});
  EXPECT_EQ(prediction.exit_code, 0) << prediction.err;
  // Whoever goes on sweeps away what was half written.
  Process process = start({"train", "--resume", "saving/run"});
  const auto half_written = leftovers(run);
  for (int tries = 0; tries < 6000; ++tries) {
    if (std::ranges::none_of(half_written, [](const fs::path& f) { return fs::exists(f); })) break;
    std::this_thread::sleep_for(milliseconds(5));
  }
  process.send(SIGINT);
  EXPECT_EQ(process.wait().exit_code, 130);
  EXPECT_TRUE(leftovers(run).empty());
}

}  // namespace
}  // namespace mer::test
