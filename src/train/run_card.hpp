#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "mer/model/model_card.hpp"
#include "mer/train/run_config.hpp"
#include "run_data.hpp"

namespace mer {

/// What stands in the card of every model file of a run, whatever the system.
ModelCard start_card(const RunConfig& config, const PreparedData& data,
                     const std::filesystem::path& run_folder);

/// What run.json says about the songs and seeds of every run.
nlohmann::ordered_json describe_data(const RunConfig& config, const PreparedData& data);

/// Null where there were no validation songs.
nlohmann::ordered_json scores_json(const ModelCard::Validation& scores);

}  // namespace mer
