#include "checkpoint.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/nn/model_file.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kStateFormat = "mer-state";

Json to_json(const Progression& progression) {
  const Progression::Sums& sums = progression.since_row;
  return {{"iteration", progression.iteration},
          {"seconds", progression.seconds},
          {"best_score",
           std::isnan(progression.best_score) ? Json(nullptr) : Json(progression.best_score)},
          {"best_iteration", progression.best_iteration},
          {"evaluations_without_progress", progression.evaluations_without_progress},
          {"since_row",
           {{"steps", sums.steps},
            {"loss", sums.loss},
            {"softmax", sums.softmax},
            {"center", sums.center},
            {"as_printed", sums.as_printed},
            {"values", sums.values},
            {"tags", sums.tags},
            {"right", sums.right},
            {"rows", sums.rows},
            {"seconds", sums.seconds}}}};
}

Progression progression_of(const Json& json) {
  Progression progression;
  progression.iteration = json.at("iteration").get<std::int64_t>();
  progression.seconds = json.at("seconds").get<double>();
  if (!json.at("best_score").is_null()) {
    progression.best_score = json.at("best_score").get<double>();
  }
  progression.best_iteration = json.at("best_iteration").get<std::int64_t>();
  progression.evaluations_without_progress =
      json.at("evaluations_without_progress").get<std::int64_t>();
  const Json& sums = json.at("since_row");
  progression.since_row = {sums.at("steps").get<std::int64_t>(), sums.at("loss").get<double>(),
                           sums.at("softmax").get<double>(),     sums.at("center").get<double>(),
                           sums.at("as_printed").get<double>(),  sums.at("values").get<double>(),
                           sums.at("tags").get<double>(),        sums.at("right").get<double>(),
                           sums.at("rows").get<double>(),        sums.at("seconds").get<double>()};
  return progression;
}

}  // namespace

void write_model_file(const std::filesystem::path& file, const Network& network,
                      const torch::nn::Module& loss, const Standardization& standardization,
                      const ModelCard& card) {
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(network, kNetworkPrefix, tensors, keep_alive);
  add_module_to(loss, kLossPrefix, tensors, keep_alive);
  standardization.add_to(tensors);
  write_tensor_file(file, tensors, card.to_metadata());
}

void write_state_file(const std::filesystem::path& file, const Network& network,
                      const torch::nn::Module& loss, const Standardization& standardization,
                      const AdamW& optimizer, const Progression& progression) {
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(network, kNetworkPrefix, tensors, keep_alive);
  add_module_to(loss, kLossPrefix, tensors, keep_alive);
  standardization.add_to(tensors);
  optimizer.add_to(tensors, keep_alive);
  write_tensor_file(file, tensors,
                    {{"format", kStateFormat},
                     {"optimizer_steps", std::to_string(optimizer.num_steps())},
                     {"progression", to_json(progression).dump()}});
}

Progression read_state_file(const TensorFile& file, Network& network, torch::nn::Module& loss,
                            AdamW& optimizer) {
  const TensorMetadata& metadata = file.metadata();
  const auto format = metadata.find("format");
  if (format == metadata.end() || format->second != kStateFormat) {
    throw UsageError(file.path().string() + ": not the state of a run");
  }
  load_module_from(network, kNetworkPrefix, file);
  load_module_from(loss, kLossPrefix, file);
  try {
    optimizer.load(file, Json::parse(metadata.at("optimizer_steps")).get<std::int64_t>());
    return progression_of(Json::parse(metadata.at("progression")));
  } catch (const std::out_of_range&) {
    throw UsageError(file.path().string() + ": not the whole state of a run");
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(file.path().string() + ": not the state of a run: " + error.what());
  }
}

}  // namespace mer
