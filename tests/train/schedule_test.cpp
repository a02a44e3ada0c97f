#include "mer/train/schedule.hpp"

#include <gtest/gtest.h>

namespace mer {
namespace {

TEST(LearningRate, IsConstantByDefault) {
  TrainOptions options;
  options.lr = 0.5;
  for (const std::int64_t step : {1, 50, 100}) {
    EXPECT_DOUBLE_EQ(learning_rate(options, step, 100), 0.5);
  }
}

TEST(LearningRate, WarmsUpLinearly) {
  TrainOptions options;
  options.lr = 0.5;
  options.warmup_fraction = 0.1;  // ten steps of 100
  EXPECT_DOUBLE_EQ(learning_rate(options, 1, 100), 0.05);
  EXPECT_DOUBLE_EQ(learning_rate(options, 7, 100), 0.35);
  EXPECT_DOUBLE_EQ(learning_rate(options, 10, 100), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(options, 11, 100), 0.5);
}

TEST(LearningRate, CosineFallsFromTheRateToItsShare) {
  TrainOptions options;
  options.lr = 2.0;
  options.schedule = TrainOptions::Schedule::kCosine;
  options.warmup_fraction = 0.2;  // two steps of ten, eight of cosine
  options.min_lr_fraction = 0.5;
  EXPECT_DOUBLE_EQ(learning_rate(options, 2, 10), 2.0);
  EXPECT_DOUBLE_EQ(learning_rate(options, 3, 10), 2.0);  // cos 0 = 1
  // t = 1/4: (1 + cos 45°) / 2 = 0.853553; 2 · (0.5 + 0.5 · 0.853553) = 1.853553
  EXPECT_NEAR(learning_rate(options, 5, 10), 1.853553, 1e-6);
  EXPECT_DOUBLE_EQ(learning_rate(options, 7, 10), 1.5);  // t = 1/2: halfway
  // t = 7/8: (1 + cos 157.5°) / 2 = 0.038060; 2 · (0.5 + 0.5 · 0.038060) = 1.038060
  EXPECT_NEAR(learning_rate(options, 10, 10), 1.038060, 1e-6);
}

TEST(LearningRate, CosineWithoutAnEndNeverQuiteReachesZero) {
  TrainOptions options;
  options.schedule = TrainOptions::Schedule::kCosine;
  EXPECT_GT(learning_rate(options, 100, 100), 0.0);
  EXPECT_LT(learning_rate(options, 100, 100), 0.001 * options.lr);
}

TEST(LearningRate, MayWarmUpAllTheTime) {
  TrainOptions options;
  options.lr = 1.0;
  options.warmup_fraction = 1.0;
  options.schedule = TrainOptions::Schedule::kCosine;
  EXPECT_DOUBLE_EQ(learning_rate(options, 4, 4), 1.0);
}

}  // namespace
}  // namespace mer
