#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mer {

/// Counts; rows = truth, columns = prediction.
using ConfusionMatrix =
    Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// @throws std::invalid_argument when sizes differ or a class is out of range
ConfusionMatrix confusion_matrix(std::span<const int> truth, std::span<const int> predicted,
                                 int num_classes);

/// Each row as a share of its sum in per cent; a row without songs is 0.
Eigen::MatrixXd row_percent(const ConfusionMatrix& confusion);

struct ClassScores {
  double precision = 0.0;  ///< 0 when the class is never predicted
  double recall = 0.0;     ///< 0 when the class never occurs
  double f1 = 0.0;
  std::int64_t support = 0;
};

using Interval = std::array<double, 2>;

struct Scores {
  std::int64_t count = 0;
  double accuracy = 0.0;
  double macro_f1 = 0.0;  ///< mean F1 over classes that occur in truth or prediction
  Interval accuracy_ci95 = {0.0, 0.0};
  Interval macro_f1_ci95 = {0.0, 0.0};
  std::vector<ClassScores> per_class;
  ConfusionMatrix confusion;
};

/// Point estimates only.
Scores scores(const ConfusionMatrix& confusion);

/// With 95 % percentile-bootstrap intervals that resample whole groups (2000 resamples, seeded).
/// @param groups  a group number per item; items of one group come and go together
Scores scores_with_intervals(std::span<const int> truth, std::span<const int> predicted,
                             std::span<const int> groups, int num_classes, std::uint64_t seed);

/// The class with the largest probability; the first of equals.
int argmax(std::span<const double> probabilities);

}  // namespace mer
