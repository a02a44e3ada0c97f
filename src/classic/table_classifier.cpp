#include "mer/classic/table_classifier.hpp"

#include "mer/core/error.hpp"
#include "systems.hpp"

namespace mer {
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

ClassicTable builtin_classic_systems() {
  ClassicTable table;
  add_svm(table);
  add_knn(table);
  add_decision_tree(table);
  add_random_forest(table);
  add_mlp(table);
  add_va_regression(table);
  return table;
}

TrainedClassifier train_classifier(const ModelOptions& system, const ClassicOptions& options,
                                   const TrainingTable& table, const TrainingControl& control,
                                   const ClassicTable& systems) {
  const ClassicBody& body = systems.at(system.name, "classical system '" + system.name + "'");
  return body.train(system, options, table, control);
}

std::unique_ptr<TableClassifier> load_classifier(const ModelOptions& system,
                                                 const StoredTensors& tensors, int num_columns,
                                                 const std::vector<std::string>& class_names,
                                                 const ClassicTable& systems) {
  const ClassicBody& body = systems.at(system.name, "classical system '" + system.name + "'");
  return body.load(system, tensors, num_columns, class_names);
}

}  // namespace mer
