#pragma once

#include "mer/classic/table_classifier.hpp"

namespace mer {

using ClassNames = std::vector<std::string>;

// Each puts a system into a table: trees.cpp the two of trees, all others the file of the name.
void add_decision_tree(ClassicTable& table);
void add_knn(ClassicTable& table);
void add_mlp(ClassicTable& table);
void add_random_forest(ClassicTable& table);
void add_svm(ClassicTable& table);
void add_va_regression(ClassicTable& table);

}  // namespace mer
