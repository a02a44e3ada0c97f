#include "mer/classic/table_classifier.hpp"

#include <functional>
#include <map>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "systems.hpp"

namespace mer {
namespace {

struct System {
  std::function<TrainedClassifier(const ClassicOptions&, const TrainingTable&,
                                  const TrainingControl&)>
      train;
  std::function<std::unique_ptr<TableClassifier>(const ClassicOptions&, const StoredTensors&, int,
                                                 const ClassNames&)>
      load;
};

const System& find_system(const std::string& name) {
  static const std::map<std::string, System> kSystems = {
      {"svm", {train_svm, load_svm}},
      {"knn", {train_knn, load_knn}},
      {"decision_tree", {train_decision_tree, load_trees}},
      {"random_forest", {train_random_forest, load_trees}},
      {"mlp", {train_mlp, load_mlp}},
      {"va_regression", {train_va_regression, load_va_regression}},
  };
  const auto found = kSystems.find(name);
  if (found == kSystems.end()) throw std::invalid_argument("no classical system '" + name + "'");
  return found->second;
}

}  // namespace

void TrainingControl::check() const {
  if (stop && stop()) throw Interrupted("the training of a classical system was interrupted");
}

TrainingTable TrainingTable::subset(const std::vector<Eigen::Index>& rows) const {
  TrainingTable part;
  part.class_names = class_names;
  part.inputs.resize(static_cast<Eigen::Index>(rows.size()), inputs.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    part.inputs.row(static_cast<Eigen::Index>(i)) = inputs.row(rows[i]);
    part.classes.push_back(classes[row]);
    part.groups.push_back(groups[row]);
    if (valence.empty()) continue;
    part.valence.push_back(valence[row]);
    part.arousal.push_back(arousal[row]);
  }
  return part;
}

TrainedClassifier train_classifier(const std::string& name, const ClassicOptions& options,
                                   const TrainingTable& table, const TrainingControl& control) {
  return find_system(name).train(options, table, control);
}

std::unique_ptr<TableClassifier> load_classifier(const std::string& name,
                                                 const ClassicOptions& options,
                                                 const StoredTensors& tensors, int num_columns,
                                                 const std::vector<std::string>& class_names) {
  return find_system(name).load(options, tensors, num_columns, class_names);
}

}  // namespace mer
