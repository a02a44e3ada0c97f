#include "mer/core/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "mer/core/scratch_folder.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

TEST(RunProgram, GivesTheOutputTheLastLineOfTheErrorsAndWhetherItSucceeded) {
  const ProgramResult good = run_program({"sh", "-c", "echo said; echo one >&2; echo two >&2"});
  EXPECT_TRUE(good.installed);
  EXPECT_TRUE(good.succeeded);
  EXPECT_EQ(good.output, "said\n");
  EXPECT_EQ(good.last_line, "two");
  EXPECT_FALSE(run_program({"sh", "-c", "exit 3"}).succeeded);
  EXPECT_FALSE(run_program({"sh", "-c", "kill -9 $$"}).succeeded);
}

TEST(RunProgram, HandsOnEachLineOfTheErrors) {
  std::string heard;
  ChildOptions options;
  options.on_stderr_line = [&](std::string_view line) { heard.append(line).append("|"); };
  options.pipe_bytes = 4096;
  const ProgramResult result = run_program(
      {"sh", "-c", "echo one >&2; head -c 300000 /dev/zero; printf '\n  \ntwo\rthree\n' >&2"},
      options);
  EXPECT_TRUE(result.succeeded);
  EXPECT_EQ(heard, "one|two|three|");
}

TEST(RunProgram, ThatIsNotThereIsNotInstalled) {
  const ProgramResult result = run_program({"no-such-program-anywhere"});
  EXPECT_FALSE(result.installed);
  EXPECT_FALSE(result.succeeded);
}

TEST(RunProgram, KeepsTheBeginningOfALongOutputAndWaitsForItsEnd) {
  const ProgramResult result = run_program({"sh", "-c", "head -c 300000 /dev/zero; exit 0"});
  EXPECT_TRUE(result.succeeded);
  EXPECT_EQ(result.output, std::string(4096, '\0'));
}

TEST(RunProgram, GivesItItsInputAndKeepsAsMuchOfTheOutputAsIsAskedFor) {
  const std::string text(300000, 'x');
  const ChildOptions options = {.program = {}, .input = text, .log = {}};
  EXPECT_EQ(run_program({"cat"}, options, text.size()).output, text);
  EXPECT_EQ(run_program({"cat"}).output, "");  // no input is an empty one
}

TEST(RunProgram, TakesALineOfSpacesForNone) {
  EXPECT_EQ(run_program({"sh", "-c", "printf 'wrong\n   ^\n  \n' >&2"}).last_line, "   ^");
}

TEST(ChildProcess, WritesBothOutputsBehindWhatItsLogHolds) {
  const ScratchFolder folder;
  const std::filesystem::path log = folder / "log.txt";
  write_text_file(log, "before\n");
  ChildProcess process({"other name", "-c", "echo one; echo two >&2; exit 7"},
                       {.program = "/bin/sh", .input = {}, .log = log});
  std::optional<int> exit_code;
  while (!(exit_code = process.exit_code())) std::this_thread::yield();
  EXPECT_EQ(exit_code, 7);
  EXPECT_EQ(process.exit_code(), 7);  // and stays
  EXPECT_EQ(read_text_file(log), "before\none\ntwo\n");
}

TEST(ChildProcess, StopsWhenItIsAskedTo) {
  const ScratchFolder folder;
  ChildProcess process({"sleep", "60"}, {.program = {}, .input = {}, .log = folder / "log.txt"});
  process.ask_to_stop();
  std::optional<int> exit_code;
  while (!(exit_code = process.exit_code())) std::this_thread::yield();
  EXPECT_EQ(exit_code, 128 + SIGINT);
  ChildProcess missing({"no-such-program"},
                       {.program = {}, .input = {}, .log = folder / "log.txt"});
  EXPECT_EQ(missing.exit_code(), 127);
}

TEST(ChildProcess, IsEndedWithItsObject) {
  const auto start = std::chrono::steady_clock::now();
  {
    ChildProcess process({"sh", "-c", "echo x; exec sleep 60"});
    std::array<std::byte, 2> bytes{};
    EXPECT_EQ(process.read(bytes), 2U);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace mer
