#include "mer/runs/prediction_list.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "../support/json_schema.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PredictionList : public testing::Test {
 protected:
  /// A line as `mer predict` writes it of a file as it is now.
  static std::string line_of(const fs::path& file, const std::string& status = "ok",
                             const std::string& model = "m") {
    const auto stamp = stamp_of(file);
    return "{\"path\":\"" + file.string() + "\",\"status\":\"" + status +
           "\",\"duration_s\":2.5,\"emotion\":\"sad\",\"confidence\":0.75,"
           "\"probabilities\":{\"happy\":0.25,\"sad\":0.75},\"segments\":[{\"start_s\":0.0,"
           "\"emotion\":\"happy\",\"probabilities\":{\"happy\":1.0,\"sad\":0.0}}],\"warnings\":[],"
           "\"size_bytes\":" +
           (stamp ? std::to_string(stamp->size_bytes) : "null") +
           ",\"modified\":" + (stamp ? "\"" + stamp->modified + "\"" : "null") + ",\"model\":\"" +
           model + "\",\"model_hash\":\"hash of " + model +
           "\",\"options\":{\"max_seconds\":30.0}}\n";
  }
  static PredictionSetup setup(const std::string& model = "m", double max_seconds = 30.0) {
    return {model, "hash of " + model, {{"max_seconds", max_seconds}}};
  }
  ResumePoint resume(const PredictionSetup& wanted = setup(),
                     const ResumeOptions& options = {}) const {
    LineFile list(list_, LineFile::Start::kAppend);
    return resume_prediction_list(list, list_, wanted, files_, options);
  }
  std::string content() const { return read_text_file(list_); }

  test::TemporaryFolder folder_;
  fs::path list_ = folder_ / "out.jsonl";
  std::vector<fs::path> files_ = {folder_.write("a.wav", "one"), folder_.write("b.wav", "two"),
                                  folder_.write("c.wav", "three")};
};

TEST(FileStampOf, HasTheSizeAndTheTimeInUtc) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("a", "four");
  const timespec times[2] = {{}, {.tv_sec = 86400 * 365, .tv_nsec = 5}};  // 1970 had 365 days
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  const auto stamp = stamp_of(file);
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->size_bytes, 4U);
  EXPECT_EQ(stamp->modified, "1971-01-01T00:00:00.000000005Z");
  EXPECT_FALSE(stamp_of(folder / "none"));
}

TEST_F(PredictionList, IsReadWithoutWhatSegmentsSay) {
  folder_.write("out.jsonl", line_of(files_[0]));
  const auto predictions = read_prediction_list(list_);
  ASSERT_THAT(predictions, SizeIs(1));
  const FileResult& result = predictions[0].result;
  EXPECT_EQ(result.path, files_[0].string());
  EXPECT_EQ(predictions[0].emotion, "sad");
  EXPECT_THAT(predictions[0].classes, ElementsAre("happy", "sad"));
  EXPECT_THAT(result.prediction->probabilities, ElementsAre(0.25, 0.75));
  EXPECT_EQ(predictions[0].probability_of("sad"), 0.75);
  EXPECT_EQ(predictions[0].probability_of("awe"), 0.0);
  EXPECT_THAT(result.prediction->segments, IsEmpty());
  EXPECT_EQ(result.prediction->duration_s, 2.5);
  EXPECT_EQ(result.stamp, stamp_of(files_[0]));
  EXPECT_EQ(predictions[0].setup, setup());
}

TEST_F(PredictionList, NamesTheLineThatIsNoPrediction) {
  for (const std::string wrong : {"no JSON", "[]", "3", "{\"path\":3,\"status\":\"ok\"}", "{}", "",
                                  "{\"path\":\"a\",\"path_bytes\":\"?\",\"status\":\"error\"}"}) {
    folder_.write("out.jsonl", line_of(files_[0]) + wrong + "\n" + line_of(files_[1]));
    for (const bool resuming : {false, true}) {
      EXPECT_THAT(message_of<UsageError>([&] {
                    if (resuming) {
                      resume();
                    } else {
                      read_prediction_list(list_);
                    }
                  }),
                  HasSubstr("out.jsonl:2: is no line of mer predict --format jsonl"))
          << wrong;
    }
  }
  folder_.write("out.jsonl", line_of(files_[0]) + "{\"path\":");
  EXPECT_THAT(message_of<UsageError>([&] { read_prediction_list(list_); }),
              AllOf(HasSubstr("out.jsonl:2: the last line is cut off"), HasSubstr("--resume")));
}

TEST_F(PredictionList, ThatIsCompleteLeavesNothingToDoAndStaysAsItIs) {
  const std::string whole = line_of(files_[0]) + line_of(files_[1]) + line_of(files_[2]);
  folder_.write("out.jsonl", whole);
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, IsEmpty());
  EXPECT_EQ(point.num_done, 3U);
  EXPECT_EQ(content(), whole);
}

