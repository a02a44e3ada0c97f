#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>

namespace mer {

/// Cores that this process may use, at least 1: those of its affinity mask, and no more than the
/// whole cores of its control groups' CPU quota (`docker run --cpus 2`, Slurm, systemd).
int available_cores();

/// The smallest CPU quota, in cores, of a process's control groups and of those above them, of
/// version 2 (`cpu.max`) and 1 (`cpu.cfs_quota_us`); infinity without a limit or without files.
/// A group that the mount does not show, as in a container, is the mount itself.
/// @param memberships  /proc/self/cgroup
/// @param mount        /sys/fs/cgroup
double cgroup_cores(const std::filesystem::path& memberships, const std::filesystem::path& mount);

/// Calls work(index) for every index in [0, count) on up to `jobs` threads (0 = one per core).
///
/// Indices are handed out in order. The first exception stops the handing-out and is thrown again
/// in the calling thread once the running calls have ended. `stop`, asked before each index, ends
/// early without an exception.
void parallel_for_each(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
                       const std::function<bool()>& stop = {});

}  // namespace mer
