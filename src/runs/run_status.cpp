#include "mer/runs/run_status.hpp"

#include <array>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/json.hpp"
#include "mer/core/source_commit.hpp"
#include "mer/core/version.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

Json network_json(const RunStatus::Network& network) {
  Json start;
  if (!network.init_file.empty()) {
    start = {{"file", network.init_file}, {"hash", network.init_hash}};
  }
  return {{"name", network.name},
          {"parameters", network.parameters},
          {"frozen_parameters", network.frozen_parameters},
          {"init_from", std::move(start)}};
}

Json dataset_json(const RunStatus::Dataset& dataset) {
  return {{"hash", dataset.hash},
          {"classes", dataset.classes},
          {"training_songs", dataset.training_songs},
          {"validation_songs", dataset.validation_songs},
          {"training_counts", dataset.training_counts},
          {"training_segments", dataset.training_segments},
          {"left_out", dataset.left_out},
          {"without_target", dataset.without_target},
          {"near_duplicates", dataset.near_duplicates}};
}

Json best_json(const RunStatus::Best& best) {
  Json json = to_json(best.scores);
  if (best.calibration.songs > 0) json["calibration"] = to_json(best.calibration);
  json["iteration"] = best.iteration;
  return json;
}

/// Leaves the value alone where the key is missing or null.
template <class Value>
void take(const Json& json, const char* key, Value& value) {
  const auto found = json.find(key);
  if (found != json.end() && !found->is_null()) found->get_to(value);
}
template <class Value>
void take(const Json& json, const char* key, std::optional<Value>& value) {
  const auto found = json.find(key);
  if (found != json.end() && !found->is_null()) value = found->get<Value>();
}

/// Where an entry is, it is read by `read`.
template <class Entry, class Read>
void take_entry(const Json& json, const char* key, std::optional<Entry>& entry, const Read& read) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_object()) return;
  entry = Entry{};
  read(*found, *entry);
}

void read_network(const Json& json, RunStatus::Network& network) {
  take(json, "name", network.name);
  take(json, "parameters", network.parameters);
  take(json, "frozen_parameters", network.frozen_parameters);
  const Json start = json.value("init_from", Json());
  if (!start.is_object()) return;
  take(start, "file", network.init_file);
  take(start, "hash", network.init_hash);
}

void read_dataset(const Json& json, RunStatus::Dataset& dataset) {
  take(json, "hash", dataset.hash);
  take(json, "classes", dataset.classes);
  take(json, "training_songs", dataset.training_songs);
  take(json, "validation_songs", dataset.validation_songs);
  take(json, "training_counts", dataset.training_counts);
  take(json, "training_segments", dataset.training_segments);
  take(json, "left_out", dataset.left_out);
  take(json, "without_target", dataset.without_target);
  take(json, "near_duplicates", dataset.near_duplicates);
}

void read_best(const Json& json, RunStatus::Best& best) {
  best.scores = {number_or_nan(json, "loss"),     number_or_nan(json, "accuracy"),
                 number_or_nan(json, "macro_f1"), number_or_nan(json, "concordance"),
                 number_or_nan(json, "roc_auc"),  number_or_nan(json, "pr_auc")};
  take(json, "iteration", best.iteration);
  const Json fitted = json.value("calibration", Json());
  if (!fitted.is_object()) return;
  take(fitted, "temperature", best.calibration.temperature);
  take(fitted, "songs", best.calibration.songs);
  best.calibration.nll_before = number_or_nan(fitted, "nll_before");
  best.calibration.nll_after = number_or_nan(fitted, "nll_after");
  take(fitted, "fitted_on", best.calibration.fitted_on);
}

RunStatus read_status(const Json& json) {
  RunStatus status;
  take(json, "status", status.status);
  take(json, "command", status.command);
  take(json, "mer_version", status.mer_version);
  take(json, "commit", status.commit);
  take(json, "started", status.started);
  take(json, "ended", status.ended);
  take(json, "iterations", status.iterations);
  take_entry(json, "network", status.network, read_network);
  take_entry(json, "system", status.system, [](const Json& entry, RunStatus::System& system) {
    take(entry, "name", system.name);
    take(entry, "inputs", system.inputs);
    take(entry, "columns", system.columns);
  });
  take(json, "device", status.device);
  take(json, "threads", status.threads);
  take_entry(json, "seeds", status.seeds, [](const Json& entry, RunStatus::Seeds& seeds) {
    take(entry, "train", seeds.train);
    take(entry, "split", seeds.split);
  });
  take_entry(json, "dataset", status.dataset, read_dataset);
  take(json, "recipe_fingerprint", status.recipe_fingerprint);
  take(json, "iterations_planned", status.iterations_planned);
  take(json, "processes", status.processes);
  take(json, "replicas", status.replicas);
  if (json.contains("chosen")) status.chosen = json_text(json["chosen"]);
  take_entry(json, "best", status.best, read_best);
  status.train_loss_as_printed = number_or_nan(json, "train_loss_as_printed");
  status.segments_per_second = number_or_nan(json, "segments_per_second");
  status.validation_segments_per_second = number_or_nan(json, "validation_segments_per_second");
  take(json, "resumed", status.resumed);
  take(json, "error", status.error);
  return status;
}

}  // namespace

RunStatus RunStatus::of_start(const std::string& command_line) {
  RunStatus status;
  status.status = "running";
  status.command = command_line;
  status.mer_version = kVersion;
  status.commit = source_commit();
  status.started = utc_now();
  status.iterations = 0;
  return status;
}

void RunStatus::end_as(const std::string& word) {
  status = word;
  ended = utc_now();
}

std::string RunStatus::to_json() const {
  Json json = {{"status", status},           {"command", command},
               {"mer_version", mer_version}, {"commit", commit},
               {"started", started},         {"ended", ended.empty() ? Json() : Json(ended)}};
  const auto put = [&](const char* key, const auto& value) {
    if (value) json[key] = *value;
  };
  const auto put_text = [&](const char* key, const std::string& text) {
    if (!text.empty()) json[key] = text;
  };
  const auto put_number = [&](const char* key, double number) {
    if (!std::isnan(number)) json[key] = number;
  };
  put("iterations", iterations);
  if (network) json["network"] = network_json(*network);
  if (system) {
    json["system"] = {
        {"name", system->name}, {"inputs", system->inputs}, {"columns", system->columns}};
  }
  put_text("device", device);
  put("threads", threads);
  if (seeds) json["seeds"] = {{"train", seeds->train}, {"split", seeds->split}};
  if (dataset) json["dataset"] = dataset_json(*dataset);
  put_text("recipe_fingerprint", recipe_fingerprint);
  put("iterations_planned", iterations_planned);
  put("processes", processes);
  put("replicas", replicas);
  if (!chosen.empty()) json["chosen"] = Json::parse(chosen);
  if (best) json["best"] = best_json(*best);
  put_number("train_loss_as_printed", train_loss_as_printed);
  put_number("segments_per_second", segments_per_second);
  put_number("validation_segments_per_second", validation_segments_per_second);
  if (!resumed.empty()) json["resumed"] = resumed;
  put_text("error", error);
  return json_text(json, 2) + "\n";
}

RunStatus RunStatus::read(const std::filesystem::path& file) {
  const Json json = read_json_file(file);
  try {
    return read_status(json);
  } catch (const Json::exception& error) {
    throw UsageError(file.string() + ": not the status of a run: " + error.what());
  }
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace mer
