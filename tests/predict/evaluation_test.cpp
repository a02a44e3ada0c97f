#include "mer/predict/evaluation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "../support/json_schema.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Json = nlohmann::ordered_json;

/// Probability 0.8 for one of two classes.
std::vector<double> mostly(int chosen) {
  return chosen == 0 ? std::vector<double>{0.8, 0.2} : std::vector<double>{0.2, 0.8};
}

ScoredSong scored(const std::string& id, const std::string& label, const std::string& group,
                  int predicted, const std::vector<int>& segments) {
  ScoredSong song;
  song.song.id = id;
  song.song.listed_path = id + ".wav";
  song.song.label = label;
  song.song.group = group;
  song.prediction.probabilities = mostly(predicted);
  for (const int of_segment : segments) {
    song.prediction.segments.push_back({0.0, 1.0, mostly(of_segment)});
  }
  return song;
}

/// Of the calm songs a and b are right and c is wrong; the loud song d is right.
///
///   songs     calm: 2 calm, 1 loud    loud: 0 calm, 1 loud     3 of 4 right
///   segments  calm: 3 calm, 2 loud    loud: 1 calm, 1 loud     4 of 7 right
Evaluation example() {
  return score_songs("runs/demo", "test", {{{"calm", "loud"}}, {3, 7}},
                     {scored("a", "calm", "x", 0, {0, 0}), scored("b", "calm", "x", 0, {0, 1}),
                      scored("c", "calm", "y", 1, {1}), scored("d", "loud", "z", 1, {0, 1})},
                     {"broken.wav"});
}

TEST(ScoreSongs, CountsSongsAndSegments) {
  const Evaluation evaluation = example();
  ConfusionMatrix songs(2, 2);
  songs << 2, 1, 0, 1;
  ConfusionMatrix segments(2, 2);
  segments << 3, 2, 1, 1;
  EXPECT_EQ(evaluation.song_scores.confusion, songs);
  EXPECT_EQ(evaluation.segment_scores.confusion, segments);
  EXPECT_DOUBLE_EQ(evaluation.song_scores.accuracy, 0.75);
  EXPECT_DOUBLE_EQ(evaluation.segment_scores.accuracy, 4.0 / 7.0);
  // F1 calm: 2·2 / (3 + 2) = 0.8; F1 loud: 2·1 / (1 + 2) = 2/3.
  EXPECT_DOUBLE_EQ(evaluation.song_scores.macro_f1, (0.8 + 2.0 / 3.0) / 2.0);
}

TEST(ScoreSongs, TakesTheBaselinesClassFromTheTrainingSongs) {
  const Evaluation evaluation = example();
  EXPECT_EQ(evaluation.baseline_class, "loud");  // 7 of 10 training songs, though 1 of 4 here
  EXPECT_DOUBLE_EQ(evaluation.baseline_accuracy, 0.25);
}

TEST(ScoreSongs, ResamplesGroupsNotSongs) {
  // One group: every resample is the same songs, so the interval is a point.
  const auto of_groups = [](const std::string& first, const std::string& second) {
    return score_songs("m", "all", {{{"calm", "loud"}}, {1, 1}},
                       {scored("a", "calm", first, 0, {0}), scored("b", "calm", second, 1, {1})},
                       {});
  };
  const Interval one_group = of_groups("x", "x").song_scores.accuracy_ci95;
  EXPECT_DOUBLE_EQ(one_group[0], 0.5);
  EXPECT_DOUBLE_EQ(one_group[1], 0.5);
  EXPECT_DOUBLE_EQ(of_groups("x", "x").segment_scores.accuracy_ci95[1], 0.5);
  for (const std::string none : {"", "y"}) {  // a song without a group is its own
    const Interval two_groups = of_groups(none.empty() ? "" : "x", none).song_scores.accuracy_ci95;
    EXPECT_DOUBLE_EQ(two_groups[0], 0.0);
    EXPECT_DOUBLE_EQ(two_groups[1], 1.0);
  }
}

TEST(ScoreSongs, RefusesAnUnknownLabelNamingItsLine) {
  ScoredSong song = scored("a", "quiet", "x", 0, {0});
  song.song.line = 7;
  EXPECT_THAT(message_of<UsageError>([&] {
                score_songs("m", "all", {{{"calm", "loud"}}, {1, 1}}, {song}, {});
              }),
              AllOf(HasSubstr(":7:"), HasSubstr("'quiet'"), HasSubstr("calm, loud")));
  EXPECT_THROW(score_songs("m", "all", {{{"calm", "loud"}}, {1}}, {}, {}), std::invalid_argument);
}

TEST(ScoreSongs, OfNoSongsIsAllZero) {
  const Evaluation evaluation =
      score_songs("m", "all", {{{"calm", "loud"}}, {1, 2}}, {}, {"broken.wav"});
  EXPECT_EQ(evaluation.song_scores.count, 0);
  EXPECT_EQ(evaluation.baseline_accuracy, 0.0);
  EXPECT_THAT(to_table(evaluation), HasSubstr("0 songs"));
}

