#include "mer/train/trainer.hpp"

#include <optional>

#include "classic_run.hpp"
#include "mer/core/error.hpp"
#include "mer/nn/device.hpp"
#include "replica_runs.hpp"
#include "start_weights.hpp"

namespace mer {
namespace {

bool writes_folder(const Workers& workers) {
  return workers.processes == nullptr || workers.processes->rank() == 0;
}

/// Tells the other processes when this one can't go on.
template <class Work>
RunResult telling_others(const Workers& workers, const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    if (workers.processes != nullptr) workers.processes->fail(error.what());
    throw;
  }
}

/// Opens the songs and builds the networks, which other processes may have to wait for.
std::unique_ptr<ReplicaRuns> make_team(const RunConfig& config, const RunCallbacks& callbacks,
                                       const std::optional<TensorFile>& state,
                                       const Workers& workers,
                                       const std::function<PreparedData()>& prepare) {
  std::unique_ptr<ReplicaRuns> team;
  run_beside_barriers(workers.processes, [&](const auto&) {
    team = std::make_unique<ReplicaRuns>(config, prepare(), callbacks, state, workers);
  });
  return team;
}

RunResult train_new(const RunConfig& config, const RunData& data,
                    const std::filesystem::path& run_folder, const std::string& command_line,
                    const RunCallbacks& callbacks, const Workers& workers) {
  const bool writes = writes_folder(workers);
  if (writes && std::filesystem::exists(run_folder)) {  // before any work; create() asks again
    throw UsageError(run_folder.string() + ": exists already",
                     "go on with it by `mer train --resume " + run_folder.string() +
                         "`, or give another --name");
  }
  if (!config.model.is_network()) {
    if (workers.processes != nullptr) {
      throw UsageError(config.model.name + " is trained by one process",
                       "start it without mpirun, srun or torchrun, and without WORLD_SIZE");
    }
    return train_classic_run(config, data, run_folder, command_line, callbacks);
  }
  parse_device(config.device);
  const auto team = make_team(config, callbacks, std::nullopt, workers,
                              [&] { return prepare_data(config, data); });
  if (!writes) return team->run(nullptr);

  RunWriter folder = RunWriter::create(run_folder, config, data.manifest, data.split);
  folder.status() = RunStatus::of_start(command_line);
  team->describe(folder.status());
  return team->run(&folder);
}

RunResult go_on(const std::filesystem::path& run_folder, const RunData& data,
                const RunCallbacks& callbacks, const Workers& workers) {
  const RunFolder run(run_folder);
  std::optional<RunWriter> folder;
  if (writes_folder(workers)) folder.emplace(RunWriter::reopen(run_folder));
  const RunConfig config = run.config();
  RunData same = data;
  same.split = run.split(data.manifest);
  const auto prepare = [&] {
    PreparedData prepared = prepare_data(config, same);
    if (!folder) return prepared;
    const auto& dataset = folder->status().dataset;
    if (!dataset || dataset->hash != prepared.hash) {
      throw UsageError(run_folder.string() + ": the songs of " + data.manifest.file.string() +
                           " have changed since this run started",
                       "start a new run, or put the manifest and the audio files back");
    }
    return prepared;
  };
  // Rank 0 writes no new state before all have read this one: they compare first where they are.
  const auto team =
      make_team(config, callbacks, TensorFile::open(run.state_file()), workers, prepare);
  if (!folder) return team->run(nullptr);
  folder->open_metrics(team->iterations_done());
  folder->status().resumed.push_back(utc_now());
  team->describe_workers(folder->status());
  return team->run(&*folder);
}

}  // namespace

RunResult train_run(const RunConfig& config, const RunData& data,
                    const std::filesystem::path& run_folder, const std::string& command_line,
                    const RunCallbacks& callbacks, const Workers& workers) {
  return telling_others(workers, [&] {
    return train_new(config, data, run_folder, command_line, callbacks, workers);
  });
}

RunResult resume_run(const std::filesystem::path& run_folder, const RunData& data,
                     const RunCallbacks& callbacks, const Workers& workers) {
  return telling_others(workers, [&] { return go_on(run_folder, data, callbacks, workers); });
}

SystemDescription describe_system(const RunConfig& config, const TaskSizes& sizes) {
  const FeatureLayout layout = layout_of(config.recipe);
  SystemDescription description;
  description.name = config.model.name;
  const std::int64_t frames = config.segment.num_frames(layout.sample_rate_hz, layout.hop_samples);
  description.segment_frames = static_cast<int>(frames);
  if (!config.model.is_network()) {
    description.columns = num_columns(config);
    return description;
  }
  const auto ones_and_zeros = [](int size) {
    return std::pair(std::vector<float>(static_cast<std::size_t>(size), 0.0F),
                     std::vector<float>(static_cast<std::size_t>(size), 1.0F));
  };
  Standardization none;  // sizes don't depend on values
  std::tie(none.spectrogram_mean, none.spectrogram_deviation) =
      ones_and_zeros(layout.spectrogram_columns());
  std::tie(none.lld_mean, none.lld_deviation) = ones_and_zeros(layout.lld_width());
  none.silent_spectrogram = none.spectrogram_mean;
  none.silent_lld = none.lld_mean;
  if (const auto vector = song_vector_of(config)) {
    std::tie(none.song_vector_mean, none.song_vector_deviation) =
        ones_and_zeros(vector->num_columns());
  }
  const InputBuilder builder(layout, frames, config.inputs, none, inputs_of(config.model));
  const NetworkShape shape = network_shape(builder.shape(), config, sizes);
  const auto network = make_network(config.model, shape, 0);
  description.parameters = num_parameters(*network);
  start_from(config, *network);
  description.trained_parameters =
      description.parameters - FrozenWeights(*network, config.train.freeze).num_parameters();
  return description;
}

}  // namespace mer
