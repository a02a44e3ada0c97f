#include "mer/experiment/sweep_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class SweepPlanTest : public testing::Test {
 protected:
  SweepPlan plan(const std::string& text, const std::vector<std::string>& sets = {}) const {
    return plan_sweep(read_sweep_file(folder_.write("s.yaml", text), sets));
  }
  std::string error_of(const std::string& text, const std::vector<std::string>& sets = {}) const {
    return message_of<UsageError>([&] { plan(text, sets); });
  }
  static std::vector<std::string> names_of(const SweepPlan& plan) {
    std::vector<std::string> names;
    for (const SweepCell& cell : plan.cells) names.push_back(cell.name);
    return names;
  }
  TemporaryFolder folder_;
};

TEST_F(SweepPlanTest, NamesCellsByWhatVaries) {
  const SweepPlan made =
      plan("grid: {loss.name: [softmax, inter_center], segment.length_s: [2.5, 10]}\nseeds: [3]\n");
  EXPECT_THAT(names_of(made),
              ElementsAre("softmax_length_s-2.5_seed-3", "softmax_length_s-10_seed-3",
                          "inter_center_length_s-2.5_seed-3", "inter_center_length_s-10_seed-3"));
  EXPECT_EQ(made.rows[1].name, "softmax_length_s-10");
  EXPECT_EQ(made.cells[1].config.loss.name, "softmax");
  EXPECT_EQ(made.cells[1].config.segment.length_s, 10.0);
  EXPECT_EQ(made.cells[1].config.train.seed, 3);
  EXPECT_EQ(made.cells[1].repeat, "seed-3");
}

TEST_F(SweepPlanTest, WritesWholeKeysWhereTheirLastWordsAreAlike) {
  EXPECT_THAT(
      names_of(plan("grid: {features.mel.min_hz: [10], features.contrast.min_hz: [150]}\n")),
      ElementsAre("features.mel.min_hz-10_features.contrast.min_hz-150"));
}

TEST_F(SweepPlanTest, LetsACellStartFromAConfigOfItsOwn) {
  folder_.write("base.yaml", "train: {lr: 0.1, epochs: 1}\n");
  folder_.write("other.yaml", "train: {lr: 0.2}\n");
  const SweepPlan made = plan(
      "base: base.yaml\nset: {train.batch_size: 3}\ncells:\n  - {name: a}\n"
      "  - {name: b, base: other.yaml}\n");
  EXPECT_EQ(made.cells[0].config.train.lr, 0.1);
  EXPECT_EQ(made.cells[1].config.train.lr, 0.2);
  EXPECT_EQ(made.cells[1].config.train.epochs, TrainOptions().epochs);
  EXPECT_EQ(made.cells[1].config.train.batch_size, 3);
}

TEST_F(SweepPlanTest, PutsCellsThatAnswerTogetherAfterTheRuns) {
  const SweepPlan made = plan(
      "cells:\n  - {name: both, ensemble: [a, b]}\n  - {name: a, set: {model.name: svm}}\n"
      "  - {name: b, set: {model.name: knn}}\n  - {name: all, ensemble: [both, a]}\nseeds: [0, "
      "1]\n");
  EXPECT_THAT(names_of(made),
              ElementsAre("a_seed-0", "a_seed-1", "b_seed-0", "b_seed-1", "both_seed-0",
                          "both_seed-1", "all_seed-0", "all_seed-1"));
  EXPECT_EQ(made.num_runs(), 4U);
  EXPECT_THAT(made.cells[5].members, ElementsAre(1U, 3U));
  EXPECT_THAT(made.cells[6].members, ElementsAre(4U, 0U));
  EXPECT_THAT(made.rows[0].cells, ElementsAre(4U, 5U));
  EXPECT_THAT(
      error_of("cells:\n  - {name: a, set: {model.name: svm}}\n  - {name: c, ensemble: [a, d]}\n"),
      HasSubstr("'c' is an ensemble with 'd', which is no other cell"));
  EXPECT_THAT(error_of("cells: [{name: c, ensemble: [a]}]\n"), HasSubstr("cells.ensemble"));
}

