#include "mer/metrics/scores.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include "mer/core/random.hpp"
#include "quantiles.hpp"

namespace mer {
namespace {

constexpr double kTail = 0.025;  // on each side of a 95 % interval

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Quantile of sorted values.
double quantile(const std::vector<double>& sorted, double probability) {
  const double position = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

void check_class(int value, int num_classes, const char* what) {
  if (value < 0 || value >= num_classes) {
    throw std::invalid_argument(std::string(what) + " class " + std::to_string(value) +
                                ", allowed: 0…" + std::to_string(num_classes - 1));
  }
}

/// The confusion cells (truth · classes + predicted) of each group's items.
std::vector<std::vector<Eigen::Index>> cells_by_group(std::span<const int> truth,
                                                      std::span<const int> predicted,
                                                      std::span<const int> groups,
                                                      int num_classes) {
  std::map<int, std::vector<Eigen::Index>> by_group;
  for (std::size_t item = 0; item < truth.size(); ++item) {
    by_group[groups[item]].push_back(truth[item] * num_classes + predicted[item]);
  }
  std::vector<std::vector<Eigen::Index>> cells;
  cells.reserve(by_group.size());
  for (auto& [group, items] : by_group) cells.push_back(std::move(items));
  return cells;
}

}  // namespace

Interval central_interval(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {quantile(values, kTail), quantile(values, 1.0 - kTail)};
}

ConfusionMatrix confusion_matrix(std::span<const int> truth, std::span<const int> predicted,
                                 int num_classes) {
  if (truth.size() != predicted.size()) {
    throw std::invalid_argument("confusion_matrix: " + std::to_string(truth.size()) +
                                " true classes but " + std::to_string(predicted.size()) +
                                " predicted ones");
  }
  ConfusionMatrix confusion = ConfusionMatrix::Zero(num_classes, num_classes);
  for (std::size_t item = 0; item < truth.size(); ++item) {
    check_class(truth[item], num_classes, "true");
    check_class(predicted[item], num_classes, "predicted");
    ++confusion(truth[item], predicted[item]);
  }
  return confusion;
}

Eigen::MatrixXd row_percent(const ConfusionMatrix& confusion) {
  Eigen::MatrixXd percent = Eigen::MatrixXd::Zero(confusion.rows(), confusion.cols());
  for (Eigen::Index row = 0; row < confusion.rows(); ++row) {
    const auto sum = static_cast<double>(confusion.row(row).sum());
    if (sum > 0.0) percent.row(row) = confusion.row(row).cast<double>() * (100.0 / sum);
  }
  return percent;
}

Scores scores(const ConfusionMatrix& confusion) {
  if (confusion.rows() != confusion.cols()) {
    throw std::invalid_argument("scores: the confusion matrix is " +
                                std::to_string(confusion.rows()) + " x " +
                                std::to_string(confusion.cols()) + ", it must be square");
  }
  Scores result;
  result.confusion = confusion;
  result.count = confusion.sum();
  result.accuracy = ratio(confusion.diagonal().sum(), result.count);

  int num_occurring = 0;
  for (Eigen::Index c = 0; c < confusion.rows(); ++c) {
    const std::int64_t hits = confusion(c, c);
    const std::int64_t predicted = confusion.col(c).sum();
    ClassScores of_class;
    of_class.support = confusion.row(c).sum();
    of_class.precision = ratio(hits, predicted);
    of_class.recall = ratio(hits, of_class.support);
    of_class.f1 = ratio(2 * hits, of_class.support + predicted);
    if (of_class.support + predicted > 0) {
      result.macro_f1 += of_class.f1;
      ++num_occurring;
    }
    result.per_class.push_back(of_class);
  }
  if (num_occurring > 0) result.macro_f1 /= num_occurring;
  return result;
}

Scores scores_with_intervals(std::span<const int> truth, std::span<const int> predicted,
                             std::span<const int> groups, int num_classes, std::uint64_t seed) {
  if (groups.size() != truth.size()) {
    throw std::invalid_argument("scores_with_intervals: " + std::to_string(truth.size()) +
                                " items but " + std::to_string(groups.size()) + " group numbers");
  }
  Scores result = scores(confusion_matrix(truth, predicted, num_classes));
  if (truth.empty()) return result;

  const auto cells = cells_by_group(truth, predicted, groups, num_classes);
  std::mt19937_64 rng(mix_seed({seed, seed_of("metrics.bootstrap")}));
  std::vector<double> accuracy;
  std::vector<double> macro_f1;
  ConfusionMatrix resampled(num_classes, num_classes);
  for (int resample = 0; resample < kResamples; ++resample) {
    resampled.setZero();
    for (std::size_t draw = 0; draw < cells.size(); ++draw) {
      for (const Eigen::Index cell : cells[uniform_index(rng, cells.size())]) {
        ++resampled.data()[cell];
      }
    }
    const Scores of_resample = scores(resampled);
    accuracy.push_back(of_resample.accuracy);
    macro_f1.push_back(of_resample.macro_f1);
  }
  result.accuracy_ci95 = central_interval(std::move(accuracy));
  result.macro_f1_ci95 = central_interval(std::move(macro_f1));
  return result;
}

int argmax(std::span<const double> probabilities) {
  if (probabilities.empty()) throw std::invalid_argument("argmax of no probabilities");
  return static_cast<int>(std::max_element(probabilities.begin(), probabilities.end()) -
                          probabilities.begin());
}

}  // namespace mer
