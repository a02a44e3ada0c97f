#include "mer/experiment/sweep_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

/// Four songs s1 … s4, each a group of its own with two segments: s1, s2 of class 0, s3, s4 of 1.
/// @param right  which of them are recognized, e.g. {true, false, true, true}
ScoredPart songs(const std::vector<bool>& right, std::size_t first = 0) {
  ScoredPart part;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const std::string id = "s" + std::to_string(first + i + 1);
    const int truth = first + i < 2 ? 0 : 1;
    const ScoredItem song{id, "group of " + id, truth, right[i] ? truth : 1 - truth};
    part.songs.push_back(song);
    part.segments.push_back(song);
    part.segments.push_back({id, song.group, truth, truth});  // the other segment is right
  }
  return part;
}

CellResults cell(const std::vector<RunResults>& runs) { return {{"calm", "loud"}, runs, {}}; }

CellResults cell(const std::vector<bool>& right) {
  RunResults run;
  run.scored = songs(right);
  run.training_songs = 8;
  run.baseline_accuracy = 0.5;
  return cell(std::vector<RunResults>{run});
}

class SummaryTest : public testing::Test {
 protected:
  SweepPlan plan(const std::string& more) const {
    return plan_sweep(read_sweep_file(
        folder_.write("demo.yaml", "grid: {loss.name: [softmax, inter_center]}\n" + more), {}));
  }
  TemporaryFolder folder_;
};

/// softmax: s1 right with seed 0, s1 and s2 with seed 1; inter_center: s1, s2, s3 with both.
class TwoSeeds : public SummaryTest {
 protected:
  SweepSummary summary(const std::string& more = "") {
    plan_ = plan("seeds: [0, 1]\nreference: softmax\n" + more);
    return summarize(plan_,
                     {cell({true, false, false, false}), cell({true, true, false, false}),
                      cell({true, true, true, false}), cell({true, true, true, false})},
                     {});
  }
  SweepPlan plan_;
};

TEST_F(TwoSeeds, GiveARowTheirMeanAndDeviation) {
  const RowSummary row = summary().rows[0];
  EXPECT_EQ(row.finished, 2U);
  EXPECT_EQ(row.num_songs, 4U);
  EXPECT_EQ(row.num_groups, 4U);
  EXPECT_EQ(row.num_segments, 8U);
  EXPECT_DOUBLE_EQ(row.song_accuracy.mean, (0.25 + 0.5) / 2.0);
  EXPECT_DOUBLE_EQ(row.song_accuracy.deviation, 0.25 / std::sqrt(2.0));
  // Every song has one segment more that is right: (5/8 + 6/8) / 2.
  EXPECT_DOUBLE_EQ(row.segment_accuracy.mean, 5.5 / 8.0);
  EXPECT_LE(row.song_accuracy.ci95[0], row.song_accuracy.mean);
  EXPECT_GE(row.song_accuracy.ci95[1], row.song_accuracy.mean);
  EXPECT_EQ(row.song_confusion(0, 0), 3);
  EXPECT_EQ(row.song_confusion(1, 0), 4);
}

TEST_F(TwoSeeds, CountASongForTheRowThatIsRightMoreOften) {
  const SweepSummary made = summary();
  EXPECT_FALSE(made.rows[0].comparison);
  const PairedComparison& test = *made.rows[1].comparison;
  EXPECT_EQ(test.num_pairs, 2U);
  EXPECT_EQ(test.common_songs, 4U);
  EXPECT_TRUE(test.same_songs);
  EXPECT_EQ(test.better, 2);  // s2 once, s3 twice
  EXPECT_EQ(test.worse, 0);
  EXPECT_DOUBLE_EQ(test.mcnemar_p, 0.5);  // 2 / 2²
  EXPECT_DOUBLE_EQ(test.song_difference, 0.375);
  // Half of the songs' segments are right anyway.
  EXPECT_DOUBLE_EQ(test.segment_difference, 0.1875);
  EXPECT_FALSE(test.nadeau_bengio);  // two seeds are no two splits
}

