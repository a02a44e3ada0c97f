#pragma once

#include <functional>
#include <memory>

#include "mer/distributed/collective.hpp"

namespace mer {

/// The replicas of one process: threads that sum through the memory they share.
///
/// Each thread adds up its part of the elements over all threads in the order of ranks, so that
/// results depend on the number of threads alone. With other processes beside this one the team's
/// sum is summed again over them, by rank 0; ranks then count over all processes.
class ReplicaGroup {
 public:
  /// @param processes  where every process has a team of the same size; may be null. Must outlive
  ///                   the team
  explicit ReplicaGroup(int size, Collective* processes = nullptr);
  ~ReplicaGroup();
  ReplicaGroup(const ReplicaGroup&) = delete;
  ReplicaGroup& operator=(const ReplicaGroup&) = delete;

  int size() const;
  /// @param replica  from 0, within this process
  Collective& member(int replica);

  /// Called by a member's thread, returns when those of all others have called it too; throws as a
  /// sum does. Other processes' members have no part in it.
  void barrier();

  /// Calls work(replica) for all of them at once, 0 in this thread. When one throws, the others'
  /// sums throw as well, and what member 0 threw (the first exception of all, if it was not its
  /// own) is thrown again once all have ended.
  void run(const std::function<void(int)>& work);

 private:
  class Rendezvous;
  class Member;
  std::unique_ptr<Rendezvous> rendezvous_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace mer
