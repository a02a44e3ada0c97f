#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "batch_maker.hpp"
#include "mer/distributed/replica_group.hpp"
#include "prefetcher.hpp"

namespace mer {

/// The batches of one process. One worker alone has them made ahead of their time by a thread
/// beside; the replicas of a team, which keep all cores busy, make them together and only have them
/// planned beside.
class BatchFeed {
 public:
  /// @param team  null for one worker alone; must outlive the feed
  BatchFeed(BatchMaker& maker, std::int64_t first, std::int64_t last, ReplicaGroup* team)
      : maker_(maker),
        team_(team),
        iteration_(first - 1),
        prefetcher_([this](std::int64_t iteration) { return prepare(iteration); }, first, last) {}

  /// A worker's rows of an iteration's batch. Replicas go in step: all ask for one before any asks
  /// for the next.
  TrainingBatch get(std::int64_t iteration, int replica) {
    const std::shared_ptr<Ahead> ahead = current(iteration);
    if (team_ == nullptr) return std::move(ahead->finished);
    const auto part_of = [&](std::int64_t size) {
      return RowRange{0, size}.part(replica, team_->size());
    };
    maker_.fill(ahead->planned, part_of(static_cast<std::int64_t>(ahead->planned.rows.size())));
    team_->barrier();  // now all rows are filled
    return maker_.finish_part(ahead->planned, part_of(maker_.rows().size()));
  }

 private:
  struct Ahead {
    PlannedBatch planned;    ///< for a team
    TrainingBatch finished;  ///< for one worker alone
  };

  std::shared_ptr<Ahead> prepare(std::int64_t iteration) {
    auto ahead = std::make_shared<Ahead>();
    ahead->planned = maker_.plan(iteration);
    if (team_ == nullptr) {
      maker_.fill(ahead->planned, {0, static_cast<std::int64_t>(ahead->planned.rows.size())});
      ahead->finished = maker_.finish(std::move(ahead->planned));
    }
    return ahead;
  }

  std::shared_ptr<Ahead> current(std::int64_t iteration) {
    const std::scoped_lock lock(mutex_);
    if (iteration != iteration_) {
      current_ = prefetcher_.next();
      iteration_ = iteration;
    }
    return current_;
  }

  BatchMaker& maker_;
  ReplicaGroup* team_;
  std::mutex mutex_;
  std::int64_t iteration_;
  std::shared_ptr<Ahead> current_;
  Prefetcher<std::shared_ptr<Ahead>> prefetcher_;  // last: it begins at once
};

}  // namespace mer