TEST_F(TwoSeeds, JudgeClaimsByTheirIntervals) {
  const SweepSummary made = summary(
      "claims:\n"
      "  - {says: a, holds_if: [accuracy(inter_center) > accuracy(softmax)]}\n"
      "  - {says: b, holds_if: [recall.calm(inter_center) > 0.9]}\n"
      "  - {says: c, holds_if: [recall.loud(softmax) > 0.1]}\n"
      "  - {says: d, holds_if: [confused.calm.loud(softmax) > 0.1, accuracy(softmax) < 0.9]}\n"
      "  - {says: e}\n");
  ASSERT_THAT(made.claims, SizeIs(5));
  // A resample without s2 and s3 has no difference: the interval begins at 0.
  EXPECT_DOUBLE_EQ(made.claims[0][0].of_songs[0].difference, 0.375);
  EXPECT_EQ(made.claims[0][0].songs, Verdict::kUndecided);
  EXPECT_EQ(made.claims[1][0].songs, Verdict::kHolds);  // 1 in every resample
  EXPECT_EQ(made.claims[2][0].songs, Verdict::kFails);  // 0 in every resample
  EXPECT_EQ(made.claims[2][0].segments, Verdict::kHolds);
  // Of the calm songs 1 of 4 is taken for loud, of the loud ones 4 of 4 for calm.
  EXPECT_DOUBLE_EQ(made.claims[3][0].of_songs[0].difference, 5.0 / 8.0 - 0.1);
  EXPECT_THAT(made.claims[4], SizeIs(0));
}

TEST_F(TwoSeeds, BeginWithWhatCameOutInASentence) {
  const SweepSummary made = summary(
      "claims:\n"
      "  - {says: a, holds_if: [accuracy(inter_center) > accuracy(softmax)]}\n"
      "  - {says: b, holds_if: [recall.calm(inter_center) > 0.9]}\n"
      "  - {says: c, holds_if: [recall.loud(softmax) > 0.1]}\n"
      "  - {says: e}\n");
  const std::string text = summary_markdown(plan_, made);
  EXPECT_THAT(text,
              testing::StartsWith("# demo\n\nBest is **inter_center** with 75.0 % of the test "
                                  "songs right ["));
  EXPECT_THAT(text,
              HasSubstr("], +37.5 points against **softmax**, which is not beyond chance (p "));
  EXPECT_THAT(text, HasSubstr("); of 3 claims 1 holds, 1 does not, 1 is left open by the "
                              "intervals.\n\n4 of 4 cells"));
  const SweepSummary reversed =
      summarize(plan_,
                {cell({true, true, true, true}), cell({true, true, true, true}),
                 cell({false, false, false, false}), cell({false, false, false, false})},
                {});
  EXPECT_THAT(summary_markdown(plan_, reversed),
              HasSubstr("Best is **softmax** with 100.0 % of the test songs right [100.0, 100.0], "
                        "the reference; the other is worse beyond chance; of 3 claims"));
  EXPECT_THAT(
      summary_markdown(plan_, summarize(plan_, std::vector<std::optional<CellResults>>(4), {})),
      HasSubstr("Nothing to compare has finished yet.\n"));
}

TEST_F(TwoSeeds, StandBesideThePapersNumbersInTheMarkdown) {
  const SweepSummary made = summary("paper: {accuracy: {softmax: 81.08}}\nnotes: [so it is]\n");
  const std::string text = summary_markdown(plan_, made);
  EXPECT_THAT(text, HasSubstr("4 of 4 cells have finished"));
  EXPECT_THAT(text, HasSubstr("| cell | paper: accuracy | songs | segments | runs |"));
  EXPECT_THAT(text, HasSubstr("| softmax | 81.08 | 37.5 ± 17.7 ["));
  EXPECT_THAT(text, HasSubstr("| inter_center | – | 75.0 ± 0.0 ["));
  EXPECT_THAT(text, HasSubstr("| inter_center | softmax | +37.5 ["));
  EXPECT_THAT(text, HasSubstr("| 2 / 0 | 0.500 |"));
  EXPECT_THAT(text, HasSubstr("* so it is"));
}

TEST_F(TwoSeeds, AreALineOfTheCsvWithEveryNumberByName) {
  const SweepSummary made = summary("paper: {accuracy: {softmax: 81.08}}\n");
  const std::vector<CsvRow> rows = parse_csv(summary_csv(plan_, made), "summary.csv");
  ASSERT_THAT(rows, SizeIs(3));
  const auto at = [&](std::size_t row, const std::string& column) {
    const auto& header = rows[0].cells;
    const auto found = std::find(header.begin(), header.end(), column);
    return rows[row].cells.at(static_cast<std::size_t>(found - header.begin()));
  };
  EXPECT_EQ(at(1, "loss.name"), "softmax");
  EXPECT_EQ(at(1, "song_accuracy"), "0.375");
  EXPECT_EQ(at(1, "paper_accuracy"), "81.08");
  EXPECT_EQ(at(1, "difference"), "");
  EXPECT_EQ(at(2, "reference"), "softmax");
  EXPECT_EQ(at(2, "difference"), "0.375");
  EXPECT_EQ(at(2, "songs_better"), "2");
}

