#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/predict/evaluation.hpp"
#include "mer/runs/model_card.hpp"

namespace mer {

/// How models answer together: the weighted geometric mean of their probabilities, at a
/// temperature. Of one model only its temperature.
struct Joint {
  std::vector<double> weights;  ///< parallel to the models, sum 1
  ModelCard::FittedTemperature calibration;

  static Joint with_equal_weights(std::size_t num_models);
};

/// The systems in a model file, in order: itself, or those that it joins, and theirs.
/// @throws UsageError naming the file and what is wrong with it
std::vector<TensorFile> systems_in(const TensorFile& file);

/// The temperature at which a model file answers, joined ones included.
ModelCard::FittedTemperature calibration_of(const TensorFile& file);

/// Writes models as one file (EnsembleCard) that answers as they do together; of one model, a copy
/// with another temperature.
/// @throws UsageError naming the classes that disagree
void write_joint_model(const std::filesystem::path& file, const std::vector<TensorFile>& models,
                       const Joint& joint);

/// Songs' probabilities beside their truth, to fit on.
struct LabelledProbabilities {
  std::vector<std::string> ids;
  std::vector<int> truth;
  ProbabilityRows probabilities;

  void append(const LabelledProbabilities& others);
  /// with_temperature() of every song; 1/T undoes what T did.
  void apply_temperature(double temperature);
};

LabelledProbabilities predictions_of(const Evaluation& evaluation);
/// Reads back a predictions.csv of write_evaluation().
/// @throws UsageError naming the file when it isn't one, or is of other classes
LabelledProbabilities read_predictions(const std::filesystem::path& file,
                                       const std::vector<std::string>& classes);

/// The weights of several models and the temperature of what they say together, fit_weights() and
/// then fit_temperature(), on songs that none of them was trained on.
/// @param models     predictions of the same songs, in any order
/// @param fitted_on  in words, for the card
/// @throws UsageError with fewer than 20 songs, or when the models' songs are not the same
Joint fit_joint(const std::vector<LabelledProbabilities>& models, const std::string& fitted_on);

}  // namespace mer
