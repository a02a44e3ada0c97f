#pragma once

#include <cstddef>
#include <functional>

namespace mer {

/// Cores that this process may use (its affinity mask), at least 1.
int available_cores();

/// Calls work(index) for every index in [0, count) on up to `jobs` threads (0 = one per core).
///
/// Indices are handed out in order. The first exception stops the handing-out and is thrown again
/// in the calling thread once the running calls have ended. `stop`, asked before each index, ends
/// early without an exception.
void parallel_for_each(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
                       const std::function<bool()>& stop = {});

}  // namespace mer
