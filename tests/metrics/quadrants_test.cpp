#include "mer/metrics/quadrants.hpp"

#include <gtest/gtest.h>

namespace mer {
namespace {

using Names = std::vector<std::string>;

TEST(Quadrants, AddUpTheClassesOnOneSideOfEachAxis) {
  const auto quadrants = Quadrants::of(Names{"happy", "anger", "sad", "relaxed"});
  ASSERT_TRUE(quadrants);
  const std::vector<double> probabilities = {0.4, 0.3, 0.2, 0.1};
  EXPECT_DOUBLE_EQ(quadrants->positive_valence(probabilities), 0.4 + 0.1);
  EXPECT_DOUBLE_EQ(quadrants->high_arousal(probabilities), 0.4 + 0.3);
}

TEST(Quadrants, GoByNameNotByPlace) {
  const auto quadrants = Quadrants::of(Names{"sad", "relaxed", "happy", "anger"});
  ASSERT_TRUE(quadrants);
  const std::vector<double> probabilities = {0.4, 0.3, 0.2, 0.1};
  EXPECT_DOUBLE_EQ(quadrants->positive_valence(probabilities), 0.3 + 0.2);
  EXPECT_DOUBLE_EQ(quadrants->high_arousal(probabilities), 0.2 + 0.1);
  const std::vector<bool> positive = {false, true, true, false};
  const std::vector<bool> high = {false, false, true, true};
  for (int c = 0; c < 4; ++c) {
    EXPECT_EQ(quadrants->has_positive_valence(c), positive[static_cast<std::size_t>(c)]) << c;
    EXPECT_EQ(quadrants->has_high_arousal(c), high[static_cast<std::size_t>(c)]) << c;
  }
}

TEST(Quadrants, AreOfTheFourClassesOnly) {
  EXPECT_FALSE(Quadrants::of(Names{"happy", "anger", "sad", "tender"}));
  EXPECT_FALSE(Quadrants::of(Names{"happy", "anger", "relaxed"}));
  EXPECT_FALSE(Quadrants::of(Names{"happy", "anger", "sad", "relaxed", "tender"}));
}

}  // namespace
}  // namespace mer
