#include "mer/train/trainer.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "mer/core/error.hpp"
#include "mer/core/source_commit.hpp"
#include "mer/core/version.hpp"
#include "mer/model/device.hpp"
#include "run_folder.hpp"
#include "training_run.hpp"

namespace mer {

RunResult train_run(const RunConfig& config, const RunData& data,
                    const std::filesystem::path& run_folder, const std::string& command_line,
                    const RunCallbacks& callbacks) {
  if (std::filesystem::exists(run_folder)) {  // before any work; create() asks again
    throw UsageError(run_folder.string() + ": exists already",
                     "go on with it by `mer train --resume " + run_folder.string() +
                         "`, or give another --name");
  }
  parse_device(config.device);
  TrainingRun run(config, prepare_data(config, data), callbacks, std::nullopt);

  RunFolder folder = RunFolder::create(run_folder, config, data);
  folder.status() = {{"status", "running"},     {"command", command_line},
                     {"mer_version", kVersion}, {"commit", source_commit()},
                     {"started", utc_now()},    {"ended", nullptr},
                     {"iterations", 0}};
  folder.status().update(run.description());
  return run.run(folder);
}

RunResult resume_run(const std::filesystem::path& run_folder, const RunData& data,
                     const RunCallbacks& callbacks) {
  RunFolder folder = RunFolder::reopen(run_folder);
  const RunConfig config = read_run_config(run_folder);
  RunData same = data;
  same.split = read_split_csv(run_folder / "split.csv", data.manifest);
  PreparedData prepared = prepare_data(config, same);
  const nlohmann::ordered_json& dataset = folder.status()["dataset"];
  if (!dataset.is_object() || dataset.value("hash", "") != prepared.hash) {
    throw UsageError(run_folder.string() + ": the songs of " + data.manifest.file.string() +
                         " have changed since this run started",
                     "start a new run, or put the manifest and the audio files back");
  }
  TrainingRun run(config, std::move(prepared), callbacks, TensorFile::open(folder.state_file()));
  folder.open_metrics(run.iterations_done());
  folder.status()["resumed"].push_back(utc_now());
  return run.run(folder);
}

NetworkSummary summarise_network(const RunConfig& config, int num_classes) {
  const FeatureLayout layout = layout_of(config.recipe);
  const auto ones_and_zeros = [](int size) {
    return std::pair(std::vector<float>(static_cast<std::size_t>(size), 0.0F),
                     std::vector<float>(static_cast<std::size_t>(size), 1.0F));
  };
  Standardisation none;  // sizes don't depend on values
  std::tie(none.spectrogram_mean, none.spectrogram_deviation) =
      ones_and_zeros(layout.spectrogram_columns());
  std::tie(none.lld_mean, none.lld_deviation) = ones_and_zeros(layout.lld_width());
  NetworkSummary summary;
  summary.name = config.model.name;
  const std::int64_t frames = config.segment.num_frames(layout.sample_rate_hz, layout.hop_samples);
  summary.segment_frames = static_cast<int>(frames);
  const InputBuilder builder(layout, frames, config.inputs, none);
  const NetworkShape shape = network_shape(builder.shape(), config.inputs, num_classes);
  summary.parameters = num_parameters(*make_network(config.model, shape, 0));
  return summary;
}

}  // namespace mer