TEST_F(SummaryTest, ComparesFoldsByNadeauAndBengio) {
  const SweepPlan made = plan("set: {data.split.folds: 2}\nreference: softmax\n");
  const auto fold = [](const std::vector<bool>& right, std::size_t first) {
    RunResults run;
    run.scored = songs(right, first);
    run.training_songs = 2;
    return run;
  };
  const SweepSummary summary =
      summarize(made,
                {cell(std::vector<RunResults>{fold({false, false}, 0), fold({true, false}, 2)}),
                 cell(std::vector<RunResults>{fold({true, false}, 0), fold({true, false}, 2)})},
                {});
  EXPECT_EQ(summary.rows[0].num_runs, 2U);
  EXPECT_DOUBLE_EQ(summary.rows[0].song_accuracy.mean, 0.25);
  EXPECT_DOUBLE_EQ(summary.rows[0].song_accuracy.deviation, 0.5 / std::sqrt(2.0));
  // Differences 1/2 and 0: mean 1/4, s² = 1/8; J = 2, test/train = 1:
  // t = 0.25 / sqrt(1.5 / 8) = 1/sqrt(3), of one degree: p = 1 − 2/π · atan(1/sqrt(3)) = 2/3.
  const PairedComparison& test = *summary.rows[1].comparison;
  ASSERT_TRUE(test.nadeau_bengio);
  EXPECT_NEAR(test.nadeau_bengio->t, 1.0 / std::sqrt(3.0), 1e-12);
  EXPECT_NEAR(test.nadeau_bengio->p, 2.0 / 3.0, 1e-12);
}

TEST_F(SummaryTest, MeasuresTheGapToTheTrainingSongs) {
  const SweepPlan made = plan("show: [train_accuracy]\n");
  CellResults one = cell({true, false, false, false});
  one.runs[0].training = songs({true, true, true, false}, 4);
  CellResults other = one;
  const SweepSummary summary = summarize(made, {one, other}, {});
  EXPECT_DOUBLE_EQ(summary.rows[0].train_accuracy.mean, 0.75);
  EXPECT_DOUBLE_EQ(summary.rows[0].gap.mean, 0.5);
  EXPECT_DOUBLE_EQ(summary.rows[0].segment_gap.mean, 7.0 / 8.0 - 5.0 / 8.0);
  EXPECT_THAT(summary_markdown(made, summary), HasSubstr("## Training songs"));
}

TEST_F(SummaryTest, ComparesLossesOverRuns) {
  const SweepPlan made = plan(
      "seeds: [0, 1, 2]\nscore: none\nshow: [loss]\nloss_after: 10\n"
      "claims: [{says: lower, holds_if: [loss.10(inter_center) < loss.10(softmax)]},\n"
      "         {says: settled, holds_if: [loss_fall.10(softmax) < 0.1]},\n"
      "         {says: large, holds_if: [loss_as_printed.10(softmax) > 90]}]\n");
  const auto losses = [](double late) {
    RunResults run;
    run.losses = {
        {10, 5.0, 5.0, 200.0}, {20, late + 0.1, 0.0, 100.0}, {30, late - 0.1, 0.0, 90.0 + late}};
    CellResults one;
    one.runs = {run};
    return one;
  };
  const SweepSummary summary = summarize(
      made, {losses(1.0), losses(1.1), losses(1.2), losses(0.9), losses(1.0), losses(1.1)}, {});
  EXPECT_NEAR(summary.rows[0].loss, 1.1, 1e-12);  // of 20 and 30, not of 10
  EXPECT_NEAR(summary.rows[0].loss_deviation, 0.1, 1e-12);
  EXPECT_NEAR(summary.rows[0].loss_in_time, 0.2 / std::sqrt(2.0), 1e-12);
  EXPECT_TRUE(std::isnan(summary.rows[0].song_accuracy.mean));
  // The difference is 0.1 in each of the three.
  EXPECT_NEAR(summary.claims[0][0].of_songs[0].difference, 0.1, 1e-12);
  EXPECT_EQ(summary.claims[0][0].songs, Verdict::kHolds);
  // From 5 to 0.9, of which 0.2 come after 20: 0.2 / 4.1; with 1.0 and 1.1 0.2 / 4.0 and 0.2 / 3.9.
  EXPECT_NEAR(summary.rows[0].loss_fall, 0.2 / 3.0 * (1 / 4.1 + 1 / 4.0 + 1 / 3.9), 1e-12);
  EXPECT_EQ(summary.claims[1][0].songs, Verdict::kHolds);
  EXPECT_EQ(summary.claims[2][0].songs, Verdict::kHolds);
  EXPECT_THAT(loss_csv(made, summary, &LossPoint::as_printed), HasSubstr("\n20,100,100\n"));
  EXPECT_THAT(parse_csv(loss_csv(made, summary), "loss.csv"), SizeIs(4));
  EXPECT_THAT(loss_csv(made, summary), HasSubstr("iteration,softmax,inter_center\n10,5,5\n"));
}

