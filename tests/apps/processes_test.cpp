#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "mer/core/text.hpp"
#include "world.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Environment = std::map<std::string, std::string>;

/// A port of this machine that nobody listens on; with `keep`, listens on it until the end.
class Port {
 public:
  explicit Port(bool keep = false) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t length = sizeof(address);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(descriptor_, plain, length), 0);
    EXPECT_EQ(::getsockname(descriptor_, plain, &length), 0);
    number_ = ntohs(address.sin_port);
    if (keep) {
      EXPECT_EQ(::listen(descriptor_, 1), 0);
    } else {
      ::close(std::exchange(descriptor_, -1));
    }
  }
  ~Port() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  std::string text() const { return std::to_string(number_); }

 private:
  int descriptor_;
  int number_ = 0;
};

/// What a launcher sets for process `rank` of `size`.
using Launcher = std::function<Environment(int rank, int size, const std::string& port)>;

Environment by_hand(int rank, int size, const std::string& port) {
  return {{"RANK", std::to_string(rank)},
          {"WORLD_SIZE", std::to_string(size)},
          {"MASTER_ADDR", "127.0.0.1"},
          {"MASTER_PORT", port}};
}
Environment by_mpirun(int rank, int size, const std::string& port) {
  return {{"OMPI_COMM_WORLD_RANK", std::to_string(rank)},
          {"OMPI_COMM_WORLD_SIZE", std::to_string(size)},
          {"OMPI_COMM_WORLD_LOCAL_RANK", std::to_string(rank)},
          {"OMPI_COMM_WORLD_LOCAL_SIZE", std::to_string(size)},
          {"MASTER_PORT", port}};
}
Environment by_srun(int rank, int size, const std::string& port) {
  return {{"SLURM_PROCID", std::to_string(rank)},
          {"SLURM_NTASKS", std::to_string(size)},
          {"SLURM_LOCALID", std::to_string(rank)},
          {"SLURM_JOB_ID", "17"},
          {"SLURM_STEP_ID", "0"},
          {"SLURM_STEP_NODELIST", "localhost"},
          {"MASTER_PORT", port}};
}
Environment by_torchrun(int rank, int size, const std::string& port) {
  Environment environment = by_hand(rank, size, port);
  environment["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  environment["TORCHELASTIC_RESTART_COUNT"] = "0";
  return environment;
}

class Processes : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  std::unique_ptr<Process> start(const Words& arguments, const Environment& environment) const {
    Words command = arguments;
    command.insert(command.begin(), MER_PROGRAM);
    Place place = world_.place();
    place.environment = environment;
    return std::make_unique<Process>(command, place);
  }

  std::vector<std::unique_ptr<Process>> start_all(const Words& arguments, int size,
                                                  const Launcher& launcher = by_hand,
                                                  const std::string& port = Port().text()) const {
    std::vector<std::unique_ptr<Process>> all;
    for (int rank = 0; rank < size; ++rank) {
      all.push_back(start(arguments, launcher(rank, size, port)));
    }
    return all;
  }

  static std::vector<Outcome> wait(const std::vector<std::unique_ptr<Process>>& all) {
    std::vector<Outcome> outcomes;
    for (const auto& process : all) outcomes.push_back(process->wait());
    return outcomes;
  }

  nlohmann::json status(const std::string& run) const {
    return nlohmann::json::parse(read(world_ / run / "run.json"));
  }

  /// The largest difference between two runs' losses, learning rates and scores.
  double largest_difference(const std::string& one, const std::string& other) const {
    const auto a = read_csv(world_ / one / "metrics.csv");
    const auto b = read_csv(world_ / other / "metrics.csv");
    EXPECT_EQ(a.size(), b.size());
    EXPECT_GT(a.size(), 2U);
    double largest = 0.0;
    for (std::size_t row = 1; row < std::min(a.size(), b.size()); ++row) {
      for (std::size_t i = 0; i < a[row].cells.size(); ++i) {
        if (i == 2) continue;  // seconds
        EXPECT_EQ(a[row].cells[i].empty(), b[row].cells[i].empty());
        if (a[row].cells[i].empty()) continue;  // not measured
        const double x = std::stod(a[row].cells[i]);
        const double y = std::stod(b[row].cells[i]);
        largest = std::max(largest, std::abs(x - y) / std::max(1.0, std::abs(x)));
      }
    }
    return largest;
  }

  /// Until a row of the table stands in a process' talk.
  static void wait_for_a_row(const Process& process) {
    const std::string first_row = "\n    8 ";
    for (int tries = 0; tries < 6000 && process.err_so_far().find(first_row) == std::string::npos;
         ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  static Words endless(const std::string& name) {
    return {"train", "-c", "tiny.yaml", "--set", "train.iterations=1000000", "--name", name};
  }

  const World& world_ = World::get();
};

/// The shipped config on the world's songs; everything that it switches on stays on.
Words shipped(const std::string& name) {
  Words command = {"train", "-c", std::string(MER_SOURCE_DIR) + "/configs/4qaed.yaml", "--name",
                   name};
  for (const char* setting : {"data.manifest=songs/manifest.csv", "data.split.group_by=none",
                              "data.split.ratios=[0.5, 0.25, 0.25]", "segment.length_s=3",
                              "train.epochs=0", "train.iterations=8", "train.evaluate_every=2"}) {
    command.insert(command.end(), {"--set", setting});
  }
  return command;
}

struct Case {
  const char* name;
  int size;
  Launcher launcher;
};
class ProcessesTogether : public Processes, public testing::WithParamInterface<Case> {};
INSTANTIATE_TEST_SUITE_P(Launchers, ProcessesTogether,
                         testing::Values(Case{"two_by_hand", 2, by_hand},
                                         Case{"four_by_mpirun", 4, by_mpirun},
                                         Case{"two_by_srun", 2, by_srun}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(ProcessesTogether, HaveTheLossCurveOfOneOnTheShippedConfig) {
  static const Outcome alone = world_.mer(shipped("shipped"));
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  const std::string name = std::string("shipped-") + GetParam().name;
  const auto outcomes = wait(start_all(shipped(name), GetParam().size, GetParam().launcher));
  for (std::size_t rank = 0; rank < outcomes.size(); ++rank) {
    EXPECT_EQ(outcomes[rank].exit_code, 0) << rank << ": " << outcomes[rank].err;
    if (rank == 0) continue;
    EXPECT_EQ(outcomes[rank].err + outcomes[rank].out, "") << "the others are quiet";
  }
  EXPECT_LT(largest_difference("runs/shipped", "runs/" + name), 1e-3);
  EXPECT_EQ(status("runs/" + name)["processes"], GetParam().size);
  EXPECT_EQ(status("runs/" + name)["replicas"], 1);
}

TEST_F(Processes, OfTorchrunLeaveItsPortAlone) {
  const Port agent(/*keep=*/true);
  const auto outcomes = wait(
      start_all({"train", "-c", "tiny.yaml", "--name", "torchrun"}, 2, by_torchrun, agent.text()));
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LT(largest_difference("runs/base", "runs/torchrun"), 1e-3);
}

TEST_F(Processes, MakeTheFeaturesTogetherAndCanHaveReplicasToo) {
  Words command = {"train",      "-c", "tiny.yaml", "--set",     "data.store=fresh-store",
                   "--replicas", "2",  "--name",    "two-by-two"};
  const auto outcomes = wait(start_all(command, 2));
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_LT(largest_difference("runs/base", "runs/two-by-two"), 1e-3);
  const auto fresh = files_below(world_ / "fresh-store");
  EXPECT_EQ(fresh.size(), 2U * (16U + 1U)) << "features and fingerprints, and what made them";
  // Other tests may have put more into the common store.
  const auto common = files_below(world_ / "mer-store");
  for (const auto& [name, content] : fresh) EXPECT_EQ(common.count(name), 1U) << name;
  EXPECT_EQ(status("runs/two-by-two")["replicas"], 2);
}

TEST_F(Processes, TrainFoldsTogetherOneAfterTheOther) {
  const Words command = {"train",
                         "-c",
                         "tiny.yaml",
                         "--set",
                         "data.split.folds=2",
                         "--set",
                         "train.iterations=4",
                         "--name",
                         "cv-together"};
  const auto outcomes = wait(start_all(command, 2));
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcomes[0].out, HasSubstr("baseline"));
  EXPECT_EQ(outcomes[1].out, "");
  for (const char* fold : {"fold-1", "fold-2"}) {
    EXPECT_EQ(status("runs/cv-together/" + std::string(fold))["processes"], 2);
  }
}

class KilledProcess : public Processes, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, KilledProcess, testing::Values(0, 1));

TEST_P(KilledProcess, MakesTheOthersStopAndTheRunCanBeResumedByAnotherNumber) {
  const auto killed = static_cast<std::size_t>(GetParam());
  const std::string name = "killed-" + std::to_string(killed);
  Words command = endless(name);
  command.insert(command.end(), {"--set", "train.patience=6"});
  auto all = start_all(command, 3);
  wait_for_a_row(*all[0]);
  all[killed]->send(SIGKILL);
  const auto since = std::chrono::steady_clock::now();
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    const Outcome outcome = all[rank]->wait();
    if (rank == killed) continue;
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
    EXPECT_THAT(outcome.err,
                testing::AnyOf(HasSubstr("lost the other processes"), HasSubstr("of 3 stopped: ")));
    EXPECT_THAT(outcome.err, HasSubstr("mer train --resume"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::minutes(1));
  EXPECT_EQ(status("runs/" + name)["status"], killed == 0 ? "running" : "failed");

  const auto resumed = wait(start_all({"train", "--resume", "runs/" + name}, 2));
  for (const Outcome& outcome : resumed) EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(status("runs/" + name)["status"], "finished");
  EXPECT_EQ(status("runs/" + name)["processes"], 2);
}

TEST_F(Processes, AllStopWhenOneIsInterruptedAndOneAloneGoesOnToTheSameEnd) {
  Words command = {"train", "-c", "tiny.yaml", "--set", "train.iterations=400", "--name", "ctrl-c"};
  auto all = start_all(command, 2);
  wait_for_a_row(*all[0]);
  all[1]->send(SIGINT);
  const auto outcomes = wait(all);
  EXPECT_EQ(outcomes[0].exit_code, 130) << outcomes[0].err;
  EXPECT_EQ(outcomes[1].exit_code, 130) << outcomes[1].err;
  EXPECT_THAT(outcomes[0].err, HasSubstr("hint: mer train --resume runs/ctrl-c"));
  EXPECT_EQ(status("runs/ctrl-c")["status"], "interrupted");
  const Outcome resumed = world_.mer({"train", "--resume", "runs/ctrl-c", "--replicas", "2"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(status("runs/ctrl-c")["iterations"], 400);
}

TEST_F(Processes, SayWhatWasWrongWithTheOneThatFailed) {
  const std::string port = Port().text();
  const auto first =
      start({"train", "-c", "tiny.yaml", "--name", "base"}, by_hand(0, 2, port));  // exists
  const auto second = start({"train", "-c", "tiny.yaml", "--name", "base"}, by_hand(1, 2, port));
  EXPECT_EQ(first->wait().exit_code, 2);
  const Outcome other = second->wait();
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err,
              HasSubstr("error: process 0 of 2 stopped: runs/base: the run exists already"));
}

TEST_F(Processes, WithDifferentConfigsRefuseToTrainTogether) {
  const std::string port = Port().text();
  const Words command = {"train", "-c", "tiny.yaml", "--name", "different"};
  Words other = command;
  other.insert(other.end(), {"--set", "train.seed=5"});
  const auto first = start(command, by_hand(0, 2, port));
  const auto second = start(other, by_hand(1, 2, port));
  const Outcome outcome = first->wait();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("worker 1 trains another config"));
  EXPECT_EQ(second->wait().exit_code, 2);
}

TEST_F(Processes, NameTheVariableThatIsMissingOrWrong) {
  const auto error_of = [&](const Environment& environment) {
    const Outcome outcome = start({"train", "-c", "tiny.yaml"}, environment)->wait();
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(lines_of(outcome.err).size(), 2U) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(error_of({{"RANK", "0"}}),
              HasSubstr("error: environment: RANK is set, but WORLD_SIZE is not"));
  EXPECT_THAT(error_of({{"WORLD_SIZE", "2"}}), HasSubstr("WORLD_SIZE is set, but RANK is not"));
  EXPECT_THAT(error_of({{"RANK", "one"}, {"WORLD_SIZE", "2"}}),
              HasSubstr("RANK is 'one', allowed: a number from 0"));
  EXPECT_THAT(error_of({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), HasSubstr("process 2 of 2"));
  EXPECT_THAT(error_of({{"OMPI_COMM_WORLD_RANK", "0"},
                        {"OMPI_COMM_WORLD_SIZE", "4"},
                        {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}}),
              HasSubstr("MASTER_ADDR"));
  EXPECT_THAT(error_of({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "no.such.invalid"}}),
              HasSubstr("no.such.invalid"));
}

TEST_F(Processes, SayWhenThePortIsTaken) {
  const Port taken(/*keep=*/true);
  const Outcome outcome = start({"train", "-c", "tiny.yaml"}, by_hand(0, 2, taken.text()))->wait();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot listen on port " + taken.text()));
}

TEST_F(Processes, OfOneIsOrdinaryTraining) {
  const Outcome outcome = start({"train", "-c", "tiny.yaml", "--name", "world-of-one"},
                                {{"RANK", "0"}, {"WORLD_SIZE", "1"}})
                              ->wait();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(largest_difference("runs/base", "runs/world-of-one"), 0.0);
}

}  // namespace
}  // namespace mer::test