TEST_F(PredictionList, CutOffInItsLastLineLosesThatLineOnly) {
  const std::string first = line_of(files_[0]);
  const std::string second = line_of(files_[1]);
  for (const std::size_t length : {std::size_t{1}, second.size() / 2, second.size() - 1}) {
    folder_.write("out.jsonl", first + second.substr(0, length));
    const ResumePoint point = resume();
    ASSERT_THAT(point.to_do, ElementsAre(files_[1], files_[2])) << length;
    ASSERT_EQ(content(), first) << length;
  }
}

TEST_F(PredictionList, DropsWhatIsRetriedAndWhatHasChangedSince) {
  const std::string kept = line_of(files_[1]);
  const std::string before = line_of(files_[2]);
  folder_.write("out.jsonl", line_of(files_[0], "error") + kept + before);
  folder_.write("c.wav", "three and more");
  const ResumePoint point = resume(setup(), {.retry_failed = true});
  EXPECT_THAT(point.to_do, ElementsAre(files_[0], files_[2]));
  EXPECT_EQ(point.num_done, 1U);
  EXPECT_EQ(point.num_failed, 1U);
  EXPECT_EQ(point.num_changed, 1U);
  EXPECT_EQ(content(), kept);
}

TEST_F(PredictionList, DoesNotRetryWhatFailedAndIsTheSameUnlessAsked) {
  const std::string whole = line_of(files_[0], "error") + line_of(files_[1], "error");
  folder_.write("out.jsonl", whole);
  folder_.write("b.wav", "repaired");
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, ElementsAre(files_[1], files_[2]));
  EXPECT_EQ(point.num_failed, 1U);
  EXPECT_EQ(point.num_given_up, 1U);
  EXPECT_EQ(point.num_done, 0U);
  EXPECT_EQ(content(), line_of(files_[0], "error"));
}

TEST_F(PredictionList, DropsWhatIsGoneWhenAskedButNotWhatMayBeUnmounted) {
  const std::string there = line_of(files_[0]);
  const std::string gone = line_of(folder_ / "gone.wav");
  const std::string below = line_of(folder_ / "no folder/gone.wav");
  const std::string unmounted = line_of("/no/such/disk/gone.wav");
  folder_.write("out.jsonl", there + gone + below + unmounted);
  EXPECT_EQ(resume().num_gone, 1U);
  EXPECT_EQ(content(), there + gone + below + unmounted);
  EXPECT_EQ(resume(setup(), {.prune = true}).num_gone, 1U);
  EXPECT_EQ(content(), there + below + unmounted);
  EXPECT_EQ(resume(setup(), {.prune = true, .folders = {folder_.path()}}).num_gone, 1U);
  EXPECT_EQ(content(), there + unmounted);
}

TEST_F(PredictionList, KnowsAFileByEverySpellingAndName) {
  const fs::path odd = folder_.write("caf\xE9.wav", "x");
  files_.push_back(odd);
  fs::create_directory(folder_ / "x");
  FileResult result;
  result.path = odd.string();
  result.stamp = stamp_of(odd);
  folder_.write("out.jsonl",
                line_of(folder_ / "./x/../a.wav") + prediction_jsonl(result, {}, setup()));
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, ElementsAre(files_[1], files_[2]));
  EXPECT_EQ(read_prediction_list(list_)[1].result.path, odd.string());
}

TEST_F(PredictionList, TellsAFileOfTheSameSizeAndAnotherTimeAsChanged) {
  folder_.write("out.jsonl", line_of(files_[0]));
  fs::last_write_time(files_[0], fs::last_write_time(files_[0]) + std::chrono::nanoseconds(1));
  EXPECT_EQ(resume().num_changed, 1U);
}

TEST_F(PredictionList, KeepsLinesOfFilesThatAreNotAskedForAndTheLastOfTwo) {
  const std::string other = line_of(folder_.write("other.wav", "x"));
  const std::string later = line_of(files_[0]);
  folder_.write("out.jsonl", line_of(files_[0], "error") + other + later);
  EXPECT_EQ(resume().num_done, 1U);
  EXPECT_EQ(content(), other + later);
}

