#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "mer/distributed/replica_group.hpp"
#include "training_run.hpp"

namespace mer {

/// The replicas of one run in this process, beside those of other processes.
class ReplicaRuns {
 public:
  /// Builds what the replicas share and each one's network; touches no file.
  /// @param state  where to go on from; none = from the beginning
  /// @throws UsageError when a batch has fewer rows than there are replicas in all processes
  ReplicaRuns(const RunConfig& config, PreparedData data, const RunCallbacks& callbacks,
              const std::optional<TensorFile>& state, const Workers& workers);

  std::int64_t iterations_done() const { return runs_.front()->iterations_done(); }
  /// What run.json says about a run before it starts.
  void describe(RunStatus& status) const;
  /// Of it, what may be another when the run is resumed.
  void describe_workers(RunStatus& status) const;

  /// Trains to the end. @param folder  null where another process writes it
  RunResult run(RunWriter* folder);

 private:
  std::optional<ReplicaGroup> team_;  ///< none for one replica
  RunInputs inputs_;
  RunCallbacks silent_;  ///< of all replicas but the first
  std::vector<std::unique_ptr<TrainingRun>> runs_;
  int num_processes_;
};

}  // namespace mer
