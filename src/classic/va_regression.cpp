#include "mer/config/classic/va_regression.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "inner_folds.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "ridge.hpp"
#include "systems.hpp"

namespace mer {
namespace {

using Points = Eigen::Matrix<double, Eigen::Dynamic, 2, Eigen::RowMajor>;

/// A regression that never errs on inner folds would make every answer certain.
constexpr double kSmallestDeviation = 1e-3;

/// Where each class lies in the plane.
/// @throws UsageError for a class that the options give no point
Points points_of(const VaRegressionOptions& options, const ClassNames& class_names) {
  Points points(static_cast<Eigen::Index>(class_names.size()), 2);
  for (std::size_t c = 0; c < class_names.size(); ++c) {
    const auto found = std::find(options.classes.begin(), options.classes.end(), class_names[c]);
    if (found == options.classes.end()) {
      throw UsageError(
          "va_regression: class '" + class_names[c] +
              "' has no place in the plane of valence and arousal; there are " +
              join(options.classes, ", "),
          "name it in classic.va_regression.classes, its place in valence and arousal");
    }
    const auto place = static_cast<std::size_t>(found - options.classes.begin());
    points.row(static_cast<Eigen::Index>(c)) << options.valence[place], options.arousal[place];
  }
  return points;
}

/// Without classes it answers its point of the plane alone. A point of the plane belongs to the
/// class whose point is nearest. The probabilities are those of equally frequent classes whose
/// songs scatter about their points as the regression errs on songs that it was not trained on: p ∝
/// exp(−d² / (2 s²)), s = deviation of that error in each direction.
class VaRegression : public TableClassifier {
 public:
  VaRegression(Ridge ridge, Points points, double deviation)
      : ridge_(std::move(ridge)), points_(std::move(points)), deviation_(deviation) {}

  TableAnswer answer(const Row& row) const override {
    const Eigen::RowVectorXd place = ridge_.predict(row.cast<double>());
    TableAnswer answer;
    answer.valence = place(0);
    answer.arousal = place(1);
    if (points_.rows() == 0) return answer;
    const Eigen::VectorXd distances = (points_.rowwise() - place).rowwise().squaredNorm();
    double sum = 0.0;
    for (const double distance : distances) {
      const double beyond_nearest = distance - distances.minCoeff();
      answer.probabilities.push_back(std::exp(-beyond_nearest / (2.0 * deviation_ * deviation_)));
      sum += answer.probabilities.back();
    }
    for (double& p : answer.probabilities) p /= sum;
    return answer;
  }

  void add_to(OwnedTensors& tensors) const override {
    const Points weights = ridge_.weights;  // row-major
    const auto flat = [](const Points& matrix) {
      return std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size()));
    };
    tensors.add("weights", {weights.rows(), 2}, flat(weights));
    tensors.add("intercept", std::vector<double>{ridge_.intercept(0), ridge_.intercept(1)});
    tensors.add("points", {points_.rows(), 2}, flat(points_));
    tensors.add("deviation", std::vector<double>{deviation_});
  }

 private:
  Ridge ridge_;
  Points points_;  ///< [classes, 2]
  double deviation_;
};

/// Each row's valence and arousal: its own where they are known, else its class' point.
Points targets_of(const TrainingTable& table, const Points& points) {
  Points targets(table.num_rows(), 2);
  for (Eigen::Index row = 0; row < table.num_rows(); ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (table.valence.empty()) {
      targets.row(row) = points.row(table.classes[at]);
    } else {
      targets.row(row) << table.valence[at], table.arousal[at];
    }
  }
  return targets;
}

/// Sum of squared errors in both directions, out of fold.
double squared_error(const Eigen::MatrixXd& inputs, const Points& targets, const InnerFolds& folds,
                     double alpha, const TrainingControl& control) {
  double sum = 0.0;
  for (int fold = 0; fold < folds.count(); ++fold) {
    control.check();
    const auto training = folds.rows_outside(fold);
    const Ridge ridge =
        Ridge::fit(inputs(training, Eigen::all), targets(training, Eigen::all), alpha);
    for (const Eigen::Index row : folds.rows_in(fold)) {
      sum += (ridge.predict(inputs.row(row)) - targets.row(row)).squaredNorm();
    }
  }
  return sum;
}

TrainedClassifier train_va_regression(const ModelOptions& system, const ClassicOptions& options,
                                      const TrainingTable& table, const TrainingControl& control) {
  const auto own = system.as<VaRegressionOptions>();
  const Points points = points_of(own, table.class_names);
  const Points targets = targets_of(table, points);
  const Eigen::MatrixXd inputs = table.inputs.cast<double>();
  const InnerFolds folds(table, options.inner_folds, control.seed);
  double best_alpha = 0.0;
  double least = std::numeric_limits<double>::infinity();
  for (const double alpha : own.alpha) {
    const double error = squared_error(inputs, targets, folds, alpha, control);
    if (error >= least) continue;
    least = error;
    best_alpha = alpha;
  }
  const double deviation =
      std::max(kSmallestDeviation, std::sqrt(least / (2.0 * static_cast<double>(inputs.rows()))));
  TrainedClassifier trained;
  trained.classifier =
      std::make_unique<VaRegression>(Ridge::fit(inputs, targets, best_alpha), points, deviation);
  trained.chosen["alpha"] = best_alpha;
  trained.chosen["inner_rmse"] = deviation;
  return trained;
}

std::unique_ptr<TableClassifier> load_va_regression(const ModelOptions&,
                                                    const StoredTensors& tensors, int num_columns,
                                                    const ClassNames& class_names) {
  const auto num_classes = static_cast<std::int64_t>(class_names.size());
  const std::vector<double> weights = tensors.doubles("weights", {num_columns, 2});
  const std::vector<double> intercept = tensors.doubles("intercept", {2});
  const std::vector<double> points = tensors.doubles("points", {num_classes, 2});
  const double deviation = tensors.doubles("deviation", {1}).front();
  if (deviation <= 0.0) tensors.refuse("its 'deviation' is not above 0");
  Ridge ridge;
  ridge.weights = Eigen::Map<const Points>(weights.data(), num_columns, 2);
  ridge.intercept = Eigen::Map<const Eigen::RowVector2d>(intercept.data());
  return std::make_unique<VaRegression>(
      std::move(ridge), Eigen::Map<const Points>(points.data(), num_classes, 2), deviation);
}

}  // namespace

void add_va_regression(ClassicTable& table) {
  table.add(VaRegressionOptions::kName, {train_va_regression, load_va_regression});
}

}  // namespace mer
