#include "mer/train/sampler.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>

namespace mer {
namespace {

using Item = std::pair<std::size_t, std::int64_t>;

std::multiset<Item> items_of(const std::vector<Draw>& draws) {
  std::multiset<Item> items;
  for (const Draw& draw : draws) items.insert({draw.song, draw.item});
  return items;
}

std::vector<Item> order_of(const std::vector<Draw>& draws) {
  std::vector<Item> items;
  for (const Draw& draw : draws) items.emplace_back(draw.song, draw.item);
  return items;
}

// Songs of 3, 1 and 6 segments: ten items.
const std::vector<SamplerSong> kSongs = {{0, 3}, {1, 1}, {1, 6}};

TEST(Sampler, AnEpochHasEveryItemOnce) {
  const Sampler sampler(kSongs, 2, false, 4, 7);
  ASSERT_EQ(sampler.epoch_size(), 10);
  const std::multiset<Item> all = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {2, 0},
                                   {2, 1}, {2, 2}, {2, 3}, {2, 4}, {2, 5}};
  for (const std::int64_t epoch : {0, 1, 9}) {
    EXPECT_EQ(items_of(sampler.epoch(epoch)), all);
    for (const Draw& draw : sampler.epoch(epoch)) EXPECT_EQ(draw.round, epoch);
  }
}

TEST(Sampler, TheOrderFollowsFromSeedAndEpoch) {
  const std::vector<SamplerSong> many = {{0, 50}};
  const Sampler sampler(many, 1, false, 4, 7);
  EXPECT_EQ(order_of(sampler.epoch(3)), order_of(Sampler(many, 1, false, 9, 7).epoch(3)));
  EXPECT_NE(order_of(sampler.epoch(3)), order_of(sampler.epoch(4)));
  EXPECT_NE(order_of(sampler.epoch(3)), order_of(Sampler(many, 1, false, 4, 8).epoch(3)));
}

TEST(Sampler, BatchesAreFullAndGoOnIntoTheNextEpoch) {
  Sampler sampler(kSongs, 2, false, 4, 7);
  std::vector<Draw> seen;
  for (std::int64_t iteration = 1; iteration <= 5; ++iteration) {
    const std::vector<Draw> batch = sampler.batch(iteration);
    ASSERT_EQ(batch.size(), 4U);
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  std::vector<Draw> expected = sampler.epoch(0);
  const std::vector<Draw> second = sampler.epoch(1);
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(order_of(seen), order_of(expected));
}

TEST(Sampler, ABatchDoesNotDependOnThoseAskedForBefore) {
  Sampler forward(kSongs, 2, true, 4, 7);
  std::vector<std::vector<Item>> batches;
  for (std::int64_t i = 1; i <= 12; ++i) batches.push_back(order_of(forward.batch(i)));
  Sampler backward(kSongs, 2, true, 4, 7);
  for (std::int64_t i = 12; i >= 1; --i) {
    EXPECT_EQ(order_of(backward.batch(i)), batches[static_cast<std::size_t>(i - 1)]);
  }
}

TEST(Sampler, BalancedEpochsHaveEveryClassEquallyOften) {
  // 12 items: nine of class 0, three of class 1; balanced, an epoch has six of each.
  const Sampler sampler({{0, 9}, {1, 2}, {1, 1}}, 2, true, 4, 7);
  std::map<Item, int> drawn;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    int of_class_1 = 0;
    for (const Draw& draw : sampler.epoch(epoch)) {
      of_class_1 += draw.song == 0 ? 0 : 1;
      ++drawn[{draw.song, draw.item}];
    }
    EXPECT_EQ(of_class_1, 6);
  }
  // In three epochs 18 of each class: two rounds of the nine items, six rounds of the three.
  for (const auto& [item, times] : drawn) EXPECT_EQ(times, item.first == 0 ? 2 : 6);
}

TEST(Sampler, WhatAnEpochCannotDivideGoesToAnotherClassEachTime) {
  // Ten items, three classes: 4 + 3 + 3, the fourth moving on; 10 each after three epochs.
  const Sampler sampler({{0, 5}, {1, 3}, {2, 2}}, 3, true, 4, 7);
  std::map<std::size_t, int> total;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::map<std::size_t, int> count;
    for (const Draw& draw : sampler.epoch(epoch)) {
      ++count[draw.song];
      ++total[draw.song];
    }
    std::multiset<int> sizes;
    for (const auto& [song, times] : count) sizes.insert(times);
    EXPECT_EQ(sizes, (std::multiset<int>{3, 3, 4}));
  }
  for (const auto& [song, times] : total) EXPECT_EQ(times, 10);
}

TEST(Sampler, NoItemIsDrawnTwiceInOneRound) {
  const Sampler sampler({{0, 5}, {1, 3}, {2, 2}}, 3, true, 4, 7);
  std::set<std::tuple<std::size_t, std::int64_t, std::int64_t>> seen;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    for (const Draw& draw : sampler.epoch(epoch)) {
      EXPECT_TRUE(seen.insert({draw.song, draw.item, draw.round}).second);
    }
  }
}

TEST(Sampler, EpochsAndIterationsConvert) {
  // Ten items in batches of four: 10 items take 2.5 batches, 20 take 5.
  const Sampler sampler(kSongs, 2, false, 4, 7);
  EXPECT_EQ(sampler.iterations_for(1), 3);
  EXPECT_EQ(sampler.iterations_for(2), 5);
  EXPECT_DOUBLE_EQ(sampler.epochs_after(5), 2.0);
  EXPECT_DOUBLE_EQ(sampler.epochs_after(1), 0.4);
  const std::vector<bool> ends = {false, false, true, false, true, false, false, true};
  for (std::size_t i = 0; i < ends.size(); ++i) {
    EXPECT_EQ(sampler.ends_epoch(static_cast<std::int64_t>(i) + 1), ends[i]) << i + 1;
  }
}

TEST(Sampler, NeedsItemsOfEveryClassThatItBalances) {
  EXPECT_THROW(Sampler({}, 2, false, 4, 7), std::invalid_argument);
  EXPECT_THROW(Sampler({{0, 3}}, 2, true, 4, 7), std::invalid_argument);
}

}  // namespace
}  // namespace mer
