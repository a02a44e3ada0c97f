#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/metrics/ensemble.hpp"
#include "mer/runs/model_card.hpp"

namespace mer {

/// How models answer together; of a lone one the temperature at which it answers.
struct FittedEnsemble {
  std::vector<double> weights;  ///< parallel to the models
  ModelCard::FittedTemperature calibration;
};

/// The weights and the temperature that fit_ensemble() finds on songs that no model has learned.
/// @param predictions  the models' own; a lone model's are taken back to temperature 1
/// @param fitted_on    in words, for the card
FittedEnsemble fit_on_songs(const std::vector<std::filesystem::path>& models,
                            std::vector<LabelledProbabilities> predictions,
                            const std::string& fitted_on);

/// The same on what cross-validations, parallel to the models, said of their test songs: systems
/// that were trained as the models were. Several models are weighed as they answer, each at its own
/// temperature; a lone one gets another.
/// @throws UsageError when a folder is no cross-validation
FittedEnsemble fit_on_folds(const std::vector<std::filesystem::path>& models,
                            const std::vector<std::filesystem::path>& cross_validations);

/// Several models with equal weights; a lone one at the temperature that it has.
FittedEnsemble ensemble_of_equals(const std::vector<std::filesystem::path>& models);

/// Writes the models as one file that answers as they do together.
void write_ensemble_file(const std::filesystem::path& file,
                         const std::vector<std::filesystem::path>& models,
                         const FittedEnsemble& ensemble);

}  // namespace mer