TEST_F(PredictionList, OfAnotherModelIsNotGoneOnWith) {
  const std::string whole = line_of(files_[0], "ok", "m") + line_of(files_[1], "error", "m");
  folder_.write("out.jsonl", whole);
  EXPECT_THAT(message_of<UsageError>([&] { resume(setup("n")); }),
              HasSubstr("out.jsonl:1: is an answer of the model 'm' (hash of ) max_seconds=30, not "
                        "of 'n' (hash of ) max_seconds=30"));
  EXPECT_THAT(message_of<UsageError>([&] { resume(setup("m", 10.0)); }),
              HasSubstr("max_seconds=30, not of 'm' (hash of ) max_seconds=10"));
  PredictionSetup retrained = setup();
  retrained.model_hash = "other";
  EXPECT_THAT(message_of<UsageError>([&] { resume(retrained); }), HasSubstr("not of 'm' (other)"));
  EXPECT_EQ(content(), whole);
}

TEST_F(PredictionList, WithoutTheModelsHashIsNotGoneOnWith) {
  folder_.write("out.jsonl", "{\"path\":\"a\",\"status\":\"error\",\"model\":\"m\"}\n");
  EXPECT_THAT(
      message_of<UsageError>([&] { resume(); }),
      HasSubstr("out.jsonl:1: is an answer of the model 'm' without the model's content hash"));
}

TEST_F(PredictionList, GetsNewStampsOfTheFilesNamedOnly) {
  folder_.write("out.jsonl", line_of(files_[0]) + line_of(files_[1]));
  folder_.write("a.wav", "changed");
  folder_.write("b.wav", "changed too");
  {
    LineFile list(list_, LineFile::Start::kAppend);
    renew_stamps(list, list_, {{files_[0].string(), *stamp_of(files_[0])}, {"no such line", {}}});
  }
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, ElementsAre(files_[1], files_[2]));
  EXPECT_EQ(content(), line_of(files_[0]));
}

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

/// Valence, arousal, tags and a curve, but no classes.
FileResult without_classes() {
  SongPrediction song;
  song.segments = {{0.0, 2.5, {}, 0.5, -0.25}, {2.5, 5.0, {}}};
  song.duration_s = 5.0;
  song.analysed_s = 4.5;
  song.valence = 0.5;
  song.arousal = -0.25;
  song.tags = {{"calm", 0.75}, {"dark", 0.125}};
  song.over_time = EmotionCurve{{0.5, 1.0}, {0.25, 0.75}, {-0.5, 0.0}};
  song.unlike_training = 0.375;
  song.embedding = {1.0, -2.0};
  song.warnings = {"decoded by ffmpeg"};
  return {"c.wav", song, "", "", false, FileStamp{7, "2026-01-31T12:00:00Z"}};
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
  EXPECT_EQ(predictions_csv_header({others}).find("p_high_arousal"), std::string::npos);
  EXPECT_FALSE(to_json(bad(), kClasses).contains("p_high_arousal"));
}

TEST(PredictionJson, ReplacesBytesThatAreNotUtf8AndKeepsThoseOfThePath) {
  FileResult result = bad();
  result.path = "caf\xE9.wav";
  result.error = "caf\xE9.wav: gone";
  const Json json = Json::parse(prediction_jsonl(result, kClasses, {}));
  EXPECT_EQ(json["path"], "caf\uFFFD.wav");
  EXPECT_EQ(json["path_bytes"], "Y2Fm6S53YXY=");  // printf 'caf\xe9.wav' | base64
  EXPECT_FALSE(to_json(good(), kClasses).contains("path_bytes"));
  EXPECT_EQ(json["error"], "caf\uFFFD.wav: gone");
}

TEST(PredictionJsonl, IsOneLineAnElementWithTheFilesStampAndTheModel) {
  FileResult result = good();
  result.stamp = FileStamp{1234, "2026-01-31T12:00:00.000000001Z"};
  const std::string line = prediction_jsonl(result, kClasses, {"m", "h", {{"max_seconds", 0.5}}});
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  Json expected = to_json(good(), kClasses);
  expected["size_bytes"] = 1234;
  expected["modified"] = "2026-01-31T12:00:00.000000001Z";
  expected["model"] = "m";
  expected["model_hash"] = "h";
  expected["options"] = {{"max_seconds", 0.5}};
  EXPECT_EQ(Json::parse(line), expected);
  EXPECT_TRUE(Json::parse(prediction_jsonl(bad(), kClasses, {}))["modified"].is_null());
}

