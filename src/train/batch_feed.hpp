#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "prefetcher.hpp"
#include "run_data.hpp"

namespace mer {

/// The batches of one process: each is made once, ahead of its time, and handed to every replica.
class BatchFeed {
 public:
  BatchFeed(BatchMaker& batches, std::int64_t first, std::int64_t last)
      : iteration_(first - 1),
        prefetcher_([&batches](std::int64_t iteration) { return batches.make(iteration); }, first,
                    last) {}

  /// The batch of an iteration. Replicas go in step: nobody asks for the next one before all have
  /// this one.
  std::shared_ptr<const TrainingBatch> get(std::int64_t iteration) {
    const std::scoped_lock lock(mutex_);
    if (iteration != iteration_) {
      current_ = std::make_shared<const TrainingBatch>(prefetcher_.next());
      iteration_ = iteration;
    }
    return current_;
  }

 private:
  std::mutex mutex_;
  std::int64_t iteration_;
  std::shared_ptr<const TrainingBatch> current_;
  Prefetcher<TrainingBatch> prefetcher_;
};

}  // namespace mer