TEST_F(SummaryTest, ResamplesSplitsTooWhereThereAreSeveral) {
  // All songs right in one split, none in the other: with songs alone there is nothing to resample.
  const std::vector<bool> all(4, true);
  const std::vector<bool> none(4, false);
  const auto row_with = [&](const std::string& repeats) {
    const SweepPlan made = plan(repeats + ": [0, 1]\nreference: softmax\n");
    return summarize(made, {cell(all), cell(none), cell(all), cell(all)}, {}).rows;
  };
  const auto seeds = row_with("seeds");
  EXPECT_EQ(seeds[0].song_accuracy.ci95, (Interval{0.5, 0.5}));
  EXPECT_EQ(seeds[1].comparison->song_bootstrap.ci95, (Interval{0.5, 0.5}));
  for (const std::string axis : {"splits", "repeats"}) {
    const auto splits = row_with(axis);
    EXPECT_DOUBLE_EQ(splits[0].song_accuracy.mean, 0.5);
    EXPECT_EQ(splits[0].song_accuracy.ci95, (Interval{0.0, 1.0})) << axis;
    EXPECT_EQ(splits[1].comparison->song_bootstrap.ci95, (Interval{0.0, 1.0})) << axis;
  }
}

TEST_F(SummaryTest, TakesNoSongsOfOneArtistForIndependent) {
  const SweepPlan made = plan("reference: softmax\n");
  CellResults one = cell({true, false, false, false});
  CellResults other = cell({true, true, true, false});
  for (CellResults* results : {&one, &other}) {
    ScoredPart& scored = results->runs[0].scored;
    for (auto* items : {&scored.songs, &scored.segments}) {
      for (ScoredItem& item : *items) {
        if (item.song == "s2") item.group = "group of s1";
      }
    }
  }
  const auto comparison = summarize(made, {one, other}, {}).rows[1].comparison;
  EXPECT_TRUE(std::isnan(comparison->mcnemar_p));
  EXPECT_EQ(comparison->better, 2);
}

TEST_F(SummaryTest, MeasuresHowFarApartTheEmbeddingsAre) {
  const SweepPlan made = plan(
      "reference: softmax\nshow: [embeddings]\nclaims:\n"
      "  - {says: apart, holds_if: [silhouette(inter_center) > silhouette(softmax)]}\n"
      "  - {says: nearer, holds_if: [center_ratio(inter_center) < center_ratio(softmax)]}\n");
  CellResults near = cell({true, true, true, false});
  CellResults far = near;
  for (std::size_t i = 0; i < 4; ++i) {
    const double more = 0.01 * static_cast<double>(i);
    near.runs[0].scored.songs[i].place = {1.0, 2.0, 0.1 + more};
    far.runs[0].scored.songs[i].place = {1.0, 4.0, 0.5 + more};
  }
  const SweepSummary summary = summarize(made, {near, far}, {});
  EXPECT_NEAR(summary.rows[0].silhouette.mean, 0.115, 1e-12);
  EXPECT_NEAR(summary.rows[1].center_ratio.mean, 0.25, 1e-12);
  for (const auto& claim : summary.claims) EXPECT_EQ(claim[0].songs, Verdict::kHolds);
  const std::string text = summary_markdown(made, summary);
  EXPECT_THAT(text, HasSubstr("| inter_center | 0.250 [0.250, 0.250] | 0.515 ["));
  // A classical system has none.
  const SweepSummary none = summarize(made, {cell({true, true, true, false}), far}, {});
  EXPECT_TRUE(std::isnan(none.rows[0].silhouette.mean));
  EXPECT_THAT(summary_markdown(made, none), HasSubstr("| softmax | – | – |"));
}

