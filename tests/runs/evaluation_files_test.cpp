#include "mer/runs/evaluation_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::ordered_json;

ScoredSong song(const std::string& id, const std::string& label,
                const std::vector<double>& probabilities) {
  ScoredSong scored;
  scored.song.id = id;
  scored.song.listed_path = id + ".wav";
  scored.song.label = label;
  scored.prediction.probabilities = probabilities;
  scored.prediction.segments = {{0.5, 2.25, probabilities}};
  return scored;
}

RegressionScores regression(std::int64_t count, double pearson) {
  RegressionScores scores;
  scores.count = count;
  scores.r2 = 0.5;
  scores.rmse = 0.25;
  scores.pearson = pearson;
  scores.concordance = 0.125;
  scores.rmse_ci95 = {0.2, 0.3};
  return scores;
}

/// Every number another one, so that none can be taken for a different one.
Evaluation example() {
  Evaluation evaluation;
  evaluation.model = "runs/demo";
  evaluation.split = "test";
  evaluation.classes = {"happy", "sad"};
  evaluation.songs = {song("a", "sad", {1.0 / 3.0, 2.0 / 3.0}), song("b", "happy", {0.75, 0.25})};
  evaluation.failed = {"gone.wav"};
  evaluation.baseline_accuracy = 0.5;
  evaluation.baseline_class = "sad";
  evaluation.song_scores = {2,
                            0.9,
                            0.8,
                            {0.7, 0.95},
                            {0.6, 0.85},
                            {{0.1, 0.2, 0.3, 1}, {0.4, 0.45, 0.55, 1}},
                            ConfusionMatrix(2, 2)};
  evaluation.song_scores.confusion << 1, 2, 3, 4;
  evaluation.segment_scores = evaluation.song_scores;
  evaluation.segment_scores.count = 7;
  ProbabilityScores& worth = evaluation.probability_scores;
  worth.songs = {2, 0.11, 0.12, 0.13, {0.1, 0.2}, {0.3, 0.4}, {0.5, 0.6}, {}};
  worth.songs.bins = {{0.0, 0.5, 0, std::nan(""), std::nan("")}, {0.5, 1.0, 2, 0.71, 0.5}};
  worth.segments.ece = 0.21;
  worth.segments.brier = 0.22;
  worth.coverage_intervals = {{{0.5, 1, 0.75, 1.0}, {0.9, 1.0}}};
  worth.positive_valence = Scores{2, 0.31, 0.32, {0.1, 0.5}, {0.2, 0.6}, {}, {}};
  worth.high_arousal = Scores{2, 0.41, 0.42, {0.3, 0.5}, {0.4, 0.6}, {}, {}};
  evaluation.valence = regression(2, std::nan(""));
  evaluation.embedding_scores = EmbeddingScores{2, 0.51, 1.5, 0.34, 0.61, {0.3, 0.4}, {0.6, 0.7}};
  for (ScoredSong& scored : evaluation.songs) {
    scored.prediction.network_embedding = {0.5, -1.0, scored.song.id == "a" ? 2.0 : 3.0};
    scored.prediction.place = {0.25, 1.25, 0.75};
  }
  return evaluation;
}

TEST(Evaluation, IsReadBackAsItWasWritten) {
  const test::TemporaryFolder folder;
  const Evaluation written = example();
  write_evaluation(written, folder / "eval");
  EXPECT_TRUE(has_songs_and_segments(folder / "eval"));
  const Evaluation read = read_evaluation(folder / "eval", EvaluationPart::kSegments);
  EXPECT_EQ(to_json(read), to_json(written));
  ASSERT_EQ(read.songs.size(), 2U);
  EXPECT_EQ(read.songs[0].song.id, "a");
  EXPECT_EQ(read.songs[1].song.listed_path, "b.wav");
  EXPECT_EQ(read.songs[1].song.label, "happy");
  EXPECT_EQ(read.songs[0].prediction.probabilities, written.songs[0].prediction.probabilities);
  ASSERT_EQ(read.songs[1].prediction.segments.size(), 1U);
  EXPECT_EQ(read.songs[1].prediction.segments[0].end_s, 2.25);
  EXPECT_THAT(read.songs[1].prediction.segments[0].probabilities, ElementsAre(0.75, 0.25));
  EXPECT_THAT(read_evaluation(folder / "eval", EvaluationPart::kScores).songs, IsEmpty());
  EXPECT_THAT(read.songs[1].prediction.network_embedding, ElementsAre(0.5, -1.0, 3.0));
  EXPECT_EQ(read.songs[0].prediction.place.other_centers, 1.25);
  EXPECT_THAT(read_text_file(folder / "eval/predictions.csv"),
              HasSubstr("segments,own_center,other_centers,silhouette\n"));
}

