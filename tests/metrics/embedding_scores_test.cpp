#include "mer/metrics/embedding_scores.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace mer {
namespace {

// On a line: class 0 at 0 and 2, class 1 at 10 and 14, class 2 at 30. Centers 1, 12, 30.
Eigen::MatrixXd five_points() {
  Eigen::MatrixXd points(5, 1);
  points << 0, 2, 10, 14, 30;
  return points;
}
const std::vector<int> kClasses = {0, 0, 1, 1, 2};

TEST(EmbeddingPlaces, AreTheHandComputedDistancesAndSilhouettes) {
  const auto places = embedding_places(five_points(), kClasses);
  ASSERT_EQ(places.size(), 5U);
  EXPECT_DOUBLE_EQ(places[0].own_center, 1.0);
  EXPECT_DOUBLE_EQ(places[0].other_centers, (12.0 + 30.0) / 2.0);
  // To its class' other point 2, to class 1 (10 + 14) / 2 = 12, to class 2 30.
  EXPECT_DOUBLE_EQ(places[0].silhouette, (12.0 - 2.0) / 12.0);
  // 10: its own 4, class 0 (10 + 8) / 2 = 9, class 2 20.
  EXPECT_DOUBLE_EQ(places[2].silhouette, (9.0 - 4.0) / 9.0);
  EXPECT_DOUBLE_EQ(places[4].own_center, 0.0);
  EXPECT_DOUBLE_EQ(places[4].silhouette, 0.0);  // alone in its class
}

TEST(EmbeddingPlaces, OfOneClassAreNowhere) {
  for (const EmbeddingPlace& place : embedding_places(five_points(), std::vector<int>(5, 3))) {
    EXPECT_TRUE(std::isnan(place.own_center));
    EXPECT_TRUE(std::isnan(place.silhouette));
  }
  EXPECT_THROW(embedding_places(five_points(), std::vector<int>(4, 0)), std::invalid_argument);
}

TEST(EmbeddingPlaces, OfOnePointForAllLieOnTheBorder) {
  for (const EmbeddingPlace& place : embedding_places(Eigen::MatrixXd::Ones(5, 3), kClasses)) {
    EXPECT_EQ(place.own_center, 0.0);
    EXPECT_EQ(place.silhouette, 0.0);
  }
}

TEST(EmbeddingScores, AreMeansOverTheItemsThatHaveAPlace) {
  auto places = embedding_places(five_points(), kClasses);
  places.emplace_back();  // one without an embedding
  const std::vector<int> groups = {0, 0, 1, 2, 3, 4};
  const EmbeddingScores scores = embedding_scores(places, groups, 1);
  EXPECT_EQ(scores.count, 5);
  // Own centers 1, 1, 2, 2, 0; others (12 + 30)/2, (10 + 28)/2, (9 + 20)/2, (13 + 16)/2, (29 +
  // 18)/2.
  EXPECT_DOUBLE_EQ(scores.own_center, 6.0 / 5.0);
  EXPECT_DOUBLE_EQ(scores.other_centers, (21.0 + 19.0 + 14.5 + 14.5 + 23.5) / 5.0);
  EXPECT_DOUBLE_EQ(scores.ratio, 6.0 / 92.5);
  EXPECT_LT(scores.ratio_ci95[0], scores.ratio);
  EXPECT_GT(scores.ratio_ci95[1], scores.ratio);
  EXPECT_LT(scores.silhouette_ci95[0], scores.silhouette);
  EXPECT_GT(scores.silhouette_ci95[1], scores.silhouette);
  // Ten times as large, the embeddings are as well apart.
  const auto larger = embedding_places(10.0 * five_points(), kClasses);
  const EmbeddingScores same = embedding_scores(larger, std::vector<int>{0, 0, 1, 2, 3}, 1);
  EXPECT_NEAR(same.ratio, scores.ratio, 1e-12);
  EXPECT_NEAR(same.silhouette, scores.silhouette, 1e-12);
  EXPECT_EQ(embedding_scores({}, {}, 1).count, 0);
}

TEST(PrincipalPlane, TurnsPointsOfAnEllipseOntoItsAxes) {
  constexpr int kPoints = 100;
  const double c = std::cos(0.5);
  const double s = std::sin(0.5);
  Eigen::MatrixXd rows(kPoints, 3);
  for (int i = 0; i < kPoints; ++i) {
    const double angle = 2.0 * std::numbers::pi * i / kPoints;
    const double x = 4.0 * std::cos(angle);
    const double y = 1.0 * std::sin(angle);
    rows.row(i) << c * x - s * y + 7.0, s * x + c * y - 2.0, 5.0;
  }
  const PrincipalPlane plane = principal_plane(rows);
  EXPECT_NEAR(plane.explained[0], 16.0 / 17.0, 1e-12);
  EXPECT_NEAR(plane.explained[1], 1.0 / 17.0, 1e-12);
  EXPECT_NEAR(plane.points(0, 0), 4.0, 1e-9);
  EXPECT_NEAR(plane.points(0, 1), 0.0, 1e-9);
  EXPECT_NEAR(std::abs(plane.points(kPoints / 4, 1)), 1.0, 1e-9);
}

TEST(PrincipalPlane, OfOneColumnHasNoSecondCoordinate) {
  const PrincipalPlane plane = principal_plane(five_points());
  EXPECT_DOUBLE_EQ(plane.explained[0], 1.0);
  EXPECT_TRUE(plane.points.col(1).isZero());
  EXPECT_TRUE(principal_plane(Eigen::MatrixXd::Ones(1, 4)).points.isZero());
}

TEST(PrincipalAxes, AreTheSameFromRowsAndFromColumns) {
  // Three points in five dimensions lie in a plane; 6 and 2 along its axes, by hand.
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(4, 5);
  rows.col(2) << 3.0, -3.0, 0.0, 0.0;
  rows.col(4) << 0.0, 0.0, -1.0, 1.0;
  rows.col(0).setConstant(7.0);
  const PrincipalAxes axes = PrincipalAxes::fit(rows, 3);  // by the product of rows
  ASSERT_EQ(axes.variances.size(), 2);                     // nothing varies along a third
  EXPECT_NEAR(axes.variances(0), 6.0, 1e-12);
  EXPECT_NEAR(axes.variances(1), 2.0 / 3.0, 1e-12);
  EXPECT_NEAR(axes.total_variance, 20.0 / 3.0, 1e-12);
  EXPECT_NEAR(axes.directions(0, 2), 1.0, 1e-12);
  EXPECT_NEAR(axes.directions(1, 4), 1.0, 1e-12);
  const Eigen::MatrixXd tall = rows.replicate(3, 1);  // by the product of columns
  const PrincipalAxes same = PrincipalAxes::fit(tall, 3);
  EXPECT_TRUE(same.directions.isApprox(axes.directions, 1e-9));
  EXPECT_NEAR(same.variances(0), 6.0 * 9.0 / 11.0, 1e-12);
  Eigen::MatrixXd other(1, 5);
  other << 0.0, 1.0, 2.0, 3.0, 4.0;
  EXPECT_TRUE(axes.project(other).isApprox(Eigen::RowVector2d(2.0, 4.0), 1e-9));
}

}  // namespace
}  // namespace mer
