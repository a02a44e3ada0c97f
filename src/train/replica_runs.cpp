#include "replica_runs.hpp"

#include <nlohmann/json.hpp>

#include "batch_feed.hpp"
#include "mer/core/error.hpp"
#include "mer/nn/device.hpp"

namespace mer {
namespace {

int num_replicas(const RunConfig& config, const Workers& workers) {
  return workers.replicas > 0 ? workers.replicas : config.train.replicas;
}

int num_processes(const Workers& workers) {
  return workers.processes == nullptr ? 1 : workers.processes->size();
}

/// The rows of every batch that this process has.
RowRange rows_of_process(const RunConfig& config, const Workers& workers) {
  const int processes = num_processes(workers);
  const int replicas = num_replicas(config, workers);
  const std::int64_t batch_size = config.train.batch_size;
  const std::int64_t least =
      std::int64_t{processes} * replicas * config.train.gradient_accumulation_steps;
  if (batch_size < least) {
    throw UsageError(
        "'train.batch_size' is " + std::to_string(batch_size) + ", allowed: at least " +
            std::to_string(least) + ", a segment for each of " +
            std::to_string(config.train.gradient_accumulation_steps) +
            " parts ('train.gradient_accumulation_steps') in " + std::to_string(replicas) +
            " replicas in " + std::to_string(processes) + " processes",
        "take fewer of them, or a larger batch");
  }
  const int process = workers.processes == nullptr ? 0 : workers.processes->rank();
  return RowRange{0, batch_size}.part(process, processes);
}

torch::Device device_of(const RunConfig& config, const Workers& workers) {
  const torch::Device device = parse_device(config.device);
  if (device.is_cpu()) return device;
  if (num_replicas(config, workers) > 1) {
    throw UsageError("'train.replicas' is " + std::to_string(num_replicas(config, workers)) +
                         ", allowed: 1 on a GPU, which one copy of the network keeps busy",
                     "--set train.replicas=1; several GPUs take a process each");
  }
  if (workers.processes == nullptr || device.has_index()) return device;
  const auto num_devices = static_cast<int>(torch::cuda::device_count());
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(workers.rank_on_host % num_devices)};
}

}  // namespace

ReplicaRuns::ReplicaRuns(const RunConfig& config, PreparedData data, const RunCallbacks& callbacks,
                         const std::optional<TensorFile>& state, const Workers& workers)
    : inputs_(config, std::move(data), state, rows_of_process(config, workers),
              device_of(config, workers)),
      num_processes_(num_processes(workers)) {
  const int replicas = num_replicas(config, workers);
  if (replicas > 1) team_.emplace(replicas, workers.processes);
  for (int replica = 0; replica < replicas; ++replica) {
    Collective* collective = team_ ? &team_->member(replica) : workers.processes;
    runs_.push_back(std::make_unique<TrainingRun>(inputs_, replica == 0 ? callbacks : silent_,
                                                  state, collective));
  }
}

void ReplicaRuns::describe(RunStatus& status) const {
  runs_.front()->describe(status);
  describe_workers(status);
}

void ReplicaRuns::describe_workers(RunStatus& status) const {
  status.processes = num_processes_;
  status.replicas = static_cast<int>(runs_.size());
}

RunResult ReplicaRuns::run(RunWriter* folder) {
  BatchFeed feed(inputs_.batches, iterations_done() + 1, inputs_.iterations,
                 team_ ? &*team_ : nullptr);
  const auto run = [&](int replica) {
    return runs_[static_cast<std::size_t>(replica)]->run(
        [&feed, replica](std::int64_t iteration) { return feed.get(iteration, replica); },
        replica == 0 ? folder : nullptr);
  };
  if (!team_) return run(0);
  RunResult result;
  team_->run([&](int replica) {
    const RunResult own = run(replica);
    if (replica == 0) result = own;
  });
  return result;
}

}  // namespace mer
