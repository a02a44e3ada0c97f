#pragma once

#include "mer/classic/table_classifier.hpp"

// The systems of the registry: each trains a table and loads what it has stored.

namespace mer {

using ClassNames = std::vector<std::string>;

TrainedClassifier train_svm(const ClassicOptions& options, const TrainingTable& table,
                            const TrainingControl& control);
std::unique_ptr<TableClassifier> load_svm(const ClassicOptions& options,
                                          const StoredTensors& tensors, int num_columns,
                                          const ClassNames& classes);

TrainedClassifier train_knn(const ClassicOptions& options, const TrainingTable& table,
                            const TrainingControl& control);
std::unique_ptr<TableClassifier> load_knn(const ClassicOptions& options,
                                          const StoredTensors& tensors, int num_columns,
                                          const ClassNames& classes);

TrainedClassifier train_decision_tree(const ClassicOptions& options, const TrainingTable& table,
                                      const TrainingControl& control);
TrainedClassifier train_random_forest(const ClassicOptions& options, const TrainingTable& table,
                                      const TrainingControl& control);
/// Of both: a tree is a forest of one.
std::unique_ptr<TableClassifier> load_trees(const ClassicOptions& options,
                                            const StoredTensors& tensors, int num_columns,
                                            const ClassNames& classes);

TrainedClassifier train_mlp(const ClassicOptions& options, const TrainingTable& table,
                            const TrainingControl& control);
std::unique_ptr<TableClassifier> load_mlp(const ClassicOptions& options,
                                          const StoredTensors& tensors, int num_columns,
                                          const ClassNames& classes);

TrainedClassifier train_va_regression(const ClassicOptions& options, const TrainingTable& table,
                                      const TrainingControl& control);
std::unique_ptr<TableClassifier> load_va_regression(const ClassicOptions& options,
                                                    const StoredTensors& tensors, int num_columns,
                                                    const ClassNames& classes);

}  // namespace mer
