#include "mer/experiment/sweep_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/experiment/sweep_plan.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class SweepFileTest : public testing::Test {
 protected:
  SweepFile read(const std::string& text, const std::vector<std::string>& sets = {}) const {
    return read_sweep_file(folder_.write("sweeps/s.yaml", text), sets);
  }
  std::string error_of(const std::string& text, const std::vector<std::string>& sets = {}) const {
    return message_of<UsageError>([&] { read(text, sets); });
  }
  TemporaryFolder folder_;
};

TEST_F(SweepFileTest, TakesPathsFromItsOwnFolder) {
  const SweepFile sweep = read("base: ../base.yaml\nset: {data.manifest: songs.csv}\n");
  ASSERT_THAT(sweep.variants, SizeIs(1));
  EXPECT_EQ(sweep.variants[0].base, folder_ / "base.yaml");
  EXPECT_EQ(sweep.set[0].base_dir, folder_ / "sweeps");
}

TEST_F(SweepFileTest, ReadsNestedKeysAsDottedOnes) {
  const SweepFile sweep = read(
      "set: {train: {lr: 0.1, epochs: 2, seed: 3}}\n"
      "grid:\n  model.name: [cnn, crnn]\n  segment: {length_s: [3, 5]}\n");
  std::vector<std::string> keys;
  for (const Setting& setting : sweep.set) keys.push_back(setting.key + "=" + setting.yaml);
  EXPECT_THAT(keys, ElementsAre("train.lr=0.1", "train.epochs=2", "train.seed=3"));
  ASSERT_THAT(sweep.grid, SizeIs(2));
  EXPECT_EQ(sweep.grid[1].key, "segment.length_s");
  EXPECT_EQ(sweep.grid[1].values[1].yaml, "5");
  EXPECT_THAT(sweep.grid[1].values[1].place, testing::EndsWith("s.yaml:4"));
}

TEST_F(SweepFileTest, TakesKeysOfItsOwnAndOfCellsFromTheCommandLine) {
  const SweepFile sweep =
      read("variants: {a: {}, b: {}}\nseeds: [0, 1]\n", {"seeds=[7]", "only=[b]", "train.lr=0.5"});
  ASSERT_THAT(sweep.variants, SizeIs(1));
  EXPECT_EQ(sweep.variants[0].name, "b");
  ASSERT_THAT(sweep.repeats, SizeIs(1));
  EXPECT_EQ(sweep.repeats[0].key, "train.seed");
  EXPECT_EQ(sweep.repeats[0].values[0].yaml, "7");
  ASSERT_THAT(sweep.overrides, SizeIs(1));
  EXPECT_EQ(sweep.overrides[0].key, "train.lr");
}

TEST_F(SweepFileTest, TakesSeedsInTheGridForRepeats) {
  const SweepFile sweep = read("grid: {train.seed: [0, 1], model.name: [cnn]}\nsplits: [3, 4]\n");
  ASSERT_THAT(sweep.grid, SizeIs(1));
  ASSERT_THAT(sweep.repeats, SizeIs(2));
  EXPECT_EQ(sweep.repeats[1].key, "data.split.seed");
}

TEST_F(SweepFileTest, PairsSplitsWithSeeds) {
  const SweepPlan plan = plan_sweep(read("repeats: [3, 4]\n"));
  ASSERT_THAT(plan.cells, SizeIs(2));
  EXPECT_EQ(plan.cells[1].name, "cell_repeat-4");
  EXPECT_EQ(plan.cells[1].config.data.split.seed, 4U);
  EXPECT_EQ(plan.cells[1].config.train.seed, 4U);
  EXPECT_THAT(message_of<UsageError>([&] { read("repeats: [0]\nseeds: [1]\n"); }),
              HasSubstr("'repeats' stands beside seeds or splits"));
}

TEST_F(SweepFileTest, HoldsThePapersNumbersAndClaims) {
  const SweepFile sweep = read(
      "confusion_order: [sad, happy]\n"
      "paper: {accuracy: {cnn: 81.08}, confusion: {cnn: [[90, 10], [20, 80]]}}\n"
      "claims: [{says: it is better, paper: measured, holds_if: [accuracy(a) > accuracy(b)]}]\n");
  EXPECT_EQ(sweep.paper.by_measure.at("accuracy").at("cnn"), 81.08);
  EXPECT_EQ(sweep.paper.confusion.at("cnn")[1][0], 20.0);
  ASSERT_THAT(sweep.claims, SizeIs(1));
  EXPECT_EQ(sweep.claims[0].holds_if[0].larger.row, "a");
}

TEST_F(SweepFileTest, NamesUnknownKeysWithTheirLineAndTheNearest) {
  EXPECT_THAT(error_of("seeds: [0]\nnotse: [a]\n"),
              AllOf(HasSubstr("s.yaml:2: unknown key 'notse'"), HasSubstr("'notes'?")));
  EXPECT_THAT(error_of("cells:\n  - {nam: a}\n"), HasSubstr("'cells' lacks the key 'name'"));
  EXPECT_THAT(error_of("cells:\n  - {name: a, ste: {}}\n"),
              AllOf(HasSubstr("s.yaml:2: unknown key 'cells.ste'"), HasSubstr("'set'?")));
  EXPECT_THAT(error_of("variants: {small: {bas: x}}\n"), HasSubstr("'variants.small.bas'"));
  EXPECT_THAT(error_of("paper: {acuracy: {a: 1}}\n"), HasSubstr("did you mean 'accuracy'?"));
}

TEST_F(SweepFileTest, NamesValuesThatCannotBe) {
  EXPECT_THAT(error_of("score: tst\n"), AllOf(HasSubstr("'score' is 'tst'"), HasSubstr("'test'?")));
  EXPECT_THAT(error_of("seeds: 3\n"), HasSubstr("'seeds' is '3', allowed: a list"));
  EXPECT_THAT(error_of("seeds: []\n"), HasSubstr("at least one value"));
  EXPECT_THAT(error_of("grid: {model.name: cnn}\n"), HasSubstr("'grid.model.name' is 'cnn'"));
  EXPECT_THAT(error_of("paper: {accuracy: {a: much}}\n"), HasSubstr("allowed: a number"));
  EXPECT_THAT(error_of("paper: {confusion: {a: [[1]]}}\n"), HasSubstr("confusion_order"));
  EXPECT_THAT(error_of("seeds: [0]\ngrid: {train.seed: [1]}\n"), HasSubstr("say the same"));
  EXPECT_THAT(error_of("variants: {small: {}}\n", {"only=[smal]"}), HasSubstr("'small'?"));
  EXPECT_THAT(error_of("score: none\nshow: [train_accuracy]\n"), HasSubstr("does not go with"));
}

}  // namespace
}  // namespace mer