TEST(MetricsJson, HoldsTheScoresInTheContractsShape) {
  const Json json = to_json(example());
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["model"], "runs/demo");
  EXPECT_EQ(json["split"], "test");
  EXPECT_EQ(json["baseline_accuracy"], 0.25);
  EXPECT_EQ(json["failed"], Json::array({"broken.wav"}));
  EXPECT_EQ(json["songs"]["count"], 4);
  EXPECT_EQ(json["songs"]["confusion"], Json::parse("[[2, 1], [0, 1]]"));
  EXPECT_EQ(json["songs"]["per_class"]["calm"]["support"], 3);
  EXPECT_EQ(json["songs"]["per_class"]["calm"]["precision"], 1.0);
  EXPECT_EQ(json["segments"]["count"], 7);
}

TEST(MetricsJson, SaysWhatTheProbabilitiesAreWorth) {
  const Json json = to_json(example());
  // All four songs are 0.8 sure, three of them rightly: (0.733, 0.8] holds them.
  EXPECT_NEAR(json["calibration"]["ece"].get<double>(), 0.05, 1e-12);
  EXPECT_NEAR(json["calibration"]["brier"].get<double>(), (3 * 0.08 + 1.28) / 4.0, 1e-12);
  EXPECT_NEAR(json["calibration"]["nll"].get<double>(), -(3 * std::log(0.8) + std::log(0.2)) / 4.0,
              1e-12);
  ASSERT_EQ(json["calibration"]["bins"].size(), 15U);
  EXPECT_EQ(json["calibration"]["bins"][11]["count"], 4);
  EXPECT_NEAR(json["calibration"]["bins"][11]["mean_confidence"].get<double>(), 0.8, 1e-12);
  EXPECT_EQ(json["calibration"]["bins"][11]["accuracy"], 0.75);
  EXPECT_TRUE(json["calibration"]["bins"][0]["accuracy"].is_null());
  EXPECT_EQ(json["songs"]["ece"], json["calibration"]["ece"]);
  // Of 7 segments 4 are right, at 0.8 too.
  EXPECT_NEAR(json["segments"]["ece"].get<double>(), 0.8 - 4.0 / 7.0, 1e-12);
  ASSERT_EQ(json["coverage"].size(), 1U);  // all are equally sure
  EXPECT_EQ(json["coverage"][0]["coverage"], 1.0);
  EXPECT_EQ(json["coverage"][0]["accuracy"], 0.75);
  EXPECT_EQ(json["coverage"][0]["accuracy_ci95"], json["songs"]["accuracy_ci95"]);
  EXPECT_FALSE(json.contains("sides"));  // calm and loud are not the four classes
}

/// Two happy songs, one of them called relaxed, a sad one called angry, an angry one called happy.
Evaluation of_four_classes() {
  const std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
  const auto song = [&](const std::string& id, const std::string& label,
                        const std::vector<double>& probabilities) {
    ScoredSong result;
    result.song.id = id;
    result.song.label = label;
    result.prediction.probabilities = probabilities;
    result.prediction.segments = {{0.0, 1.0, probabilities}};
    return result;
  };
  return score_songs(
      "m", "all", {{classes}, {1, 1, 1, 1}},
      {song("a", "happy", {0.7, 0.1, 0.1, 0.1}), song("b", "happy", {0.3, 0.15, 0.1, 0.45}),
       song("c", "sad", {0.1, 0.5, 0.3, 0.1}), song("d", "anger", {0.4, 0.3, 0.25, 0.05})},
      {});
}

TEST(MetricsJson, ScoresTheSidesOfBothAxes) {
  const Json json = to_json(of_four_classes());
  // Positive valence (happy + relaxed): 0.8, 0.75, 0.2, 0.45; only d is near, all are right.
  EXPECT_EQ(json["sides"]["positive_valence"]["accuracy"], 1.0);
  EXPECT_EQ(json["sides"]["positive_valence"]["count"], 4);
  // High arousal (happy + anger): 0.8, 0.45, 0.6, 0.7; b and c are wrong.
  EXPECT_EQ(json["sides"]["high_arousal"]["accuracy"], 0.5);
  const std::string table = to_table(of_four_classes());
  EXPECT_THAT(table, HasSubstr("\nvalence       1.000  [1.000, 1.000]  accuracy of positive"));
  EXPECT_THAT(table, HasSubstr("\narousal       0.500  ["));
  EXPECT_THAT(to_table(example()), testing::Not(HasSubstr("\narousal")));
}

