#pragma once

#include <filesystem>

#include "mer/config/run_config.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/runs/run_status.hpp"
#include "run_data.hpp"

namespace mer {

/// What stands in the card of every model file of a run, whatever the system.
ModelCard start_card(const RunConfig& config, const PreparedData& data,
                     const std::filesystem::path& run_folder);

/// What run.json says about the songs and seeds of every run.
void describe_data(const RunConfig& config, const PreparedData& data, RunStatus& status);

/// What a run finds out from its validation songs.
struct Validated {
  ModelCard::Validation scores;
  ModelCard::FittedTemperature calibration;
};

/// Scores songs by their class probabilities and fits the temperature of these, with at least 20
/// songs: fewer say little, and may all be right, which asks for answers as sharp as can be.
/// @param probabilities  of the validation songs, the mean over the segments of each
/// @param segment_loss   mean −ln p over the segments
Validated validate_songs(const ProbabilityRows& probabilities, const std::vector<RunSong>& songs,
                         double segment_loss);

}  // namespace mer
