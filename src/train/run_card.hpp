#pragma once

#include <array>
#include <filesystem>
#include <vector>

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
  std::vector<double> tag_thresholds;  ///< parallel to PreparedData::tags
};

/// What a system answers for songs, a row each.
struct SongAnswers {
  ProbabilityRows classes;                    ///< mean over segments; rows empty without classes
  std::vector<std::array<double, 2>> values;  ///< valence, arousal; empty without that task
  ProbabilityRows tags;                       ///< rows empty without tags
};

/// Scores each task on the songs whose target is known, fits the temperature of class probabilities
/// with at least 20 songs (fewer say little, and may all be right, which asks for answers as sharp
/// as can be), and the tags' thresholds.
/// @param answers  of the validation songs
/// @param loss     of their segments
Validated validate_songs(const SongAnswers& answers, const std::vector<RunSong>& songs,
                         double loss);

}  // namespace mer
