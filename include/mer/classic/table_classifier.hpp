#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mer/classic/stored_tensors.hpp"
#include "mer/config/classic_options.hpp"
#include "mer/core/named_table.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// What a classical system learns from: a row of statistics a song or a segment.
struct TrainingTable {
  RowMatrixXf inputs;                    ///< [rows, columns], standardized
  std::vector<int> classes;              ///< of each row
  std::vector<std::string> groups;       ///< of each row; a group is on one side of an inner fold
  std::vector<std::string> class_names;  ///< the same order as the answers' probabilities
  std::vector<double> valence, arousal;  ///< of each row; both empty = not known

  Eigen::Index num_rows() const { return inputs.rows(); }
  int num_classes() const { return static_cast<int>(class_names.size()); }
  /// Some of the rows.
  TrainingTable subset(const std::vector<Eigen::Index>& rows) const;
};

struct TableAnswer {
  std::vector<double> probabilities;                          ///< of each class; sum 1
  double valence = std::numeric_limits<double>::quiet_NaN();  ///< NaN unless it is what it predicts
  double arousal = std::numeric_limits<double>::quiet_NaN();
};

/// A trained classical system. The same row gets the same answer on every thread.
class TableClassifier {
 public:
  using Row = Eigen::Ref<const Eigen::RowVectorXf>;

  virtual ~TableClassifier() = default;
  virtual TableAnswer answer(const Row& row) const = 0;
  virtual void add_to(OwnedTensors& tensors) const = 0;
};

/// What a training is told beside its options and its table.
struct TrainingControl {
  std::uint64_t seed = 0;
  std::function<bool()> stop = {};  ///< asked now and then; true = give up

  /// @throws Interrupted when asked to stop
  void check() const;
};

/// A new classifier and what was chosen on inner folds on the way, e.g. {"c": 3, "gamma": 0.3}.
struct TrainedClassifier {
  std::unique_ptr<TableClassifier> classifier;
  nlohmann::ordered_json chosen = nlohmann::ordered_json::object();
};

/// What trains a classical system and reads back what TableClassifier::add_to() wrote.
struct ClassicBody {
  std::function<TrainedClassifier(const ModelOptions& system, const ClassicOptions& options,
                                  const TrainingTable& table, const TrainingControl& control)>
      train;
  std::function<std::unique_ptr<TableClassifier>(const ModelOptions& system,
                                                 const StoredTensors& tensors, int num_columns,
                                                 const std::vector<std::string>& class_names)>
      load;
};

/// The classical systems, by `model.name`.
using ClassicTable = NamedTable<ClassicBody>;
ClassicTable builtin_classic_systems();

/// Trains the system that `system` names; the same table, options and seed give the same
/// classifier.
/// @throws UsageError when the options don't fit the table, e.g. more neighbors than rows
/// @throws Interrupted when asked to stop
TrainedClassifier train_classifier(const ModelOptions& system, const ClassicOptions& options,
                                   const TrainingTable& table, const TrainingControl& control,
                                   const ClassicTable& systems = builtin_classic_systems());

/// @throws UsageError for anything that add_to() doesn't write
std::unique_ptr<TableClassifier> load_classifier(
    const ModelOptions& system, const StoredTensors& tensors, int num_columns,
    const std::vector<std::string>& class_names,
    const ClassicTable& systems = builtin_classic_systems());

}  // namespace mer