TEST(Evaluation, OfSeveralNetworksHasNoEmbeddingsInAFile) {
  const test::TemporaryFolder folder;
  Evaluation pooled = example();
  write_evaluation(pooled, folder / "eval");
  EXPECT_TRUE(std::filesystem::exists(folder / "eval/embeddings.safetensors"));
  pooled.models = {{"fold-1", "a"}, {"fold-2", "b"}};
  write_evaluation(pooled, folder / "eval");
  EXPECT_FALSE(std::filesystem::exists(folder / "eval/embeddings.safetensors"));
  const Evaluation read = read_evaluation(folder / "eval", EvaluationPart::kSongs);
  EXPECT_THAT(read.songs[0].prediction.network_embedding, IsEmpty());
  EXPECT_EQ(read.songs[0].prediction.place.own_center, 0.25);
  EXPECT_EQ(read.embedding_scores->silhouette, 0.61);
}

TEST(Evaluation, RefusesEmbeddingsOfOtherSongs) {
  const test::TemporaryFolder folder;
  Evaluation written = example();
  write_evaluation(written, folder / "eval");
  std::filesystem::copy(folder / "eval/embeddings.safetensors", folder / "others.safetensors");
  written.songs.pop_back();
  write_evaluation(written, folder / "eval");
  std::filesystem::rename(folder / "others.safetensors", folder / "eval/embeddings.safetensors");
  EXPECT_THAT(
      message_of<UsageError>([&] { read_evaluation(folder / "eval", EvaluationPart::kSongs); }),
      HasSubstr("embeddings.safetensors: has other songs than predictions.csv"));
}