TEST(MetricsJson, FitsTheContractsSchema) {
  if (!test::has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  Evaluation odd = example();
  odd.failed = {"caf\xE9.wav"};
  const TemporaryFolder folder;
  write_evaluation(odd, folder / "eval");
  EXPECT_TRUE(
      test::fits_schema(read_text_file(folder / "eval/metrics.json"), "metrics.schema.json"));
  const Evaluation empty = score_songs("m", "all", {{{"calm", "loud"}}, {1, 2}}, {}, {});
  EXPECT_TRUE(test::fits_schema(to_json(empty).dump(), "metrics.schema.json"));

  Json broken = to_json(example());  // the schema does refuse
  broken["songs"].erase("accuracy_ci95");
  EXPECT_FALSE(test::fits_schema(broken.dump(), "metrics.schema.json"));
}

TEST(WriteEvaluation, WritesTheContractsFilesAndTheSegments) {
  const TemporaryFolder folder;
  write_evaluation(example(), folder / "new/test");
  EXPECT_EQ(Json::parse(read_text_file(folder / "new/test/metrics.json")), to_json(example()));
  EXPECT_EQ(read_text_file(folder / "new/test/confusion.csv"),
            "truth,calm,loud\ncalm,2,1\nloud,0,1\n");
  EXPECT_EQ(read_text_file(folder / "new/test/predictions.csv"),
            "id,path,label,predicted,confidence,p_calm,p_loud,segments\n"
            "a,a.wav,calm,calm,0.8,0.8,0.2,2\n"
            "b,b.wav,calm,calm,0.8,0.8,0.2,2\n"
            "c,c.wav,calm,loud,0.8,0.2,0.8,1\n"
            "d,d.wav,loud,loud,0.8,0.2,0.8,2\n");
  EXPECT_EQ(read_text_file(folder / "new/test/segments.csv"),
            "id,start_s,end_s,predicted,p_calm,p_loud\n"
            "a,0,1,calm,0.8,0.2\na,0,1,calm,0.8,0.2\n"
            "b,0,1,calm,0.8,0.2\nb,0,1,loud,0.2,0.8\n"
            "c,0,1,loud,0.2,0.8\n"
            "d,0,1,calm,0.8,0.2\nd,0,1,loud,0.2,0.8\n");
  EXPECT_EQ(read_text_file(folder / "new/test/coverage.csv"),
            "coverage,count,min_confidence,accuracy\n1,4,0.8,0.75\n");
  const auto bins = read_csv(folder / "new/test/reliability.csv");
  ASSERT_EQ(bins.size(), 16U);
  EXPECT_THAT(bins[0].cells, ElementsAre("from", "to", "count", "mean_confidence", "accuracy"));
  EXPECT_THAT(bins[1].cells, ElementsAre("0", format_number(1.0 / 15.0), "0", "", ""));
  EXPECT_THAT(bins[12].cells, ElementsAre(format_number(11.0 / 15.0), "0.8", "4", "0.8", "0.75"));
}

TEST(WriteEvaluation, SaysWhichFolderCannotBeMade) {
  const TemporaryFolder folder;
  folder.write("file", "in the way");
  EXPECT_THAT(message_of<Error>([&] { write_evaluation(example(), folder / "file/test"); }),
              HasSubstr("file/test"));
}

TEST(EvaluationTable, ShowsScoresBaselineClassesAndConfusion) {
  const std::string table = to_table(example());
  EXPECT_THAT(table, HasSubstr("split     test: 4 songs in 3 groups, 7 segments; 1 song could not "
                               "be read, not counted\n"));
  EXPECT_THAT(table, HasSubstr("\nsongs         0.750  ["));
  EXPECT_THAT(table, HasSubstr("\nsegments      0.571  ["));
  EXPECT_THAT(table, HasSubstr("\nbaseline      0.250  always 'loud'"));
  EXPECT_THAT(table, HasSubstr("\nECE           0.050  ["));
  EXPECT_THAT(table, HasSubstr("\nBrier         0.380  ["));
  EXPECT_THAT(table, HasSubstr("\ncoverage      0.750  accuracy of the surest 100 %: confidence "));
  EXPECT_THAT(table, HasSubstr("\ncalm            1.000      0.667      0.800          3\n"));
  EXPECT_THAT(table, HasSubstr("\nsongs confusion: "));
  // Counts 2 1 of calm are 66.7 and 33.3 per cent of its row.
  EXPECT_THAT(table, HasSubstr("\ncalm      2      1      66.7   33.3\n"));
}

TEST(RequireKnownLabels, LooksOnlyAtTheSongsAskedFor) {
  Manifest manifest;
  manifest.file = "songs.csv";
  manifest.songs = {scored("a", "calm", "x", 0, {}).song, scored("b", "wild", "x", 0, {}).song};
  manifest.songs[1].line = 3;
  EXPECT_NO_THROW(require_known_labels(manifest, {0}, {"calm", "loud"}));
  EXPECT_THAT(message_of<UsageError>([&] {
                require_known_labels(manifest, {0, 1}, {"calm", "loud"});
              }),
              HasSubstr("songs.csv:3: label 'wild'"));
}

}  // namespace
}  // namespace mer