TEST_F(SweepPlanTest, LetsWhatIsNearerToTheCellWin) {
  folder_.write("base.yaml", "train: {lr: 0.1, epochs: 1, batch_size: 1, iterations: 1}\n");
  const SweepPlan made = plan(
      "variants: {v: {base: base.yaml, set: {train: {epochs: 3, batch_size: 3, iterations: 3}}}}\n"
      "set: {train: {lr: 0.2, epochs: 2}}\n"
      "cells:\n  - {name: c, set: {train: {batch_size: 4, iterations: 4}},\n"
      "     set_in: {v: {train.iterations: 5}, w: {train.iterations: 6}}}\n",
      {"train.patience=7"});
  const TrainOptions& train = made.cells.at(0).config.train;
  EXPECT_EQ(made.cells[0].name, "v_c");
  EXPECT_EQ(train.lr, 0.2);        // the sweep's set over the base
  EXPECT_EQ(train.epochs, 3);      // the variant's over the sweep's
  EXPECT_EQ(train.batch_size, 4);  // the cell's over the variant's
  EXPECT_EQ(train.iterations, 5);  // the cell's for this variant over that
  EXPECT_EQ(train.patience, 7);    // the command line's over all
}

TEST_F(SweepPlanTest, LeavesOutCellsThatAreOfOtherVariants) {
  EXPECT_THAT(names_of(plan("variants: {v: {}, w: {set: {train.seed: 9}}}\n"
                            "cells: [{name: a}, {name: b, only_in: [w], set: {train.lr: 0.5}}]\n")),
              ElementsAre("v_a", "w_a", "w_b"));
}

TEST_F(SweepPlanTest, FindsAReferenceByNameOrByTheKeysThatDiffer) {
  const std::string grid = "grid: {loss.name: [softmax, inter_center], segment.length_s: [3, 5]}\n";
  const SweepPlan by_key = plan(grid + "reference: {loss.name: softmax}\n");
  EXPECT_FALSE(by_key.rows[0].reference);
  EXPECT_FALSE(by_key.rows[1].reference);
  EXPECT_EQ(by_key.rows[2].reference, 0U);
  EXPECT_EQ(by_key.rows[3].reference, 1U);
  const SweepPlan by_name = plan(grid + "reference: softmax_length_s-5\n");
  EXPECT_EQ(by_name.rows[0].reference, 1U);
  EXPECT_FALSE(by_name.rows[1].reference);
  EXPECT_EQ(by_name.rows[3].reference, 1U);
  const SweepPlan own = plan(
      "cells: [{name: a}, {name: b, set: {train.seed: 1}}, {name: c, set: {train.seed: 2}, "
      "reference: b}]\n"
      "reference: a\n");
  EXPECT_EQ(own.rows[1].reference, 0U);
  EXPECT_EQ(own.rows[2].reference, 1U);
}

TEST_F(SweepPlanTest, RefusesUnknownKeysBeforeAnythingRuns) {
  EXPECT_THAT(error_of("seeds: [0]\ngrid:\n  model.nam: [a]\n"),
              AllOf(HasSubstr("s.yaml:3: unknown key 'model.nam'"), HasSubstr("'model.name'?")));
  EXPECT_THAT(error_of("set: {train.lr: fast}\n"), HasSubstr("s.yaml:1: 'train.lr' is 'fast'"));
  EXPECT_THAT(error_of("grid: {loss.name: [softmx]}\n"), HasSubstr("'softmax'?"));
}

TEST_F(SweepPlanTest, RefusesTwoCellsWithTheSameEffectiveConfig) {
  EXPECT_THAT(error_of("cells: [{name: a}, {name: b, set: {train.lr: 0.001}}]\n"),
              HasSubstr("cells 'a' and 'b' have the same effective config"));
  EXPECT_THAT(error_of("grid: {train.seed: [0, 1]}\n", {"train.seed=5"}),
              HasSubstr("cells 'cell_seed-0' and 'cell_seed-1' have the same effective config"));
  EXPECT_THAT(error_of("grid: {train.seed: [0, 0]}\n"),
              HasSubstr("two cells are called 'cell_seed-0'"));
  // Threads and the store's place don't change what is learned.
  EXPECT_THAT(error_of("cells: [{name: a}, {name: b, set: {train.threads: 2, data.store: x}}]\n"),
              HasSubstr("same effective config"));
}

