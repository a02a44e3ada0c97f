#include "mer/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace mer {
namespace {

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
