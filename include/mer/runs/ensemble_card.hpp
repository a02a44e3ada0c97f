#pragma once

#include <cstddef>
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
/// (the temperature of the joined probabilities).
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

}  // namespace mer
