#include "mer/eval/evaluation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  return score_songs("runs/demo", "test", {"calm", "loud"},
                     {scored("a", "calm", "x", 0, {0, 0}), scored("b", "calm", "x", 0, {0, 1}),
                      scored("c", "calm", "y", 1, {1}), scored("d", "loud", "z", 1, {0, 1})},
                     {"broken.wav"}, {3, 7});
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
    return score_songs("m", "all", {"calm", "loud"},
                       {scored("a", "calm", first, 0, {0}), scored("b", "calm", second, 1, {1})},
                       {}, {1, 1});
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
                score_songs("m", "all", {"calm", "loud"}, {song}, {}, {1, 1});
              }),
              AllOf(HasSubstr(":7:"), HasSubstr("'quiet'"), HasSubstr("calm, loud")));
  EXPECT_THROW(score_songs("m", "all", {"calm", "loud"}, {}, {}, {1}), std::invalid_argument);
}

TEST(ScoreSongs, OfNoSongsIsAllZero) {
  const Evaluation evaluation =
      score_songs("m", "all", {"calm", "loud"}, {}, {"broken.wav"}, {1, 2});
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

TEST(MetricsJson, FitsTheContractsSchema) {
  if (!test::has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  Evaluation odd = example();
  odd.failed = {"caf\xE9.wav"};
  const TemporaryFolder folder;
  write_evaluation(odd, folder / "eval");
  EXPECT_TRUE(
      test::fits_schema(read_text_file(folder / "eval/metrics.json"), "metrics.schema.json"));
  const Evaluation empty = score_songs("m", "all", {"calm", "loud"}, {}, {}, {1, 2});
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
  EXPECT_THAT(table, HasSubstr("\ncalm            1.000      0.667      0.800          3\n"));
  EXPECT_THAT(table, HasSubstr("\nsongs confusion: "));
  // Counts 2 1 of calm are 66.7 and 33.3 per cent of its row.
  EXPECT_THAT(table, HasSubstr("\ncalm             2       1       66.7    33.3\n"));
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
