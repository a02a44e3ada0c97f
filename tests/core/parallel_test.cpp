#include "mer/core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../support/temporary_folder.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using namespace std::chrono_literals;

/// A made /proc/self/cgroup and /sys/fs/cgroup.
class CgroupCores : public testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((folder_ / file).parent_path());
    write_text_file(folder_ / file, text);
  }
  double cores() const { return cgroup_cores(folder_ / "cgroup", folder_ / "sys"); }

  test::TemporaryFolder folder_;
};

TEST_F(CgroupCores, AreTheSmallestQuotaOnTheWayUp) {
  put("cgroup", "0::/user.slice/job.scope\n");
  put("sys/user.slice/job.scope/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(), std::numeric_limits<double>::infinity());
  put("sys/user.slice/cpu.max", "250000 100000\n");
  EXPECT_EQ(cores(), 2.5);
  put("sys/user.slice/job.scope/cpu.max", "50000 100000\n");
  EXPECT_EQ(cores(), 0.5);
}

TEST_F(CgroupCores, OfVersion1AreThoseOfTheCpuController) {
  put("cgroup", "5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n0::/\n");
  put("sys/memory/cpu.cfs_quota_us", "100000\n");
  put("sys/memory/cpu.cfs_period_us", "100000\n");
  put("sys/cpu,cpuacct/docker/a/cpu.cfs_quota_us", "-1\n");
  put("sys/cpu,cpuacct/docker/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores(), std::numeric_limits<double>::infinity());
  put("sys/cpu,cpuacct/docker/a/cpu.cfs_quota_us", "300000\n");
  EXPECT_EQ(cores(), 3.0);
}

TEST_F(CgroupCores, OfAContainerThatSeesOnlyItselfStandInTheMount) {
  put("cgroup", "0::/../../docker/of-the-host\n");
  put("sys/cpu.max", "150000 100000\n");
  EXPECT_EQ(cores(), 1.5);
}

TEST_F(CgroupCores, WithoutFilesHaveNoLimit) {
  EXPECT_EQ(cores(), std::numeric_limits<double>::infinity());
  EXPECT_GE(available_cores(), 1);
}

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
