#include "mer/config/classic/va_regression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "ridge.hpp"
#include "tables.hpp"

namespace mer {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(Ridge, ClosedFormByHand) {
  // Centered x = −1, 0, 1 and y = −2, 1, 1: x·y = 3, x·x = 2, so B = 3 / (2 + alpha).
  Eigen::MatrixXd x(3, 1);
  x << 4, 5, 6;
  Eigen::MatrixXd y(3, 1);
  y << 8, 11, 11;
  for (const double alpha : {0.0, 1.0, 4.0}) {
    const Ridge ridge = Ridge::fit(x, y, alpha);
    EXPECT_NEAR(ridge.weights(0, 0), 3.0 / (2.0 + alpha), 1e-12);
    EXPECT_NEAR(ridge.intercept(0), 10.0 - 5.0 * 3.0 / (2.0 + alpha), 1e-12);
  }
}

TEST(Ridge, BothFormsAgreeWhetherRowsOrColumnsAreMore) {
  // Beside columns of zeros the solution is the same, but found from the other system.
  Eigen::MatrixXd x(4, 2);
  x << 1, 2, 0, 1, 3, 1, 2, 2;
  Eigen::MatrixXd y(4, 2);
  y << 1, 0, 2, 1, 0, 3, 1, 1;
  Eigen::MatrixXd wide = Eigen::MatrixXd::Zero(4, 9);
  wide.leftCols(2) = x;
  for (const double alpha : {0.0, 0.5}) {
    const Ridge narrow = Ridge::fit(x, y, alpha);
    const Ridge same = Ridge::fit(wide, y, alpha);
    EXPECT_TRUE(same.weights.topRows(2).isApprox(narrow.weights, 1e-9));
    EXPECT_LT(same.weights.bottomRows(7).norm(), 1e-12);
  }
}

TEST(Ridge, WithAlphaZeroAndMoreColumnsThanRowsItFitsExactlyWithTheSmallestWeights) {
  Eigen::MatrixXd x(2, 3);
  x << 1, 1, 0, -1, -1, 0;
  Eigen::MatrixXd y(2, 1);
  y << 2, -2;
  const Ridge ridge = Ridge::fit(x, y, 0.0);
  EXPECT_TRUE(ridge.weights.isApprox(Eigen::Vector3d(1, 1, 0), 1e-12));
}

/// Songs whose columns are valence and arousal themselves, so that the regression can be exact.
TrainingTable plane(const std::vector<std::string>& class_names) {
  TableMaker maker(class_names);
  std::mt19937_64 rng(4);
  for (int i = 0; i < 80; ++i) {
    const double valence = (i % 4 == 0 || i % 4 == 3 ? 0.5 : -0.5) + 0.1 * normal_real(rng);
    const double arousal = (i % 4 < 2 ? 0.5 : -0.5) + 0.1 * normal_real(rng);
    maker.add({static_cast<float>(valence), static_cast<float>(arousal)}, i % 4);
  }
  return maker.table();
}

const std::vector<std::string> kQuadrants = {"happy", "anger", "sad", "relaxed"};

TEST(VaRegression, WithoutNumbersTheClassesPlacesAreLearned) {
  const TrainingTable table = plane(kQuadrants);
  VaRegressionOptions options;
  options.alpha = {0.1};
  const auto trained = test::train(options, table, {});
  EXPECT_EQ(accuracy(*trained.classifier, table), 1.0);
  const TableAnswer sad = trained.classifier->answer(Eigen::RowVector2f(-0.5F, -0.5F));
  EXPECT_EQ(argmax(sad.probabilities), 2);
  EXPECT_NEAR(sad.valence, -0.5, 0.1);
  EXPECT_NEAR(sad.arousal, -0.5, 0.1);
}

TEST(VaRegression, WithNumbersItPredictsThemAndTheNearestClass) {
  TrainingTable table = plane(kQuadrants);
  for (Eigen::Index row = 0; row < table.num_rows(); ++row) {
    table.valence.push_back(0.8 * table.inputs(row, 0));
    table.arousal.push_back(0.8 * table.inputs(row, 1) + 0.1);
  }
  VaRegressionOptions options;
  options.alpha = {0.0};
  const auto trained = test::train(options, table, {});
  const TableAnswer answer = trained.classifier->answer(Eigen::RowVector2f(0.5F, 0.25F));
  EXPECT_NEAR(answer.valence, 0.4, 1e-5);
  EXPECT_NEAR(answer.arousal, 0.3, 1e-5);
  EXPECT_EQ(argmax(answer.probabilities), 0);
}

TEST(VaRegression, ProbabilitiesFallWithTheSquaredDistanceInUnitsOfTheError) {
  const TrainingTable table = plane(kQuadrants);
  const auto trained = test::train(VaRegressionOptions{}, table, {});
  const double deviation = trained.chosen["inner_rmse"].get<double>();
  const TableAnswer answer = trained.classifier->answer(Eigen::RowVector2f(0.1F, 0.05F));
  const auto squared_distance = [&](double valence, double arousal) {
    return std::pow(answer.valence - valence, 2) + std::pow(answer.arousal - arousal, 2);
  };
  EXPECT_NEAR(
      std::log(answer.probabilities[0] / answer.probabilities[2]),
      (squared_distance(-0.5, -0.5) - squared_distance(0.5, 0.5)) / (2.0 * deviation * deviation),
      1e-9);
}

TEST(VaRegression, ClassesWithoutAPlaceAreRefusedUntilTheyGetOne) {
  const TrainingTable table = plane({"happy", "anger", "sad", "tender"});
  EXPECT_THAT(message_of<UsageError>([&] { test::train(VaRegressionOptions{}, table, {}); }),
              HasSubstr("class 'tender' has no place in the plane of valence and arousal"));
  VaRegressionOptions options;
  options.classes.back() = "tender";
  EXPECT_EQ(accuracy(*test::train(options, table, {}).classifier, table), 1.0);
}

TEST(VaRegression, ListsOfUnequalLengthAreRefused) {
  VaRegressionOptions options;
  options.valence.pop_back();
  EXPECT_THAT(message_of<UsageError>([&] { options.validate(); }),
              HasSubstr("4 classes, 3 values of valence and 4 of arousal"));
}

}  // namespace
}  // namespace mer
