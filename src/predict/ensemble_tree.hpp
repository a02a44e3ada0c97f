#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/metrics/ensemble.hpp"
#include "trained_system.hpp"

namespace mer {

/// How the probabilities of several systems become one answer: one system's own, or an ensemble's
/// whose members may be ensembles themselves.
struct EnsembleTree {
  std::size_t system = 0;  ///< without members
  std::vector<EnsembleTree> members;
  Ensemble ensemble;  ///< of the members; a system's own temperature is its own affair

  /// All weigh the same; one alone stays as it is.
  static EnsembleTree of_equals(std::vector<EnsembleTree> members);

  /// @param systems  what each of them says
  std::vector<double> answer(const ProbabilityRows& systems) const;
  /// How much each system counts.
  /// @param weights  one a system; gets added to
  /// @param own      what the tree counts
  void add_weights(std::vector<double>& weights, double own = 1.0) const;
};

/// Loads the systems of a model file and returns how they answer together.
/// @param add  takes each and returns its number among all systems
/// @throws UsageError naming the file and what is wrong with it
EnsembleTree load_systems(const TensorFile& file, const std::string& device,
                          const std::function<std::size_t(std::unique_ptr<TrainedSystem>)>& add);

}  // namespace mer
