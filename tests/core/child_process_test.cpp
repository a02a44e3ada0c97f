#include "mer/core/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

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