TEST_F(SweepPlanTest, RefusesNamesThatAreNoCells) {
  const std::string cells = "cells: [{name: cnn}, {name: crnn, set: {train.seed: 1}}]\n";
  EXPECT_THAT(error_of(cells + "reference: cnnn\n"),
              AllOf(HasSubstr("s.yaml:2: the reference 'cnnn' is no cell"), HasSubstr("'cnn'?")));
  EXPECT_THAT(error_of(cells + "reference: {cell: cnnn}\n"), HasSubstr("value 'cnnn'"));
  EXPECT_THAT(error_of(cells + "reference: {model.name: cnn}\n"), HasSubstr("does not vary"));
  EXPECT_THAT(error_of(cells + "paper: {accuracy: {cn: 1}}\n"), HasSubstr("'cn' is no cell"));
  EXPECT_THAT(error_of(cells + "claims: [{says: x, holds_if: [accuracy(x) > 0]}]\n"),
              HasSubstr("s.yaml:2: the claim's 'x' is no cell"));
  EXPECT_THAT(error_of(cells + "claims: [{says: x, holds_if: [gap(cnn) > 0]}]\n"),
              HasSubstr("add train_accuracy to `show:`"));
}

TEST_F(SweepPlanTest, KnowsWhichCellsShareTheirFeatures) {
  const SweepPlan made = plan(
      "grid: {train.seed: [0, 1], features.residual_phase.order: [16, 32], segment.length_s: [3, "
      "5]}");
  // Rows: order × seconds; the first two cells' recipe is that of order 16.
  EXPECT_THAT(cells_with_distinct_features(made, {0, 1, 2, 3, 4, 5, 6, 7}), ElementsAre(0U, 4U));
  EXPECT_THAT(cells_with_distinct_features(made, {5, 7}), ElementsAre(5U));
  // A system that sees embeddings needs more than one of the same features that sees none.
  const SweepPlan embedded = plan(
      "set: {model.name: svm, embed.networks: [musicnn]}\n"
      "grid: {train.seed: [0, 1], classic.song_vector: [[statistics], [embeddings]]}\n");
  EXPECT_THAT(cells_with_distinct_features(embedded, {0, 1, 2, 3}), ElementsAre(0U, 2U));
}

TEST_F(SweepPlanTest, ChecksTheSongsOfEveryFoldBeforeAnythingRuns) {
  std::string text = "path,label,group\n";
  for (int i = 0; i < 6; ++i) {
    const std::string name = "s" + std::to_string(i) + ".wav";
    folder_.write(name, "");
    text += name + (i < 4 ? ",happy,g" : ",sad,g") + std::to_string(i) + "\n";
  }
  folder_.write("m.csv", text);
  const std::string manifest = "set: {data.manifest: m.csv, data.split.validation_fraction: 0}\n";
  EXPECT_NO_THROW(check_songs(plan(manifest + "grid: {data.split.folds: [2]}\n")));
  EXPECT_THAT(message_of<UsageError>(
                  [&] { check_songs(plan(manifest + "grid: {data.split.folds: [3]}\n")); }),
              HasSubstr("class 'sad' has 2 groups (2 songs), too few for 3 folds"));
  EXPECT_THAT(message_of<UsageError>([&] { check_songs(plan("seeds: [0]\n")); }),
              HasSubstr("'data.manifest' is not given"));
  // A split that the manifest gives may lack a class.
  text = "path,label,split\n";
  for (int i = 0; i < 6; ++i) {
    text += "s" + std::to_string(i) + ".wav," + (i < 3 ? "happy" : "sad") + "," +
            (i == 0 || i == 3 ? "validation"
             : i == 1         ? "test"
                              : "train") +
            "\n";
  }
  folder_.write("m.csv", text);
  EXPECT_THAT(message_of<UsageError>([&] { check_songs(plan(manifest)); }),
              HasSubstr("no song of class 'sad' in the part 'test'"));
}

}  // namespace
}  // namespace mer
