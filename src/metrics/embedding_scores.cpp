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

PrincipalPlane principal_plane(const Eigen::MatrixXd& rows) {
  PrincipalPlane plane;
  plane.points = Eigen::MatrixX2d::Zero(rows.rows(), 2);
  if (rows.rows() < 2 || rows.cols() < 1) return plane;
  const Eigen::MatrixXd centered = rows.rowwise() - rows.colwise().mean();
  const Eigen::MatrixXd covariance =
      centered.transpose() * centered / static_cast<double>(rows.rows() - 1);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);  // ascending
  const double total = std::max(solver.eigenvalues().sum(), 0.0);
  for (Index axis = 0; axis < std::min<Index>(2, rows.cols()); ++axis) {
    const Index at = rows.cols() - 1 - axis;
    Eigen::VectorXd direction = solver.eigenvectors().col(at);
    Index largest = 0;
    direction.cwiseAbs().maxCoeff(&largest);
    if (direction(largest) < 0.0) direction = -direction;
    plane.points.col(axis) = centered * direction;
    if (total > 0.0) {
      plane.explained[static_cast<std::size_t>(axis)] =
          std::max(0.0, solver.eigenvalues()(at)) / total;
    }
  }
  return plane;
}

}  // namespace mer
