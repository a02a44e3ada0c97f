#include "mer/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace mer {
namespace {

using namespace std::chrono_literals;

TEST(ParallelForEach, VisitsEveryIndexOnce) {
  for (const int jobs : {1, 2, 7}) {
    std::vector<std::atomic<int>> visits(1000);
    parallel_for_each(visits.size(), jobs, [&](std::size_t i) { ++visits[i]; });
    for (const auto& count : visits) EXPECT_EQ(count.load(), 1) << "jobs " << jobs;
  }
}

TEST(ParallelForEach, ThrowsTheErrorOfAWorkerAgainAndStops) {
  std::atomic<int> visited{0};
  EXPECT_THROW(parallel_for_each(100000, 2,
                                 [&](std::size_t i) {
                                   ++visited;
                                   if (i == 10) throw std::runtime_error("ten");
                                   // To throw takes longer than 100000 empty calls may.
                                   if (i > 10) std::this_thread::sleep_for(10us);
                                 }),
               std::runtime_error);
  EXPECT_LT(visited.load(), 100000);
}

TEST(ParallelForEach, StopEndsEarly) {
  std::atomic<int> visited{0};
  parallel_for_each(
      1000, 1, [&](std::size_t) { ++visited; }, [&] { return visited >= 5; });
  EXPECT_EQ(visited.load(), 5);
}

}  // namespace
}  // namespace mer