TEST(Evaluation, OfAModelWithoutClassesHasNoScoresOfThem) {
  const test::TemporaryFolder folder;
  Evaluation written;
  written.model = "m";
  written.split = "all";
  written.songs = {song("a", "", {})};
  written.songs[0].prediction.valence = -0.5;
  written.songs[0].prediction.segments[0].valence = -0.25;
  written.songs[0].prediction.segments[0].arousal = 0.25;
  written.arousal = regression(1, 0.75);
  write_evaluation(written, folder / "eval");
  const Json json = to_json(written);
  for (const char* key : {"songs", "segments", "baseline_accuracy", "calibration"}) {
    EXPECT_FALSE(json.contains(key)) << key;
  }
  EXPECT_EQ(read_text_file(folder / "eval/predictions.csv"),
            "id,path,label,predicted,confidence,segments,valence,arousal,true_valence,"
            "true_arousal\na,a.wav,,,,1,-0.5,,,\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "eval/confusion.csv"));
  const Evaluation read = read_evaluation(folder / "eval", EvaluationPart::kSegments);
  EXPECT_EQ(to_json(read), json);
  EXPECT_EQ(read.songs.at(0).prediction.valence, -0.5);
  EXPECT_TRUE(std::isnan(read.songs.at(0).prediction.arousal));
  EXPECT_EQ(read.songs.at(0).prediction.segments.at(0).arousal, 0.25);
}

TEST(Evaluation, KeepsTagsAndCurves) {
  const test::TemporaryFolder folder;
  Evaluation written;
  written.model = "m";
  written.split = "all";
  written.tags = {"calm", "film; score"};
  written.songs = {song("a", "", {}), song("b", "", {})};
  written.songs[0].song.has_labels = true;
  written.songs[0].song.labels = {"calm"};
  for (ScoredSong& scored : written.songs) {
    scored.prediction.tags = {{"calm", 0.75}, {"film; score", 0.25}};
  }
  TagScores& tags = written.tag_scores.emplace();
  tags.count = 1;
  tags.macro.roc_auc = 0.5;
  tags.macro.roc_auc_ci95 = {0.25, 0.75};
  tags.per_tag.resize(2);
  tags.per_tag[0].positives = 1;
  CurveScores& curve = written.valence_over_time.emplace();
  curve.songs = 2;
  curve.points = 20;
  curve.concordance = 0.5;
  curve.tolerant_rmse = 0.125;
  write_evaluation(written, folder / "eval");
  const Json json = to_json(written);
  EXPECT_EQ(json["tags"]["macro"]["roc_auc"], 0.5);
  EXPECT_EQ(json["tags"]["per_tag"]["calm"]["positives"], 1);
  EXPECT_TRUE(json["tags"]["per_tag"]["calm"]["pr_auc"].is_null());
  EXPECT_EQ(json["valence_arousal"]["over_time"]["valence"]["tolerant_rmse"], 0.125);
  const Evaluation read = read_evaluation(folder / "eval", EvaluationPart::kSegments);
  EXPECT_EQ(to_json(read), json);
  EXPECT_EQ(read.songs.at(0).song.labels, std::vector<std::string>{"calm"});
  EXPECT_FALSE(read.songs.at(1).song.has_labels);
  EXPECT_EQ(read.songs.at(1).prediction.tags.at(1).first, "film; score");
  EXPECT_EQ(read.songs.at(1).prediction.tags.at(1).second, 0.25);
}

TEST(Evaluation, OfAnEarlierVersionHasNoNumberWhereItWroteNone) {
  const test::TemporaryFolder folder;
  folder.write("eval/metrics.json",
               R"({"classes": ["a", "b"], "songs": {"count": 3, "accuracy": 0.5}})");
  const Evaluation read = read_evaluation(folder / "eval", EvaluationPart::kScores);
  EXPECT_EQ(read.song_scores.count, 3);
  EXPECT_EQ(read.song_scores.accuracy, 0.5);
  EXPECT_TRUE(std::isnan(read.song_scores.accuracy_ci95[0]));
  EXPECT_TRUE(std::isnan(read.probability_scores.songs.ece));
}

TEST(Evaluation, NamesTheFileThatIsDamaged) {
  const test::TemporaryFolder folder;
  const auto complaint = [&](EvaluationPart part) {
    return message_of<UsageError>([&] { read_evaluation(folder / "eval", part); });
  };
  write_evaluation(example(), folder / "eval");
  folder.write("eval/segments.csv",
               "id,start_s,end_s,predicted,p_happy,p_sad\nz,0,1,sad,0.5,0.5\n");
  EXPECT_THAT(complaint(EvaluationPart::kSegments),
              HasSubstr("segments.csv:2: song 'z' is not in predictions.csv"));
  folder.write("eval/metrics.json", "[]");
  EXPECT_THAT(complaint(EvaluationPart::kScores), HasSubstr("metrics.json: is not valid JSON"));
}

TEST(ReadPredictions, ReadsTheColumnsOfTheClassesAskedFor) {
  const test::TemporaryFolder folder;
  write_evaluation(example(), folder / "eval");
  const std::vector<std::string> classes = {"happy", "sad"};
  LabelledProbabilities read = labelled(read_predictions(folder / "eval", classes), classes);
  EXPECT_THAT(read.ids, ElementsAre("a", "b"));
  EXPECT_THAT(read.truth, ElementsAre(1, 0));
  EXPECT_EQ(read.probabilities, labelled(example().songs, classes).probabilities);
  read.apply_temperature(2.0);  // a root
  EXPECT_NEAR(read.probabilities[0][1] / read.probabilities[0][0], std::sqrt(2.0), 1e-12);

  EXPECT_THAT(message_of<UsageError>([&] {
                read_predictions(folder / "eval", {"happy", "anger"});
              }),
              HasSubstr("predictions.csv: its columns are not id,path,label,predicted,confidence,"
                        "p_happy,p_anger,segments"));
  EXPECT_THAT(message_of<UsageError>([&] {
                labelled(example().songs, {"happy", "angry"});
              }),
              HasSubstr("label 'sad' is not among happy, angry"));
  folder.write("eval/predictions.csv",
               "id,path,label,predicted,confidence,p_happy,p_sad,segments\n"
               "a,a.wav,sad,sad,0.5,much,0.5,1\n");
  EXPECT_THAT(message_of<UsageError>([&] { read_predictions(folder / "eval", classes); }),
              HasSubstr("predictions.csv:2: p_happy 'much' is not a number"));
}

}  // namespace
}  // namespace mer
