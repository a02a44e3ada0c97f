#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/metrics/calibration.hpp"
#include "trained_system.hpp"

namespace mer {

/// How the probabilities of several systems become one answer: one system's own, or the weighted
/// geometric mean of other such opinions at a temperature.
struct JoinedOpinion {
  std::size_t system = 0;  ///< without parts
  std::vector<JoinedOpinion> parts;
  std::vector<double> weights;  ///< parallel to parts
  double temperature = 1.0;     ///< of the parts together; a system's own is its own affair

  /// Of several opinions the mean, all weighing the same; one stays as it is.
  static JoinedOpinion of_all(std::vector<JoinedOpinion> parts);

  /// @param systems  what each of them says
  std::vector<double> from(const ProbabilityRows& systems) const;
};

/// Loads the systems of a model file and returns how they answer together.
/// @param add  takes each and returns its number among all systems
/// @throws UsageError naming the file and what is wrong with it
JoinedOpinion load_systems(const TensorFile& file, const std::string& device,
                           const std::function<std::size_t(std::unique_ptr<TrainedSystem>)>& add);

}  // namespace mer
