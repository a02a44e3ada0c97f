#include "mer/core/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mer {
namespace {

namespace fs = std::filesystem;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// What a group's own files say; "max" (version 2) and -1 (version 1) are no limit.
double quota_of(const fs::path& group) {
  double quota = 0.0;
  double period = 0.0;
  std::ifstream both(group / "cpu.max");
  if (both >> quota >> period && quota > 0.0 && period > 0.0) return quota / period;
  std::ifstream first(group / "cpu.cfs_quota_us");
  std::ifstream second(group / "cpu.cfs_period_us");
  if (first >> quota && second >> period && quota > 0.0 && period > 0.0) return quota / period;
  return kNoLimit;
}

/// @param path  below the mount; begins with '/'
double quota_up_from(const fs::path& mount, const fs::path& path) {
  fs::path group = mount / path.relative_path();
  std::error_code ignored;
  if (!fs::is_directory(group, ignored)) group = mount;
  double cores = quota_of(group);
  while (group != mount && group.has_relative_path()) {
    group = group.parent_path();
    cores = std::min(cores, quota_of(group));
  }
  return cores;
}

}  // namespace

double cgroup_cores(const fs::path& memberships, const fs::path& mount) {
  double cores = kNoLimit;
  std::ifstream lines(memberships);
  for (std::string line; std::getline(lines, line);) {  // number:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool has_cpu = ("," + controllers + ",").find(",cpu,") != std::string::npos;
    if (!controllers.empty() && !has_cpu) continue;
    cores = std::min(cores, quota_up_from(mount / controllers, line.substr(second + 1)));
  }
  return cores;
}

int available_cores() {
  cpu_set_t set;
  const bool has_mask = sched_getaffinity(0, sizeof(set), &set) == 0;
  const auto cores =
      has_mask ? static_cast<unsigned>(CPU_COUNT(&set)) : std::thread::hardware_concurrency();
  const double quota = std::floor(cgroup_cores("/proc/self/cgroup", "/sys/fs/cgroup"));
  return static_cast<int>(std::max(1.0, std::min(static_cast<double>(cores), quota)));
}

void parallel_for_each(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
                       const std::function<bool()>& stop) {
  const auto wanted = static_cast<std::size_t>(jobs > 0 ? jobs : available_cores());
  const std::size_t num_threads = std::min(wanted, count);
  std::atomic<std::size_t> next{0};
  std::exception_ptr first_error;
  std::mutex error_mutex;

  const auto worker = [&] {
    while (true) {
      if (stop && stop()) return;
      const std::size_t index = next.fetch_add(1);
      if (index >= count) return;
      try {
        work(index);
      } catch (...) {  // carried over to the calling thread below
        const std::scoped_lock lock(error_mutex);
        if (!first_error) first_error = std::current_exception();
        next.store(count);
        return;
      }
    }
  };

  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < num_threads; ++i) threads.emplace_back(worker);
  worker();
  for (std::thread& thread : threads) thread.join();
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace mer
