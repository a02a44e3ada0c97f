#include "mer/core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

namespace mer {
namespace {

TEST(MixSeed, DependsOnEveryPartAndOnTheirOrder) {
  const std::set<std::uint64_t> seeds = {mix_seed({1, 2}),    mix_seed({2, 1}),    mix_seed({1}),
                                         mix_seed({1, 2, 0}), mix_seed({0, 1, 2}), mix_seed({})};
  EXPECT_EQ(seeds.size(), 6U);
  EXPECT_EQ(mix_seed({1, 2}), mix_seed({1, 2}));
}

TEST(Shuffle, IsAPermutationThatDependsOnTheSeedOnly) {
  std::vector<int> a(100);
  std::iota(a.begin(), a.end(), 0);
  std::vector<int> b = a;
  std::mt19937_64 first(5);
  std::mt19937_64 second(5);
  shuffle(a, first);
  shuffle(b, second);
  EXPECT_EQ(a, b);
  EXPECT_FALSE(std::is_sorted(a.begin(), a.end()));
  std::sort(a.begin(), a.end());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a[static_cast<std::size_t>(i)], i);
}

TEST(UniformIndex, CoversItsRangeEvenly) {
  std::mt19937_64 rng(1);
  std::vector<int> counts(6);
  for (int i = 0; i < 60000; ++i) ++counts[uniform_index(rng, 6)];
  // Binomial(60000, 1/6): mean 10000, deviation 91; five deviations
  for (const int count : counts) EXPECT_NEAR(count, 10000, 456);
}

TEST(NormalReal, HasMeanZeroAndDeviationOne) {
  std::mt19937_64 rng(2);
  double sum = 0.0;
  double squares = 0.0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = normal_real(rng);
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0, 5 * std::sqrt(2.0 / kDraws));
}

}  // namespace
}  // namespace mer
