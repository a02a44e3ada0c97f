#include "mer/predict/prediction_output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/json_schema.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::ordered_json;

const std::vector<std::string> kClasses = {"happy", "anger", "sad", "relaxed"};

/// 214 s (3:34): the first half sad, then 14 s of silence, then happy.
FileResult good() {
  SongPrediction song;
  song.probabilities = {0.19, 0.08, 0.71, 0.02};
  song.segments = {{0.0, 107.0, {0.0, 0.125, 0.75, 0.125}}, {121.0, 214.0, {1.0, 0.0, 0.0, 0.0}}};
  song.duration_s = 214.00049;
  song.analysed_s = 200.0;
  return {"songs/a.mp3", song, "", "", false, {}};
}

FileResult bad() {
  return {"songs/b.m4a",
          std::nullopt,
          "songs/b.m4a: cannot decode AAC",
          "ffmpeg -i songs/b.m4a b.wav",
          false,
          {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  EXPECT_EQ(start, text.size()) << "the last line has no line feed";
  return lines;
}

std::vector<std::string> keys_of(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  return keys;
}

TEST(PredictionJson, HasTheContractsKeysInOrder) {
  const Json json =
      Json::parse(predictions_json("default", kClasses, std::vector<FileResult>{good(), bad()}));
  EXPECT_THAT(keys_of(json), ElementsAre("schema", "mer_version", "model", "classes", "results"));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["model"], "default");
  const Json& ok = json["results"][0];
  EXPECT_THAT(
      keys_of(ok),
      ElementsAre("path", "status", "error", "duration_s", "analysed_s", "emotion", "confidence",
                  "probabilities", "p_positive_valence", "p_high_arousal", "segments", "warnings"));
  EXPECT_EQ(ok["emotion"], "sad");
  EXPECT_EQ(ok["confidence"], 0.71);
  EXPECT_EQ(ok["duration_s"], 214.0);
  EXPECT_THAT(keys_of(ok["probabilities"]), testing::ElementsAreArray(kClasses));
  EXPECT_EQ(ok["segments"][1]["emotion"], "happy");
  EXPECT_EQ(ok["segments"][1]["start_s"], 121.0);
  const Json& failed = json["results"][1];
  EXPECT_EQ(failed["status"], "error");
  EXPECT_EQ(failed["error"], "songs/b.m4a: cannot decode AAC");
  EXPECT_EQ(failed["hint"], "ffmpeg -i songs/b.m4a b.wav");
  EXPECT_TRUE(failed["emotion"].is_null());
  EXPECT_TRUE(failed["segments"].empty());
}

TEST(PredictionJson, FitsTheContractsSchema) {
  if (!test::has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  FileResult uncertain = good();
  uncertain.uncertain = true;
  FileResult odd_path = good();
  odd_path.path = "caf\xE9\n\x01.wav";
  const std::string json =
      predictions_json("a + b", kClasses, std::vector{good(), bad(), uncertain, odd_path});
  EXPECT_TRUE(test::fits_schema(json, "predict.schema.json")) << json;
  EXPECT_TRUE(test::fits_schema(predictions_json("m", kClasses, {}), "predict.schema.json"));

  Json broken = Json::parse(json);  // the schema does refuse
  broken["results"][1]["emotion"] = "sad";
  EXPECT_FALSE(test::fits_schema(broken.dump(), "predict.schema.json"));
}

TEST(PredictionJson, NamesNoEmotionWhenUncertainButKeepsTheProbabilities) {
  FileResult result = good();
  result.uncertain = true;
  const Json json = to_json(result, kClasses);
  EXPECT_TRUE(json["emotion"].is_null());
  EXPECT_EQ(json["status"], "ok");
  EXPECT_EQ(json["confidence"], 0.71);
}

TEST(PredictionJson, AddsUpTheSidesOfBothAxesWhereTheClassesAreTheFour) {
  const Json json = to_json(good(), kClasses);
  EXPECT_DOUBLE_EQ(json["p_positive_valence"].get<double>(), 0.19 + 0.02);  // happy, relaxed
  EXPECT_DOUBLE_EQ(json["p_high_arousal"].get<double>(), 0.19 + 0.08);      // happy, anger
  const std::vector<std::string> others = {"happy", "anger", "sad", "tender"};
  EXPECT_FALSE(to_json(good(), others).contains("p_high_arousal"));
  EXPECT_EQ(predictions_csv_header(others).find("p_high_arousal"), std::string::npos);
  EXPECT_FALSE(to_json(bad(), kClasses).contains("p_high_arousal"));
}

TEST(PredictionJson, ReplacesBytesThatAreNotUtf8) {
  FileResult result = bad();
  result.path = "caf\xE9.wav";
  result.error = "caf\xE9.wav: gone";
  const Json json = Json::parse(prediction_jsonl(result, kClasses, "m"));
  EXPECT_EQ(json["path"], "caf\uFFFD.wav");
  EXPECT_EQ(json["error"], "caf\uFFFD.wav: gone");
}

TEST(PredictionJsonl, IsOneLineAnElementWithTheFilesStampAndTheModel) {
  FileResult result = good();
  result.stamp = FileStamp{1234, "2026-01-31T12:00:00.000000001Z"};
  const std::string line = prediction_jsonl(result, kClasses, "m");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  Json expected = to_json(good(), kClasses);
  expected["size_bytes"] = 1234;
  expected["modified"] = "2026-01-31T12:00:00.000000001Z";
  expected["model"] = "m";
  EXPECT_EQ(Json::parse(line), expected);
  EXPECT_TRUE(Json::parse(prediction_jsonl(bad(), kClasses, "m"))["modified"].is_null());
}

TEST(PredictionCsv, HasTheHeadersColumnsInEveryRow) {
  FileResult quoted = bad();
  quoted.path = "a,\"b\".wav";
  FileResult uncertain = good();
  uncertain.uncertain = true;
  const std::string text = predictions_csv_header(kClasses) + prediction_csv_row(good(), kClasses) +
                           prediction_csv_row(quoted, kClasses) +
                           prediction_csv_row(uncertain, kClasses);
  const std::vector<CsvRow> rows = parse_csv(text, "csv");  // throws when widths differ
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[0].cells,
              ElementsAre("path", "status", "emotion", "confidence", "p_happy", "p_anger", "p_sad",
                          "p_relaxed", "duration_s", "analysed_s", "segments", "error",
                          "p_positive_valence", "p_high_arousal"));
  EXPECT_THAT(rows[1].cells,
              ElementsAre("songs/a.mp3", "ok", "sad", "0.71", "0.19", "0.08", "0.71", "0.02", "214",
                          "200", "2", "", format_number(0.19 + 0.02), format_number(0.19 + 0.08)));
  EXPECT_THAT(rows[2].cells, ElementsAre("a,\"b\".wav", "error", "", "", "", "", "", "", "", "", "",
                                         "songs/b.m4a: cannot decode AAC", "", ""));
  EXPECT_THAT(rows[3].cells[2], "");
  EXPECT_THAT(rows[3].cells[3], "0.71");
}

TEST(PredictionTable, LooksLikeThis) {
  const std::vector<std::string> paths = {"songs/a.mp3", "songs/b.m4a"};
  const PredictionTable table(paths, kClasses);
  EXPECT_EQ(table.header(),
            "file         length  emotion    confidence   happy  anger    sad  relaxed   note\n");
  EXPECT_EQ(table.row(good()),
            "songs/a.mp3    3:34  sad              0.71    0.19   0.08   0.71     0.02   "
            "2 segments\n");
  EXPECT_EQ(table.row(bad()),
            "songs/b.m4a       -  -                   -       -      -      -        -   "
            "cannot decode AAC: ffmpeg -i songs/b.m4a b.wav\n");
}

TEST(PredictionTable, ShowsWarningsAndUncertaintyInTheNote) {
  FileResult result = good();
  result.uncertain = true;
  result.prediction->warnings = {"decoded by ffmpeg"};
  const std::vector<std::string> paths = {result.path};
  const std::string row = PredictionTable(paths, kClasses).row(result);
  EXPECT_THAT(row, HasSubstr("  uncertain        0.71    0.19"));
  EXPECT_THAT(row,
              HasSubstr("  2 segments; not sure enough to name an emotion; decoded by ffmpeg\n"));
}

TEST(PredictionTable, SendsNoControlCharactersToTheTerminal) {
  FileResult result = bad();
  result.path = "a\x1b[2J\n.wav";
  result.error = "a\x1b[2J\n.wav: gone";
  const std::vector<std::string> paths = {result.path};
  const std::string row = PredictionTable(paths, kClasses).row(result);
  EXPECT_EQ(row.find('\x1b'), std::string::npos);
  EXPECT_EQ(row.find('\n'), row.size() - 1);
}

TEST(ClosingLine, SaysHowManyFailed) {
  EXPECT_EQ(closing_line({1, 0}), "1 file");
  EXPECT_EQ(closing_line({2, 1}), "2 files, 1 failed (exit code 3)");
}

TEST(Timeline, DrawsEachClassOverTheLength) {
  // 50 columns: 9 for the longest label ("r relaxed"), 2 between, 39 for 214 s, 5.487 s each.
  // Column k's middle is at (k + 0.5) · 5.487 s: 0…18 lie before 107 s (18.5 · 5.487 = 101.5),
  // 19…21 (107.0 is the middle of 19) before 121 s (21.5 · 5.487 = 118.0), 22…38 after.
  const std::vector<std::string> lines = lines_of(timeline(good(), kClasses, 50));
  ASSERT_EQ(lines.size(), 6U);
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const std::string gap = repeat("·", 3);
  EXPECT_EQ(lines[0], "emotion    " + repeat("s", 19) + gap + repeat("h", 17));
  EXPECT_EQ(lines[1], "h happy    " + repeat(" ", 19) + gap + repeat("█", 17));
  EXPECT_EQ(lines[2], "a anger    " + repeat("▁", 19) + gap + repeat(" ", 17));
  EXPECT_EQ(lines[3], "s sad      " + repeat("▆", 19) + gap + repeat(" ", 17));
  EXPECT_EQ(lines[5], "           0:00               1:47            3:34");
}

TEST(Timeline, GivesClassesOfTheSameInitialDifferentKeys) {
  FileResult result = good();
  const std::string text = timeline(result, {"sad", "serene", "ss", "s"}, 60);
  EXPECT_THAT(text, HasSubstr("\ns sad "));
  EXPECT_THAT(text, HasSubstr("\ne serene "));
  EXPECT_THAT(text, HasSubstr("\n1 ss "));
  EXPECT_THAT(text, HasSubstr("\n2 s "));
}

TEST(Timeline, OfAFailedFileIsItsError) {
  EXPECT_EQ(timeline(bad(), kClasses, 80),
            "songs/b.m4a: cannot decode AAC: ffmpeg -i songs/b.m4a b.wav\n");
}

}  // namespace
}  // namespace mer
