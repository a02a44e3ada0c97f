#include "mer/metrics/embedding_scores.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "mer/metrics/paired_tests.hpp"

namespace mer {
namespace {

using Eigen::Index;

/// Rows of each class that occurs.
std::map<int, std::vector<Index>> rows_by_class(std::span<const int> truth) {
  std::map<int, std::vector<Index>> rows;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    rows[truth[i]].push_back(static_cast<Index>(i));
  }
  return rows;
}

/// The means of sums over others, of which one's own class has one item less.
double silhouette_of(const std::map<int, double>& distance_sums,
                     const std::map<int, std::vector<Index>>& classes, int own) {
  const std::size_t num_own = classes.at(own).size();
  if (num_own == 1) return 0.0;
  const double within = distance_sums.at(own) / static_cast<double>(num_own - 1);
  double nearest = std::numeric_limits<double>::infinity();
  for (const auto& [other, sum] : distance_sums) {
    if (other == own) continue;
    nearest = std::min(nearest, sum / static_cast<double>(classes.at(other).size()));
  }
  const double larger = std::max(within, nearest);
  return larger > 0.0 ? (nearest - within) / larger : 0.0;
}

}  // namespace

std::vector<EmbeddingPlace> embedding_places(const Eigen::MatrixXd& embeddings,
                                             std::span<const int> truth) {
  if (embeddings.rows() != std::ssize(truth)) {
    throw std::invalid_argument("embedding_places: " + std::to_string(embeddings.rows()) +
                                " embeddings of " + std::to_string(truth.size()) + " items");
  }
  std::vector<EmbeddingPlace> places(truth.size());
  const auto classes = rows_by_class(truth);
  if (classes.size() < 2) return places;
  std::map<int, Eigen::RowVectorXd> centers;
  for (const auto& [name, rows] : classes) {
    Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(embeddings.cols());
    for (const Index row : rows) sum += embeddings.row(row);
    centers[name] = sum / static_cast<double>(rows.size());
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto row = embeddings.row(static_cast<Index>(i));
    double others = 0.0;
    for (const auto& [name, center] : centers) {
      const double distance = (row - center).norm();
      if (name == truth[i]) {
        places[i].own_center = distance;
      } else {
        others += distance;
      }
    }
    places[i].other_centers = others / static_cast<double>(classes.size() - 1);
    std::map<int, double> sums;
    for (const auto& [name, rows] : classes) {
      double& sum = sums[name];
      for (const Index other : rows) sum += (row - embeddings.row(other)).norm();
    }
    places[i].silhouette = silhouette_of(sums, classes, truth[i]);
  }
  return places;
}

EmbeddingScores embedding_scores(std::span<const EmbeddingPlace> places,
                                 std::span<const int> groups, std::uint64_t seed) {
  if (groups.size() != places.size()) {
    throw std::invalid_argument("embedding_scores: " + std::to_string(places.size()) +
                                " items but " + std::to_string(groups.size()) + " group numbers");
  }
  struct Sums {
    double count = 0.0, own = 0.0, others = 0.0, silhouette = 0.0;
  };
  std::map<int, Sums> by_group;
  Sums all;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const EmbeddingPlace& place = places[i];
    if (std::isnan(place.silhouette)) continue;
    for (Sums* sums : {&all, &by_group[groups[i]]}) {
      ++sums->count;
      sums->own += place.own_center;
      sums->others += place.other_centers;
      sums->silhouette += place.silhouette;
    }
  }
  EmbeddingScores scores;
  scores.count = static_cast<std::int64_t>(all.count);
  if (scores.count == 0) return scores;
  scores.own_center = all.own / all.count;
  scores.other_centers = all.others / all.count;
  scores.ratio = all.own / all.others;
  scores.silhouette = all.silhouette / all.count;
  std::vector<Sums> of_groups;
  for (const auto& [group, sums] : by_group) of_groups.push_back(sums);
  const std::vector<Interval> intervals = bootstrap_intervals(
      of_groups.size(), seed, 2, [&](std::span<const double> draws, std::span<double> values) {
        Sums drawn;
        for (std::size_t g = 0; g < draws.size(); ++g) {
          drawn.count += draws[g] * of_groups[g].count;
          drawn.own += draws[g] * of_groups[g].own;
          drawn.others += draws[g] * of_groups[g].others;
          drawn.silhouette += draws[g] * of_groups[g].silhouette;
        }
        values[0] = drawn.own / drawn.others;
        values[1] = drawn.silhouette / drawn.count;
      });
  scores.ratio_ci95 = intervals[0];
  scores.silhouette_ci95 = intervals[1];
  return scores;
}

PrincipalAxes PrincipalAxes::fit(const Eigen::MatrixXd& rows, Index count) {
  PrincipalAxes axes;
  axes.mean = rows.colwise().mean();
  const Eigen::MatrixXd centered = rows.rowwise() - axes.mean;
  const double scale = 1.0 / static_cast<double>(std::max<Index>(1, rows.rows() - 1));
  axes.total_variance = centered.squaredNorm() * scale;
  // Of the two products that have the same eigenvalues, the smaller.
  const bool by_rows = rows.rows() < rows.cols();
  const Eigen::MatrixXd product = by_rows
                                      ? Eigen::MatrixXd(centered * centered.transpose() * scale)
                                      : Eigen::MatrixXd(centered.transpose() * centered * scale);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(product);  // ascending
  const Index size = product.rows();
  const double smallest = axes.total_variance * 1e-12;
  Index found = 0;
  while (found < std::min(count, size) && solver.eigenvalues()(size - 1 - found) > smallest) {
    ++found;
  }
  axes.directions.resize(found, rows.cols());
  axes.variances = solver.eigenvalues().reverse().head(found);
  for (Index axis = 0; axis < found; ++axis) {
    const auto vector = solver.eigenvectors().col(size - 1 - axis);
    Eigen::VectorXd direction = by_rows ? Eigen::VectorXd(centered.transpose() * vector) : vector;
    direction.normalize();
    Index largest = 0;
    direction.cwiseAbs().maxCoeff(&largest);
    axes.directions.row(axis) = direction(largest) < 0.0 ? -direction : direction;
  }
  return axes;
}

Eigen::MatrixXd PrincipalAxes::project(const Eigen::MatrixXd& rows) const {
  return (rows.rowwise() - mean) * directions.transpose();
}

PrincipalPlane principal_plane(const Eigen::MatrixXd& rows) {
  PrincipalPlane plane;
  plane.points = Eigen::MatrixX2d::Zero(rows.rows(), 2);
  if (rows.rows() < 2) return plane;
  const PrincipalAxes axes = PrincipalAxes::fit(rows, 2);
  plane.points.leftCols(axes.variances.size()) = axes.project(rows);
  for (Index axis = 0; axis < axes.variances.size(); ++axis) {
    plane.explained[static_cast<std::size_t>(axis)] = axes.variances(axis) / axes.total_variance;
  }
  return plane;
}

}  // namespace mer
