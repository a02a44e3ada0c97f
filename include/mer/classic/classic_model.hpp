#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mer/classic/classic_inputs.hpp"
#include "mer/classic/domain_shift.hpp"
#include "mer/classic/table_classifier.hpp"

namespace mer {

/// Rows of the training songs in the order in which they are learned: what stands beside
/// ClassicInputs::compute()'s rows.
struct ClassicTruth {
  std::vector<int> classes;
  std::vector<std::string> groups;
  std::vector<std::string> class_names;
  std::vector<int> parts;  ///< 0 = as songs are answered, i = their i-th part of cut_lengths_s
  std::vector<double> valence, arousal;  ///< both empty = not known
};

/// A trained classical system from songs to class probabilities: what it sees of them, the columns'
/// standardization, and a classifier for each branch (two with combine: score, whose answers are
/// weighted by mfcc_weight).
///
/// Columns are standardized over the training rows; one that doesn't vary there counts as 0
/// everywhere.
class ClassicModel {
 public:
  /// @param rows    [branches, columns] each, parallel to the truth
  /// @param weight  of the first of two branches
  /// @throws UsageError, Interrupted as train_classifier()
  static ClassicModel train(const ModelOptions& system, const ClassicOptions& options,
                            ClassicInputs inputs, const std::vector<RowMatrixXf>& rows,
                            const ClassicTruth& truth, double weight,
                            const TrainingControl& control);

  /// Reads back what add_to() wrote, the tensors `classic.*` and `standardization.*`.
  /// @throws UsageError for anything that add_to() doesn't write
  static ClassicModel load(const ModelOptions& system, const ClassicOptions& options,
                           const SongSources& sources, const TensorFile& file,
                           const std::vector<std::string>& class_names);

  const ClassicInputs& inputs() const { return inputs_; }
  /// What inner folds chose, a document a branch.
  const nlohmann::ordered_json& chosen() const { return chosen_; }

  /// @param rows  of ClassicInputs::compute()
  TableAnswer answer(const RowMatrixXf& rows) const;
  /// Whether adapt() can be asked: not where DomainShift::fit() found nothing.
  bool can_adapt() const;
  /// From here on answers are set against these songs' own mean and deviation, as far as they are
  /// of another kind than the training songs (DomainShift).
  /// @param songs  rows of each, DomainShift::kFewestSongs at least
  /// @return       its strength, the mean over branches
  /// @throws std::invalid_argument without can_adapt() or with fewer songs
  double adapt(const std::vector<std::vector<RowMatrixXf>>& songs);
  /// What the classifiers see of these rows before it is adapted: standardized, branch after
  /// branch.
  Eigen::VectorXd standardized(const RowMatrixXf& rows) const;
  OwnedTensors tensors() const;

 private:
  /// One branch's standardization and classifier.
  struct Branch {
    std::vector<float> mean, scale;  ///< scale 0 where nothing varies
    std::unique_ptr<TableClassifier> classifier;
    std::optional<DomainShift> shift;
    std::optional<Adaptation> adaptation;  ///< none = answers as it was trained

    void fit_standardization(const RowMatrixXf& rows);
    Eigen::RowVectorXf standardize(const TableClassifier::Row& row) const;
  };

  ClassicModel(ClassicInputs inputs, double weight) : inputs_(std::move(inputs)), weight_(weight) {}

  ClassicInputs inputs_;
  double weight_;
  std::vector<Branch> branches_;
  nlohmann::ordered_json chosen_ = nlohmann::ordered_json::array();
};

}  // namespace mer
