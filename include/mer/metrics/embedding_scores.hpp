#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "mer/metrics/scores.hpp"

namespace mer {

/// Where one item's embedding lies among those of the items scored with it, whose class means are
/// the centers; all Euclidean. NaN where it is not defined.
struct EmbeddingPlace {
  double own_center = std::numeric_limits<double>::quiet_NaN();  ///< distance to its class' center
  double other_centers =
      std::numeric_limits<double>::quiet_NaN();  ///< mean distance to the others'
  /// (b − a) / max(a, b) with a the mean distance to the other items of its class and b that to the
  /// items of the nearest other class (Rousseeuw 1987): 1 = well apart, 0 = on the border; 0 for
  /// the only item of its class.
  double silhouette = std::numeric_limits<double>::quiet_NaN();
};

/// @param embeddings  [N, D]
/// @param truth       the class of each row; classes that don't occur count nowhere
/// @return            parallel to the rows; all NaN where fewer than two classes occur
/// @throws std::invalid_argument when sizes differ
std::vector<EmbeddingPlace> embedding_places(const Eigen::MatrixXd& embeddings,
                                             std::span<const int> truth);

/// How well a network's embeddings separate the classes.
struct EmbeddingScores {
  std::int64_t count = 0;                        ///< items with a place
  double own_center = 0.0, other_centers = 0.0;  ///< means over items
  double ratio = 0.0;  ///< own_center / other_centers: whatever the embeddings' scale
  double silhouette = 0.0;
  Interval ratio_ci95 = {0.0, 0.0}, silhouette_ci95 = {0.0, 0.0};
};

/// Means over the items that have a place, with 95 % intervals that resample whole groups as in
/// scores_with_intervals(); the centers stay where they are.
/// @param groups  a group number per item
EmbeddingScores embedding_scores(std::span<const EmbeddingPlace> places,
                                 std::span<const int> groups, std::uint64_t seed);

/// The axes along which points spread most, orthogonal, the widest first: principal component
/// analysis.
struct PrincipalAxes {
  Eigen::RowVectorXd mean;     ///< [D]
  Eigen::MatrixXd directions;  ///< [K, D], each of length 1, its largest element positive
  Eigen::VectorXd variances;   ///< [K], of the points along each
  double total_variance = 0.0;

  /// @param rows   [N, D], at least one
  /// @param count  axes at most; there are no more than columns, nor than rows less one, nor any
  ///               along which nothing varies
  static PrincipalAxes fit(const Eigen::MatrixXd& rows, Eigen::Index count);

  /// Coordinates of other points. @return [N, K]
  Eigen::MatrixXd project(const Eigen::MatrixXd& rows) const;
};

/// Points on the plane in which they spread most.
struct PrincipalPlane {
  Eigen::MatrixX2d points;                   ///< [N, 2], around 0
  std::array<double, 2> explained = {0, 0};  ///< shares of the variance
};

/// The first two PrincipalAxes; where there are fewer, the missing coordinate is 0.
/// @param rows  [N, D]
PrincipalPlane principal_plane(const Eigen::MatrixXd& rows);

}  // namespace mer
