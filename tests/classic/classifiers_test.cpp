#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "mer/config/classic/decision_tree.hpp"
#include "mer/config/classic/knn.hpp"
#include "mer/config/classic/mlp.hpp"
#include "mer/config/classic/random_forest.hpp"
#include "mer/config/classic/va_regression.hpp"
#include "mer/core/error.hpp"
#include "tables.hpp"

// What holds for every classical system, then what defines each.

namespace mer {
namespace {

using namespace test;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

MlpOptions quick_mlp() {
  MlpOptions options;
  options.hidden_units = 8;
  options.lr = 0.05;
  options.dropout = 0.1;
  options.weight_decay = {0.01, 0.1};
  return options;
}

/// A system of that name, quickly trained.
ModelOptions quick(const std::string& name) {
  ModelOptions system;
  system.choose<MlpOptions>() = quick_mlp();
  if (name == "random_forest") {
    auto& options = system.choose<RandomForestOptions>();
    options.trees = 40;
    options.columns = 1;
  }
  if (name == "va_regression") system.choose<VaRegressionOptions>().alpha = {0.1, 1.0};
  system.name = name;
  return system;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class EveryClassicSystem : public testing::TestWithParam<std::string> {
 protected:
  std::string name() const { return GetParam(); }
  TrainedClassifier train(const TrainingTable& table, std::uint64_t seed = 1) const {
    return train_classifier(quick(name()), ClassicOptions{}, table, {.seed = seed});
  }
  TemporaryFolder folder_;
};

TEST_P(EveryClassicSystem, LearnsToDivideBlobsItHasNotSeen) {
  const TrainingTable table = blobs(30);
  std::vector<Eigen::Index> first;
  std::vector<Eigen::Index> rest;
  for (Eigen::Index row = 0; row < table.num_rows(); ++row) {
    (row < 60 ? first : rest).push_back(row);
  }
  EXPECT_GE(accuracy(*train(table.subset(first)).classifier, table.subset(rest)), 0.95);
}

TEST_P(EveryClassicSystem, GivesProbabilitiesThatSumToOne) {
  const TrainingTable table = blobs();
  for (const auto& probabilities : answers(*train(table).classifier, table)) {
    double sum = 0.0;
    for (const double p : probabilities) {
      EXPECT_GE(p, 0.0);
      sum += p;
    }
    EXPECT_NEAR(sum, 1.0, 1e-9);
  }
}

TEST_P(EveryClassicSystem, TheSameSeedGivesTheSameBytesOnEveryThread) {
  const TrainingTable table = blobs();
  const auto trained_bytes = [&](const std::string& file) {
    return bytes_of(store(*train(table).classifier, folder_ / file));
  };
  const std::string first = trained_bytes("first");
  std::vector<std::string> others(2);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < others.size(); ++i) {
    threads.emplace_back([&, i] { others[i] = trained_bytes("other" + std::to_string(i)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& other : others) EXPECT_TRUE(other == first);
}

TEST_P(EveryClassicSystem, ALoadedOneAnswersTheSame) {
  const TrainingTable table = blobs();
  const auto trained = train(table);
  const auto loaded = load(quick(name()), store(*trained.classifier, folder_ / "m"), table);
  EXPECT_EQ(answers(*loaded, table), answers(*trained.classifier, table));
}

TEST_P(EveryClassicSystem, RefusesAFileWhoseTensorsAreGone) {
  const TrainingTable table = blobs();
  OwnedTensors own;
  train(table).classifier->add_to(own);
  const NamedTensors all = own.views();
  for (std::size_t missing = 0; missing < all.size(); ++missing) {
    NamedTensors some;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i != missing) some.emplace_back("c." + all[i].first, all[i].second);
    }
    write_tensor_file(folder_ / "m", some, {});
    EXPECT_THAT(message_of<UsageError>([&] { load(quick(name()), folder_ / "m", table); }),
                HasSubstr(all[missing].first));
  }
}

TEST_P(EveryClassicSystem, AnyDamagedByteIsRefusedOrHarmless) {
  const TrainingTable table = blobs();
  const auto trained = train(table);
  const std::string whole = bytes_of(store(*trained.classifier, folder_ / "whole"));
  std::mt19937_64 rng(9);
  for (int attempt = 0; attempt < 60; ++attempt) {
    std::string damaged = whole;
    damaged[uniform_index(rng, damaged.size())] = static_cast<char>(uniform_index(rng, 256));
    std::ofstream(folder_ / "damaged", std::ios::binary) << damaged;
    try {
      const auto loaded = load(quick(name()), folder_ / "damaged", table);
      EXPECT_EQ(answers(*loaded, table).front().size(), 3U);
    } catch (const UsageError&) {
      // Refused: fine as well.
    }
  }
}

TEST_P(EveryClassicSystem, GivesUpWhenAskedToStop) {
  if (name() == "random_forest") GTEST_SKIP() << "is one call of OpenCV";
  EXPECT_THROW(train_classifier(quick(name()), ClassicOptions{}, blobs(), {1, [] { return true; }}),
               Interrupted);
}

INSTANTIATE_TEST_SUITE_P(Systems, EveryClassicSystem,
                         testing::ValuesIn(builtin_classic_systems().names()),
                         [](const auto& param) { return param.param; });

TEST(InnerChoice, ASingleValueIsTakenAsItIsAndNeedsNoFolds) {
  KnnOptions options;
  options.neighbors = {3};
  TrainingTable table = blobs(4);
  for (std::string& group : table.groups) group = "all";  // no folds can be made
  EXPECT_EQ(test::train(options, table, {}).chosen["neighbors"], 3.0);
  options.neighbors = {1, 3};
  EXPECT_THAT(message_of<UsageError>([&] { test::train(options, table, {}); }),
              HasSubstr("can't be divided into two inner folds"));
}

TEST(Knn, NeighborsVoteAndTheSharesOfClassesCountAsOneVoteMore) {
  TableMaker maker({"happy", "sad"});
  maker.add({0.0F}, 0).add({1.0F}, 0).add({2.0F}, 1).add({10.0F}, 1);
  KnnOptions options;
  options.neighbors = {3};
  const auto knn = test::train(options, maker.table(), {}).classifier;
  // Of 0.4: votes 2 and 1, shares one half each. Of 9: neighbors 10, 2, 1.
  EXPECT_THAT(knn->answer(Eigen::RowVectorXf::Constant(1, 0.4F)).probabilities,
              ElementsAre(2.5 / 4.0, 1.5 / 4.0));
  EXPECT_THAT(knn->answer(Eigen::RowVectorXf::Constant(1, 9.0F)).probabilities,
              ElementsAre(1.5 / 4.0, 2.5 / 4.0));
}

TEST(Knn, InnerFoldsPreferManyVotersAmongNoise) {
  // A third of the labels are wrong: one neighbor repeats them, fifteen outvote them.
  TableMaker maker({"happy", "sad"});
  std::mt19937_64 rng(2);
  for (int i = 0; i < 120; ++i) {
    const int truth = i % 2;
    const bool wrong = uniform_real(rng) < 0.33;
    maker.add({static_cast<float>((truth == 0 ? -2.0 : 2.0) + 0.5 * normal_real(rng))},
              wrong ? 1 - truth : truth);
  }
  KnnOptions options;
  options.neighbors = {1, 15};
  EXPECT_EQ(test::train(options, maker.table(), {}).chosen["neighbors"], 15.0);
}

TEST(Knn, RefusesMoreNeighborsThanRows) {
  KnnOptions options;
  options.neighbors = {100};
  EXPECT_THAT(message_of<UsageError>([&] { test::train(options, blobs(4), {}); }),
              HasSubstr("knn: there are 12 rows to train with"));
}

TEST(DecisionTree, ASingleQuestionDividesAtTheMiddleOfTheGap) {
  TableMaker maker({"happy", "sad"});
  for (int i = 0; i < 6; ++i) maker.add({0.0F, static_cast<float>(i % 2), 1.0F}, 0);
  for (int i = 0; i < 6; ++i) maker.add({0.0F, static_cast<float>(i % 2), 3.0F}, 1);
  DecisionTreeOptions options;
  options.max_depth = {1};
  const auto tree = test::train(options, maker.table(), {}).classifier;
  const auto happy_at = [&](float x) {
    Eigen::RowVectorXf row(3);
    row << 0.0F, 0.0F, x;
    return tree->answer(row).probabilities[0];
  };
  // Leaves of six rows of one class, one row more for each class: 7 of 8.
  EXPECT_FLOAT_EQ(static_cast<float>(happy_at(1.9F)), 7.0F / 8.0F);
  EXPECT_FLOAT_EQ(static_cast<float>(happy_at(2.1F)), 1.0F / 8.0F);
}

TEST(DecisionTree, TwoQuestionsSolveWhatOneCannot) {
  TableMaker maker({"happy", "sad"});
  for (int i = 0; i < 40; ++i) {  // sad in the middle
    maker.add({static_cast<float>(i)}, i >= 10 && i < 25 ? 1 : 0);
  }
  DecisionTreeOptions options;
  options.min_rows = 2;
  options.max_depth = {1};
  const TrainingTable table = maker.table();
  EXPECT_LT(accuracy(*test::train(options, table, {}).classifier, table), 0.9);
  options.max_depth = {1, 2};
  const auto trained = test::train(options, table, {});
  EXPECT_EQ(trained.chosen["max_depth"], 2.0);
  EXPECT_EQ(accuracy(*trained.classifier, table), 1.0);
}

TEST(RandomForest, TreesVoteAndAnotherSeedGrowsOthers) {
  const TrainingTable table = exclusive_or();
  RandomForestOptions options;
  options.trees = 30;
  const auto forest = test::train(options, table, {.seed = 1}).classifier;
  EXPECT_GE(accuracy(*forest, table), 0.95);
  for (const auto& probabilities : answers(*forest, table)) {
    const double votes = 30.0 * probabilities[0];  // whole voices
    EXPECT_NEAR(votes, std::round(votes), 1e-6);
  }
  const auto other = test::train(options, table, {.seed = 2}).classifier;
  EXPECT_NE(answers(*forest, table), answers(*other, table));
}

TEST(Mlp, SolvesExclusiveOrAndAnotherSeedDrawsOtherWeights) {
  const TrainingTable table = exclusive_or();
  MlpOptions options = quick_mlp();
  options.weight_decay = {0.01};
  options.epochs = 80;
  options.batch_size = 8;
  const auto mlp = test::train(options, table, {.seed = 1}).classifier;
  EXPECT_GE(accuracy(*mlp, table), 0.95);
  const auto other = test::train(options, table, {.seed = 2}).classifier;
  EXPECT_NE(answers(*mlp, table), answers(*other, table));
}

TEST(Mlp, WeightDecayPullsTheAnswersTogether) {
  const TrainingTable table = blobs();
  const auto surest = [&](double decay) {
    MlpOptions options = quick_mlp();
    options.weight_decay = {decay};
    double largest = 0.0;
    for (const auto& p : answers(*test::train(options, table, {}).classifier, table)) {
      largest = std::max(largest, p[static_cast<std::size_t>(argmax(p))]);
    }
    return largest;
  };
  EXPECT_GT(surest(0.0), 0.99);
  EXPECT_LT(surest(10.0), 0.6);
}

}  // namespace
}  // namespace mer
