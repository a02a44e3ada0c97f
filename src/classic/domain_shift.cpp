#include "mer/classic/domain_shift.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "inner_folds.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using Rows = std::vector<Eigen::Index>;

constexpr const char* kPlane = "shift.plane";
constexpr const char* kLimit = "shift.limit";
// Of columns with variance 1: less is no shift to speak of.
constexpr double kSmallestLimit = 0.01;
constexpr double kLeastDeviation = 1e-6;

/// Mean and variance of songs, each of which has the weight 1.
struct Moments {
  Eigen::VectorXd mean, variance;
  double num_songs = 0.0;

  Moments(const RowMatrixXf& rows, const std::vector<double>& weights)
      : mean(Eigen::VectorXd::Zero(rows.cols())),
        variance(Eigen::VectorXd::Zero(rows.cols())),
        num_songs(std::accumulate(weights.begin(), weights.end(), 0.0)) {
    const auto row = [&](std::size_t i) -> Eigen::VectorXd {
      return rows.row(static_cast<Eigen::Index>(i)).transpose().cast<double>();
    };
    for (std::size_t i = 0; i < weights.size(); ++i) mean += weights[i] / num_songs * row(i);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      variance += weights[i] / num_songs * (row(i) - mean).cwiseAbs2();
    }
  }

  /// DomainShift's `shift`, against another mean.
  double shift(const Eigen::VectorXd& from, const Eigen::MatrixXd& plane) const {
    const Eigen::VectorXd moved = mean - from;
    const double outside = moved.squaredNorm() - (plane.transpose() * moved).squaredNorm();
    return outside / static_cast<double>(mean.size()) - variance.mean() / (num_songs - 1.0);
  }
};

RowMatrixXf gather(const RowMatrixXf& rows, const Rows& wanted) {
  RowMatrixXf some(std::ssize(wanted), rows.cols());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    some.row(static_cast<Eigen::Index>(i)) = rows.row(wanted[i]);
  }
  return some;
}

Eigen::VectorXd mean_of(const RowMatrixXf& rows, const Rows& wanted) {
  return gather(rows, wanted).cast<double>().colwise().mean().transpose();
}

Rows of_class(const TrainingTable& table, const Rows& rows, int number) {
  Rows some;
  std::ranges::copy_if(rows, std::back_inserter(some), [&](Eigen::Index row) {
    return table.classes[static_cast<std::size_t>(row)] == number;
  });
  return some;
}

/// The plane through the classes' means. [columns, rank], orthonormal
Eigen::MatrixXd class_plane(const TrainingTable& table, const Rows& rows) {
  Eigen::MatrixXd means(table.inputs.cols(), table.num_classes());
  for (int c = 0; c < table.num_classes(); ++c) {
    means.col(c) = mean_of(table.inputs, of_class(table, rows, c));
  }
  means.colwise() -= means.rowwise().mean().eval();
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(means);
  return qr.householderQ() * Eigen::MatrixXd::Identity(means.rows(), qr.rank());
}

/// The shifts of one class' left-out songs of one kind.
void add_shifts_of_fold(const TrainingTable& table, const std::vector<int>& parts,
                        const Rows& left_out, const Rows& others, std::vector<double>& shifts) {
  const Eigen::VectorXd mean = mean_of(table.inputs, others);
  const Eigen::MatrixXd plane = class_plane(table, others);
  const int num_parts = *std::ranges::max_element(parts) + 1;
  for (int c = 0; c < table.num_classes(); ++c) {
    const Rows members = of_class(table, left_out, c);
    for (int part = 0; part < num_parts; ++part) {
      Rows songs;
      std::ranges::copy_if(members, std::back_inserter(songs), [&](Eigen::Index row) {
        return parts[static_cast<std::size_t>(row)] == part;
      });
      if (std::ssize(songs) < DomainShift::kFewestSongs) continue;
      const Moments moments(gather(table.inputs, songs), std::vector<double>(songs.size(), 1.0));
      shifts.push_back(moments.shift(mean, plane));
    }
  }
}

std::optional<InnerFolds> folds_of(const TrainingTable& table, int wanted, std::uint64_t seed) {
  try {
    return InnerFolds(table, wanted, seed);
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<DomainShift> DomainShift::fit(const TrainingTable& table,
                                            const std::vector<int>& parts, int num_folds,
                                            std::uint64_t seed) {
  if (parts.size() != table.classes.size()) {
    throw std::invalid_argument("DomainShift: as many parts as rows");
  }
  if (table.num_classes() < 2 || table.inputs.cols() < 2 * table.num_classes()) return {};
  const std::optional<InnerFolds> folds = folds_of(table, num_folds, seed);
  if (!folds) return {};
  std::vector<double> shifts;
  for (int fold = 0; fold < folds->count(); ++fold) {
    add_shifts_of_fold(table, parts, folds->rows_in(fold), folds->rows_outside(fold), shifts);
  }
  if (shifts.empty()) return {};
  Rows all(static_cast<std::size_t>(table.num_rows()));
  std::iota(all.begin(), all.end(), Eigen::Index{0});
  return DomainShift(class_plane(table, all),
                     std::max(kSmallestLimit, *std::ranges::max_element(shifts)));
}

std::optional<DomainShift> DomainShift::from(const StoredTensors& tensors, int num_columns) {
  if (!tensors.has(kLimit)) return {};
  const std::vector<double> plane = tensors.doubles(kPlane, {-1, num_columns});
  const double limit = tensors.doubles(kLimit, {1}).front();
  if (limit < kSmallestLimit) tensors.refuse("its 'shift.limit' is too small");
  return DomainShift(
      Eigen::Map<const Eigen::MatrixXd>(plane.data(), num_columns, std::ssize(plane) / num_columns),
      limit);
}

void DomainShift::add_to(OwnedTensors& tensors) const {
  tensors.add(kPlane, {plane_.cols(), plane_.rows()},
              std::span<const double>(plane_.data(), static_cast<std::size_t>(plane_.size())));
  tensors.add(kLimit, std::vector<double>{limit_});
}

Adaptation DomainShift::adapt(const RowMatrixXf& rows, const std::vector<double>& weights) const {
  if (rows.cols() != plane_.rows() || std::ssize(weights) != rows.rows()) {
    throw std::invalid_argument("DomainShift: rows of another width, or not as many as weights");
  }
  const Moments library(rows, weights);
  if (library.num_songs < kFewestSongs - 0.5) {
    throw std::invalid_argument("DomainShift: fewer than 10 songs");
  }
  const double shift = library.shift(Eigen::VectorXd::Zero(rows.cols()), plane_);
  Adaptation result;
  result.strength = std::clamp((shift - limit_) / (2.0 * limit_), 0.0, 1.0);
  result.offset = (result.strength * library.mean).cast<float>().transpose();
  const double weight = result.strength * library.num_songs / (library.num_songs + kShrinkSongs);
  result.divisor = (1.0 - weight + weight * library.variance.array())
                       .max(kLeastDeviation)
                       .sqrt()
                       .cast<float>()
                       .matrix()
                       .transpose();
  return result;
}

}  // namespace mer