TEST(PredictionCsv, HasTheHeadersColumnsInEveryRow) {
  FileResult quoted = bad();
  quoted.path = "a,\"b\".wav";
  FileResult uncertain = good();
  uncertain.uncertain = true;
  const std::string text =
      predictions_csv_header({kClasses}) + prediction_csv_row(good(), {kClasses}) +
      prediction_csv_row(quoted, {kClasses}) + prediction_csv_row(uncertain, {kClasses});
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

TEST(PredictionJsonl, IsReadBackAsItWasWritten) {
  FileResult uncertain = good();
  uncertain.uncertain = true;
  uncertain.prediction->valence = -0.5;
  for (const FileResult& written : {good(), bad(), uncertain, without_classes()}) {
    const bool has_classes = written.path != "c.wav";
    const std::vector<std::string> classes = has_classes ? kClasses : std::vector<std::string>();
    const PredictionSetup setup = {"m", "h", {{"min_confidence", 0.5}}};
    const std::string line = prediction_jsonl(written, classes, setup);
    const auto read = parse_prediction(line, true);
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(read->result.uncertain, written.uncertain);
    EXPECT_EQ(read->result.stamp, written.stamp);
    EXPECT_EQ(read->setup, setup);
    EXPECT_EQ(prediction_jsonl(read->result, read->classes, read->setup), line);
    EXPECT_EQ(parse_prediction(line, false)->emotion, read->emotion);
  }
  EXPECT_EQ(parse_prediction(prediction_jsonl(good(), kClasses, {}), true)->emotion, "sad");
}

TEST(PredictionJsonl, OfAModelWithoutClassesHasWhatItAnswersAndNullElsewhere) {
  const Json json = Json::parse(prediction_jsonl(without_classes(), {}, {}));
  for (const char* key : {"emotion", "confidence", "probabilities"}) {
    EXPECT_TRUE(json[key].is_null()) << key;
  }
  EXPECT_EQ(json["valence"], 0.5);
  EXPECT_EQ(json["arousal"], -0.25);
  EXPECT_EQ(json["tags"], Json::parse(R"({"calm": 0.75, "dark": 0.125})"));
  EXPECT_EQ(json["over_time"]["valence"], Json::parse("[0.25, 0.75]"));
  EXPECT_EQ(json["unlike_training"], 0.375);
  EXPECT_EQ(json["embedding"], Json::parse("[1.0, -2.0]"));
  EXPECT_EQ(json["segments"][0]["arousal"], -0.25);
  EXPECT_FALSE(json["segments"][1].contains("arousal"));
  EXPECT_TRUE(json["segments"][1]["probabilities"].is_null());
  EXPECT_FALSE(to_json(without_classes(), {}).contains("embedding"));
}

TEST(PredictionCsv, HasAColumnOfBytesWhereAPathIsNotUtf8) {
  FileResult odd = bad();
  odd.path = "caf\xE9.wav";
  const std::vector<CsvRow> rows = parse_csv(predictions_csv_header({kClasses}, true) +
                                                 prediction_csv_row(odd, {kClasses}, true) +
                                                 prediction_csv_row(good(), {kClasses}, true),
                                             "csv");
  EXPECT_EQ(rows[0].cells.back(), "path_bytes");
  EXPECT_EQ(rows[1].cells.front(), "caf\uFFFD.wav");
  EXPECT_EQ(rows[1].cells.back(), "Y2Fm6S53YXY=");
  EXPECT_EQ(rows[2].cells.back(), "");
}

TEST(PredictionCsv, OfAModelWithoutClassesHasNoColumnsOfThem) {
  EXPECT_EQ(predictions_csv_header({}),
            "path,status,emotion,confidence,duration_s,analysed_s,segments,error\n");
  EXPECT_EQ(prediction_csv_row(without_classes(), {}), "c.wav,ok,,,5,4.5,2,\n");
}

TEST(PredictionJsonl, SaysThatValenceAndArousalAreDerivedAndWhereTheSongLies) {
  SongPrediction song;
  song.probabilities = {0.4, 0.3, 0.2, 0.1};
  song.valence = 0.0;
  song.arousal = 0.4;
  song.derives_values = true;
  song.embedding = {1.23456, -0.00049};
  const FileResult result{"a.wav", song, "", "", false, {}};
  const std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
  const std::string line = prediction_jsonl(result, classes, {"m", "h"});
  const Json json = Json::parse(line);
  EXPECT_EQ(json.at("values_from"), "class probabilities");
  EXPECT_EQ(json.at("embedding"), Json({1.235, -0.0}));
  const auto read = parse_prediction(line, true);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->result.prediction->derives_values);
  EXPECT_DOUBLE_EQ(read->result.prediction->arousal, 0.4);
  EXPECT_THAT(read->result.prediction->embedding, ElementsAre(1.235, 0.0));
  EXPECT_FALSE(to_json(result, classes).contains("embedding"));
  EXPECT_EQ(predictions_csv_header({classes, true, {}, true}),
            "path,status,emotion,confidence,p_happy,p_anger,p_sad,p_relaxed,duration_s,analysed_s,"
            "segments,error,p_positive_valence,p_high_arousal,valence,arousal,values_from\n");
  EXPECT_THAT(prediction_csv_row(result, {classes, true, {}, true}),
              testing::EndsWith(",0.5,0.7,0,0.4,class probabilities\n"));
}

}  // namespace
}  // namespace mer
