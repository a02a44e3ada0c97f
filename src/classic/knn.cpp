#include "mer/config/classic/knn.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "inner_folds.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "systems.hpp"

namespace mer {
namespace {

/// The k nearest rows (Euclidean; of equally near ones the earlier) vote with one voice each, and
/// the training rows' shares of classes with one more in all, so that nothing is impossible:
/// p = (votes + share) / (k + 1).
class Knn : public TableClassifier {
 public:
  Knn(RowMatrixXf rows, std::vector<int> classes, int num_classes, std::size_t neighbors)
      : rows_(std::move(rows)),
        classes_(std::move(classes)),
        shares_(static_cast<std::size_t>(num_classes), 0.0),
        neighbors_(std::min(neighbors, classes_.size())) {
    for (const int c : classes_) {
      shares_[static_cast<std::size_t>(c)] += 1.0 / static_cast<double>(classes_.size());
    }
  }

  TableAnswer answer(const Row& row) const override {
    const Eigen::VectorXf distances = (rows_.rowwise() - row).rowwise().squaredNorm();
    std::vector<Eigen::Index> order(classes_.size());
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(neighbors_);
    std::partial_sort(order.begin(), last, order.end(), [&](Eigen::Index a, Eigen::Index b) {
      return distances(a) != distances(b) ? distances(a) < distances(b) : a < b;
    });
    TableAnswer answer;
    answer.probabilities = shares_;
    for (auto neighbor = order.begin(); neighbor != last; ++neighbor) {
      const int c = classes_[static_cast<std::size_t>(*neighbor)];
      answer.probabilities[static_cast<std::size_t>(c)] += 1.0;
    }
    for (double& p : answer.probabilities) p /= static_cast<double>(neighbors_) + 1.0;
    return answer;
  }

  void add_to(OwnedTensors& tensors) const override {
    const std::span<const float> values(rows_.data(), static_cast<std::size_t>(rows_.size()));
    tensors.add("rows", {rows_.rows(), rows_.cols()}, values);
    tensors.add("classes", std::vector<std::int64_t>(classes_.begin(), classes_.end()));
    tensors.add("neighbors", std::vector<std::int64_t>{static_cast<std::int64_t>(neighbors_)});
  }

 private:
  RowMatrixXf rows_;
  std::vector<int> classes_;
  std::vector<double> shares_;  ///< of each class among the rows
  std::size_t neighbors_;
};

std::unique_ptr<Knn> make_knn(const TrainingTable& table, double neighbors) {
  return std::make_unique<Knn>(table.inputs, table.classes, table.num_classes(),
                               static_cast<std::size_t>(neighbors));
}

TrainedClassifier train_knn(const ModelOptions& system, const ClassicOptions& options,
                            const TrainingTable& table, const TrainingControl& control) {
  std::vector<double> candidates;
  for (const double neighbors : system.as<KnnOptions>().neighbors) {
    if (neighbors <= static_cast<double>(table.num_rows())) candidates.push_back(neighbors);
  }
  if (candidates.empty()) {
    throw UsageError("knn: there are " + std::to_string(table.num_rows()) +
                         " rows to train with, fewer than neighbors that vote",
                     "give a smaller number in classic.knn.neighbors");
  }
  const std::size_t best =
      choose(candidates.size(), table, options.inner_folds, control,
             [&](std::size_t c, const auto& training, const auto& scored) {
               return count_right(*make_knn(table.subset(training), candidates[c]), table, scored);
             });
  TrainedClassifier trained;
  trained.classifier = make_knn(table, candidates[best]);
  trained.chosen["neighbors"] = candidates[best];
  return trained;
}

std::unique_ptr<TableClassifier> load_knn(const ModelOptions&, const StoredTensors& tensors,
                                          int num_columns, const ClassNames& class_names) {
  const std::vector<float> values = tensors.floats("rows", {-1, num_columns});
  const auto num_rows = static_cast<std::int64_t>(values.size()) / num_columns;
  if (num_rows < 1) tensors.refuse("it has no rows");
  const auto num_classes = static_cast<int>(class_names.size());
  const auto classes = tensors.integers("classes", {num_rows}, 0, num_classes - 1);
  const auto neighbors = tensors.integers("neighbors", {1}, 1, num_rows);
  std::vector<int> numbers;
  for (const std::int64_t c : classes) numbers.push_back(static_cast<int>(c));
  return std::make_unique<Knn>(Eigen::Map<const RowMatrixXf>(values.data(), num_rows, num_columns),
                               std::move(numbers), num_classes,
                               static_cast<std::size_t>(neighbors.front()));
}

}  // namespace

void add_knn(ClassicTable& table) { table.add(KnnOptions::kName, {train_knn, load_knn}); }

}  // namespace mer