TEST_F(SummaryTest, KeepsTheOtherCellsResultsWhenOneIsMissing) {
  const SweepPlan made = plan(
      "reference: softmax\nclaims: [{says: a, holds_if: "
      "[accuracy(inter_center) > accuracy(softmax)]}]\n");
  const SweepSummary summary = summarize(made, {cell({true, true, false, false}), std::nullopt},
                                         {{"inter_center", "training diverged"}});
  EXPECT_DOUBLE_EQ(summary.rows[0].song_accuracy.mean, 0.5);
  EXPECT_EQ(summary.rows[1].finished, 0U);
  EXPECT_FALSE(summary.rows[1].comparison);
  EXPECT_EQ(summary.claims[0][0].songs, Verdict::kNotRun);
  EXPECT_THAT(
      summary_markdown(made, summary),
      AllOf(HasSubstr("1 of 2 cells have finished"), HasSubstr("* inter_center: training diverged"),
            HasSubstr("| inter_center | – | – | 0 |"), HasSubstr("not run")));
}

TEST_F(SummaryTest, SaysWhenRowsWereNotScoredOnTheSameSongs) {
  const SweepPlan made = plan("reference: softmax\n");
  RunResults other;
  other.scored = songs({true, true}, 1);  // s2 and s3
  const SweepSummary summary =
      summarize(made, {cell({true, true, false, false}), cell(std::vector<RunResults>{other})}, {});
  EXPECT_FALSE(summary.rows[1].comparison->same_songs);
  EXPECT_EQ(summary.rows[1].comparison->common_songs, 2U);
  EXPECT_THAT(summary_markdown(made, summary), HasSubstr("they share 2"));
}

CellResults answering(const std::vector<std::vector<double>>& probabilities) {
  CellResults results = cell(std::vector<bool>(probabilities.size(), true));
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    ScoredItem& song = results.runs[0].scored.songs[i];
    song.probabilities = probabilities[i];
    song.predicted = probabilities[i][0] > probabilities[i][1] ? 0 : 1;
  }
  return results;
}

TEST(EnsembleResults, AveragesLogarithmsOfProbabilities) {
  // 0.9 · 0.2 < 0.1 · 0.8 is false: class 0; 0.6 · 0.3 < 0.4 · 0.7: class 1, though one said 0.
  const CellResults one = answering({{0.9, 0.1}, {0.6, 0.4}});
  const CellResults other = answering({{0.2, 0.8}, {0.3, 0.7}});
  const CellResults ensemble = ensemble_results({&one, &other}, {"one", "other"});
  const std::vector<ScoredItem>& songs = ensemble.runs.at(0).scored.songs;
  EXPECT_EQ(songs.at(0).predicted, 0);
  EXPECT_EQ(songs.at(1).predicted, 1);
  const double calm = std::sqrt(0.9 * 0.2);
  const double loud = std::sqrt(0.1 * 0.8);
  EXPECT_NEAR(songs[0].probabilities[0], calm / (calm + loud), 1e-12);
  EXPECT_THAT(ensemble.runs[0].scored.segments, testing::IsEmpty());
}

TEST(EnsembleResults, OfOtherSongsIsAnError) {
  const CellResults one = answering({{0.9, 0.1}, {0.6, 0.4}});
  const CellResults fewer = answering({{0.9, 0.1}});
  EXPECT_THAT(message_of<UsageError>([&] {
                ensemble_results({&one, &fewer}, {"one", "fewer"});
              }),
              HasSubstr("cells 'one' and 'fewer' have different songs"));
}

TEST_F(SummaryTest, RefusesASongWithTwoLabels) {
  const SweepPlan made = plan("reference: softmax\n");
  CellResults changed = cell({true, true, true, true});
  changed.runs[0].scored.songs[0].truth = 1;
  EXPECT_THAT(message_of<UsageError>([&] {
                summarize(made, {cell({true, true, false, false}), changed}, {});
              }),
              HasSubstr("song 's1' has two labels"));
  changed.classes = {"calm", "loud", "other"};
  EXPECT_THAT(message_of<UsageError>([&] {
                summarize(made, {cell({true, true, false, false}), changed}, {});
              }),
              HasSubstr("know different classes"));
}

}  // namespace
}  // namespace mer
