#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "mer/predict/predictor.hpp"

namespace mer::app {

/// All that models' embeddings are made from: bundled weights, and the vectors and exported
/// networks that --embeddings names; without it those that the models' runs have learned from.
WeightFiles embedding_sources(const std::vector<FoundModel>& models,
                              const std::vector<std::filesystem::path>& embeddings);

/// @param embeddings  as the user gave them
/// @throws UsageError also when they change nothing
Predictor load_predictor(const std::vector<std::filesystem::path>& model_files,
                         const std::string& device, const WeightFiles& sources,
                         const std::vector<std::filesystem::path>& embeddings);

}  // namespace mer::app
