#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mer/classic/table_classifier.hpp"

namespace mer {

/// A division of a table's rows for choosing among options: by group, with rows of every class in
/// every fold.
class InnerFolds {
 public:
  /// @param wanted  folds; fewer are made where a class has fewer groups
  /// @throws UsageError when not even two folds can be made
  InnerFolds(const TrainingTable& table, int wanted, std::uint64_t seed);

  int count() const { return count_; }
  std::vector<Eigen::Index> rows_in(int fold) const;
  std::vector<Eigen::Index> rows_outside(int fold) const;

 private:
  std::vector<int> fold_of_;  ///< of each row
  int count_ = 0;
};

/// The number of rows that the classifier gives its most likely class.
double count_right(const TableClassifier& classifier, const TrainingTable& table,
                   const std::vector<Eigen::Index>& rows);

/// Which of several candidates has the highest score, summed over folds; the first of equals.
/// Nothing is scored when there is only one.
/// @param score  (candidate, rows to train on, rows to score)
std::size_t choose(std::size_t num_candidates, const TrainingTable& table, int num_folds,
                   const TrainingControl& control,
                   const std::function<double(std::size_t, const std::vector<Eigen::Index>&,
                                              const std::vector<Eigen::Index>&)>& score);

}  // namespace mer
