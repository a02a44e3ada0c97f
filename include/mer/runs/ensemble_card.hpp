#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/runs/model_card.hpp"

namespace mer {

/// What stands in a file that holds several models which answer together. Free of LibTorch.
///
/// The tensors of member i (from 1) are named `member-i.…`, its card is the metadata's entry
/// `member-i` (a JSON object of texts); a member may itself be such a file. Beside them stand
/// `classes`, `weights` (of the members' log-probabilities) and, where it was fitted, `calibration`
/// (the temperature of what they say together).
struct EnsembleCard {
  static constexpr int kSchema = 1;

  std::string mer_version;
  std::vector<std::string> classes;
  std::vector<double> weights;  ///< at least 0, sum 1
  ModelCard::FittedTemperature calibration;
  std::vector<TensorMetadata> members;  ///< parallel to weights, at least two

  TensorMetadata to_metadata() const;

  static bool is_in(const TensorFile& file);
  /// @throws UsageError naming the file and what is wrong with it
  static EnsembleCard read(const TensorFile& file);
};

/// `member-1` for 0.
std::string member_name(std::size_t index);

/// The systems in a model file, in order: itself, or an ensemble's members, and theirs.
/// @throws UsageError naming the file and what is wrong with it
std::vector<TensorFile> systems_in(const TensorFile& file);

/// The temperature at which a model file answers, an ensemble included.
ModelCard::FittedTemperature calibration_of(const TensorFile& file);

/// Writes models as one file that answers as they do together; of one model, a copy with another
/// temperature.
/// @param weights  of their log-probabilities (Ensemble), parallel to the models
/// @throws UsageError naming the classes that disagree
void write_ensemble(const std::filesystem::path& file, const std::vector<TensorFile>& models,
                    const std::vector<double>& weights,
                    const ModelCard::FittedTemperature& calibration);

}  // namespace mer
