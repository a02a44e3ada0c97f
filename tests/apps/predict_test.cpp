#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "../support/json_schema.hpp"
#include "mer/core/text.hpp"
#include "world.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;

const std::vector<std::string> kClasses = {"happy", "anger", "sad", "relaxed"};

/// Words of a `mer predict` with the world's model.
Words predict(const Words& more) {
  Words words = {"predict", "-m", "runs/base"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> paths_of(const Json& document) {
  std::vector<std::string> paths;
  for (const Json& result : document["results"]) paths.push_back(result["path"]);
  return paths;
}

class Predict : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  const World& world_ = World::get();
  /// Two of the world's songs.
  const std::string happy_ = "songs/happy/song_0001.flac";
  const std::string sad_ = "songs/sad/song_0003.flac";
};

/// The bundled `fast` has learned from recordings; the world's songs are composed.
TEST_F(Predict, SetsTheAnswersOfALibraryOfOtherMusicAgainstItself) {
  const auto answers = [&](const Words& more) {
    Words words = {"predict", "--fast", "--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    return world_.mer(words);
  };
  const Outcome library = answers({"songs", "--adapt"});
  ASSERT_EQ(library.exit_code, 0) << library.err;
  EXPECT_THAT(library.err, HasSubstr("adapted   these songs are of another kind"));
  EXPECT_THAT(library.err, HasSubstr("against 16 of them"));
  const Outcome alone = answers({"songs", "--no-adapt"});
  EXPECT_THAT(alone.err, Not(HasSubstr("adapted")));
  EXPECT_NE(alone.out, library.out);
  EXPECT_EQ(answers({"songs"}).out, alone.out);  // so few may be an album
  // A song by itself is answered as without adapting.
  const Json one = Json::parse(answers({happy_}).out)["results"][0];
  for (const Json& result : Json::parse(alone.out)["results"]) {
    if (result["path"] != one["path"]) continue;
    EXPECT_EQ(result["probabilities"], one["probabilities"]);
  }
  const Outcome too_few = answers({"songs/happy", "--adapt"});
  EXPECT_EQ(too_few.exit_code, 2);
  EXPECT_THAT(too_few.err, HasSubstr("--adapt: fewer than 10 songs could be read"));
}

TEST_F(Predict, ALargeLibraryOfOtherMusicIsSetAgainstItselfUnasked) {
  fs::create_directory(world_ / "library");
  for (const auto& entry : fs::recursive_directory_iterator(world_ / "songs")) {
    for (int copy = 0; entry.path().extension() == ".flac" && copy < 7; ++copy) {
      fs::copy_file(entry.path(),
                    world_ / "library" / (std::to_string(copy) + entry.path().filename().string()));
    }
  }
  const Outcome outcome = world_.mer({"predict", "--fast", "library", "--format", "csv"});
  fs::remove_all(world_ / "library");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("against 56 of them"));  // half of 112
}

TEST_F(Predict, AdaptingIsRefusedByModelsThatCant) {
  const Outcome outcome = world_.mer(predict({"songs", "--adapt"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--adapt: no model here can adapt to other music"));
  EXPECT_EQ(world_.mer(predict({"songs"})).exit_code, 0);
}

TEST_F(Predict, AnAdaptedListIsGoneOnWithInTheSameWay) {
  fs::remove(world_ / "adapted.jsonl");
  const Words words = {"predict", "--fast", "songs",         "--format",
                       "jsonl",   "-o",     "adapted.jsonl", "--adapt"};
  ASSERT_EQ(world_.mer(words).exit_code, 0);
  const auto resume = [&](const Words& more) {
    Words again = {"predict", "--fast", "songs",         "--format",
                   "jsonl",   "-o",     "adapted.jsonl", "--resume"};
    again.insert(again.end(), more.begin(), more.end());
    return world_.mer(again);
  };
  EXPECT_THAT(resume({"--adapt"}).err, HasSubstr("16 done, 0 to do"));
  EXPECT_THAT(resume({}).err, AllOf(HasSubstr("adapted"), HasSubstr("16 done, 0 to do")));
  const Outcome other = resume({"--no-adapt"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("adapt"));
}

TEST_F(Predict, WritesAnnotationsOfEachSongIntoAFolder) {
  fs::remove_all(world_ / "notes");
  const Outcome outcome =
      world_.mer(predict({happy_, sad_, "no.wav", "-j", "2", "--format", "jams", "-o", "notes"}));
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(files_below(world_ / "notes"),
              ElementsAre(Pair("song_0001.jams", testing::_), Pair("song_0003.jams", testing::_)));
  const Json jams = Json::parse(read(world_ / "notes/song_0001.jams"));
  EXPECT_EQ(jams["file_metadata"]["title"], "song_0001");
  EXPECT_EQ(jams["annotations"][0]["annotation_metadata"]["annotator"]["model"], "runs/base");
  const Json segments =
      Json::parse(world_.mer(predict({happy_, "--format", "json"})).out)["results"][0]["segments"];
  const Json& listed = jams["annotations"][1]["data"];
  ASSERT_EQ(listed.size(), segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    EXPECT_NEAR(listed[i]["time"].get<double>(), segments[i]["start_s"].get<double>(), 1e-3);
    EXPECT_EQ(listed[i]["value"], segments[i]["emotion"]);
  }
  for (const std::string format : {"audacity", "sonic_visualiser"}) {
    EXPECT_EQ(world_.mer(predict({happy_, "--format", format, "-o", "notes"})).exit_code, 0);
  }
  EXPECT_THAT(read(world_ / "notes/song_0001.txt"),
              HasSubstr("\t" + segments[0]["emotion"].get<std::string>() + "\n"));
  EXPECT_THAT(read(world_ / "notes/song_0001.svl"), HasSubstr("sampleRate=\"44100\""));
  const Outcome nowhere = world_.mer(predict({happy_, "--format", "jams"}));
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("--format jams writes a file a song\n  hint: -o DIR"));
}

TEST_F(Predict, AnswersInATableWithOneLineASong) {
  const Outcome outcome = world_.mer(predict({happy_, sad_}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "2 files\n");
  const auto lines = lines_of(outcome.out);
  ASSERT_THAT(lines, SizeIs(3)) << outcome.out;
  EXPECT_THAT(lines[0], StartsWith("file "));
  for (const std::string& name : kClasses) EXPECT_THAT(lines[0], HasSubstr(" " + name));
  EXPECT_THAT(lines[1], StartsWith("songs/happy…ng_0001.flac    0:04  "));  // 80 columns
  EXPECT_THAT(lines[2], StartsWith(sad_ + "    0:04  "));
}

TEST_F(Predict, DrawsATimelineBelowEachLine) {
  const auto lines = lines_of(world_.mer(predict({happy_, "--timeline"})).out);
  ASSERT_THAT(lines, SizeIs(8));  // header, row, strip, four classes, time
  EXPECT_THAT(lines[1], StartsWith("songs/happy…ng_0001.flac"));
  EXPECT_THAT(lines[2], StartsWith("emotion  "));
  EXPECT_THAT(lines[3], StartsWith("h happy  "));
  EXPECT_THAT(lines[7], HasSubstr("0:04"));
}

TEST_F(Predict, TakesTheModelBeforeAndAfterTheSong) {
  const Outcome after = world_.mer({"predict", happy_, "-m", "runs/base", "--format", "csv"});
  const Outcome before = world_.mer({"predict", "-m", "runs/base", happy_, "--format", "csv"});
  EXPECT_EQ(after.exit_code, 0) << after.err;
  EXPECT_EQ(before.exit_code, 0) << before.err;
  EXPECT_EQ(before.out, after.out);
  EXPECT_THAT(lines_of(after.out), SizeIs(2));
}

TEST_F(Predict, AveragesRepeatedModelsGivenOnBothSidesOfTheSong) {
  const Outcome both = world_.mer({"predict", "-m", "runs/base", happy_, "--model",
                                   "runs/base/last.safetensors", "--format", "json"});
  ASSERT_EQ(both.exit_code, 0) << both.err;
  const Json document = Json::parse(both.out);
  EXPECT_EQ(document["model"], "runs/base + runs/base/last.safetensors");
  EXPECT_THAT(paths_of(document), ElementsAre(happy_));
}

TEST_F(Predict, AsJsonFitsTheSchemaAtEveryLogLevel) {
  const Outcome plain = world_.mer(predict({happy_, sad_, "--format", "json"}));
  const Outcome verbose = world_.mer(predict({happy_, sad_, "--format", "json", "-v"}));
  EXPECT_EQ(plain.exit_code, 0);
  EXPECT_EQ(verbose.out, plain.out);
  const Json document = Json::parse(plain.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["classes"], Json(kClasses));
  EXPECT_THAT(paths_of(document), ElementsAre(happy_, sad_));
  for (const Json& result : document["results"]) {
    double sum = 0.0;
    double largest = 0.0;
    for (const auto& [name, value] : result["probabilities"].items()) {
      sum += value.get<double>();
      largest = std::max(largest, value.get<double>());
    }
    EXPECT_NEAR(sum, 1.0, 1e-6);
    EXPECT_EQ(result["confidence"], largest);
    EXPECT_EQ(result["probabilities"][result["emotion"].get<std::string>()], largest);
    EXPECT_NEAR(result["duration_s"].get<double>(), 4.0, 0.01);
    for (const Json& segment : result["segments"]) {
      EXPECT_LT(segment["start_s"], segment["end_s"]);
      EXPECT_LE(segment["end_s"], 4.01);
    }
  }
  if (!has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_TRUE(fits_schema(plain.out, "predict.schema.json"));
}

TEST_F(Predict, LetsACorruptFileAmongThreeFailAlone) {
  world_.write("three/b_corrupt.mp3", "this is no music at all");
  fs::copy(world_ / happy_, world_ / "three/a.flac");
  fs::copy(world_ / sad_, world_ / "three/c.flac");
  const Words files = {"three/a.flac", "three/b_corrupt.mp3", "three/c.flac"};
  const Outcome outcome =
      world_.mer(predict({files[0], files[1], files[2], "--format", "json", "-j", "2"}));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("error: "));
  EXPECT_THAT(outcome.err, HasSubstr("b_corrupt.mp3"));
  EXPECT_THAT(outcome.err, HasSubstr("3 files, 1 failed (exit code 3)"));
  const Json document = Json::parse(outcome.out);
  EXPECT_EQ(paths_of(document), files);
  const Json& bad = document["results"][1];
  EXPECT_EQ(bad["status"], "error");
  EXPECT_TRUE(bad["emotion"].is_null());
  EXPECT_THAT(bad["error"].get<std::string>(), Not(IsEmpty()));

  Json alone = Json::parse(world_.mer(predict({happy_, sad_, "--format", "json"})).out);
  alone["results"][0]["path"] = files[0];
  alone["results"][1]["path"] = files[2];
  EXPECT_EQ(document["results"][0], alone["results"][0]);
  EXPECT_EQ(document["results"][2], alone["results"][1]);
  if (!has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_TRUE(fits_schema(outcome.out, "predict.schema.json"));
}

TEST_F(Predict, EndsWithExitCodeThreeWhenEveryFileFails) {
  const Outcome outcome = world_.mer(predict({"nowhere.wav"}));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(lines_of(outcome.out), SizeIs(3));  // names, the file, why
  EXPECT_THAT(outcome.out, HasSubstr("nowhere.wav"));
  EXPECT_THAT(outcome.out, HasSubstr("no such file"));
  EXPECT_THAT(outcome.err, HasSubstr("1 file, 1 failed (exit code 3)"));
}

TEST_F(Predict, SearchesFoldersInSortedOrderAndSkipsOtherFiles) {
  fs::remove_all(world_ / "library");
  world_.write("library/notes.txt", "not audio");
  fs::create_directories(world_ / "library/b");
  fs::copy(world_ / sad_, world_ / "library/b/z.FLAC");
  fs::copy(world_ / happy_, world_ / "library/a.flac");
  fs::copy(world_ / sad_, world_ / "library/c.flac");
  const Outcome outcome = world_.mer(predict({"library", happy_, "--format", "jsonl", "-j", "2"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::vector<std::string> paths;
  for (const std::string& line : lines_of(outcome.out)) {
    paths.push_back(fs::relative(Json::parse(line)["path"].get<std::string>(), world_.folder()));
  }
  EXPECT_THAT(paths, ElementsAre("library/a.flac", "library/b/z.FLAC", "library/c.flac", happy_));
}

TEST_F(Predict, ReadsAListFromStdinAndKeepsItsOrder) {
  const std::string relaxed = "songs/relaxed/song_0004.flac";
  const Outcome outcome = world_.mer(predict({"-", relaxed, "--format", "csv", "-j", "2"}),
                                     "\xEF\xBB\xBF#EXTM3U\n" + sad_ + "\r\n\n" + happy_ + "\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto rows = parse_csv(outcome.out, "csv");
  ASSERT_THAT(rows, SizeIs(4));
  EXPECT_EQ(rows[1].cells[0], sad_);
  EXPECT_EQ(rows[2].cells[0], happy_);
  EXPECT_EQ(rows[3].cells[0], relaxed);
  const std::string nul(1, '\0');
  EXPECT_EQ(world_.mer(predict({"-", relaxed, "--format", "csv"}), sad_ + nul + happy_ + nul).out,
            outcome.out);
  // A folder on the list is searched, and what is named twice is one song.
  EXPECT_THAT(
      lines_of(
          world_.mer(predict({"-", "--format", "csv"}), "songs/sad\n./songs//sad/song_0003.flac\n")
              .out),
      SizeIs(1 + 4));
  const Outcome nothing = world_.mer(predict({"-", "-q"}), "");
  EXPECT_EQ(nothing.exit_code, 0);
  EXPECT_EQ(nothing.out + nothing.err, "");
}

TEST_F(Predict, AsCsvHasAColumnForEachClass) {
  const auto rows = parse_csv(world_.mer(predict({happy_, "--format", "csv"})).out, "csv");
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_THAT(rows[0].cells, ElementsAre("path", "status", "emotion", "confidence", "p_happy",
                                         "p_anger", "p_sad", "p_relaxed", "duration_s",
                                         "analysed_s", "segments", "error", "p_positive_valence",
                                         "p_high_arousal", "valence", "arousal", "values_from"));
  EXPECT_EQ(rows[1].cells[1], "ok");
}

TEST_F(Predict, TellsInAListWhereASongLies) {
  const Outcome first = world_.mer(predict({happy_, sad_, "--format", "jsonl"}));
  const auto place = Json::parse(lines_of(first.out)[1])["embedding"];
  EXPECT_GE(place.size(), 2U);
  EXPECT_LE(place.size(), 24U);
  // The same alone: no other song moves it.
  const Outcome alone = world_.mer(predict({sad_, "--format", "jsonl"}));
  EXPECT_EQ(Json::parse(alone.out)["embedding"], place);
  const Outcome tags = world_.mer(predict({sad_, "--tags"}));
  EXPECT_EQ(tags.exit_code, 2);
  EXPECT_THAT(tags.err, HasSubstr("the model sees none"));
  const Outcome fast = world_.mer(predict({sad_, "--fast"}));
  EXPECT_EQ(fast.exit_code, 2);
  EXPECT_THAT(fast.err, HasSubstr("--fast names a model, and so does -m"));
}

TEST_F(Predict, WritesToAFileInsteadOfStdout) {
  const Outcome outcome = world_.mer(predict({happy_, "--format", "json", "-o", "moods.json"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(paths_of(Json::parse(read(world_ / "moods.json"))), ElementsAre(happy_));
}

TEST_F(Predict, ResumesAJsonlFileThatWasCutOff) {
  ASSERT_EQ(world_.mer(predict({happy_, sad_, "--format", "jsonl", "-o", "m.jsonl"})).exit_code, 0);
  const std::string whole = read(world_ / "m.jsonl");
  const std::string first = lines_of(whole).at(0) + "\n";
  fs::resize_file(world_ / "m.jsonl", first.size() + 40);  // stopped within the second line
  const Outcome outcome =
      world_.mer(predict({happy_, sad_, "--format", "jsonl", "-o", "m.jsonl", "--resume"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "resuming  m.jsonl: 1 done, 1 to do\n");
  EXPECT_EQ(read(world_ / "m.jsonl"), whole);
}

TEST_F(Predict, KilledGoesOnWhereItStoppedAndTriesWhatFailedAgain) {
  constexpr int kSongs = 120;
  const std::string song = wav(tone(300, 0.2, 22050), 22050);
  const auto name = [](int i) { return "killed/" + std::to_string(1000 + i) + ".wav"; };
  for (int i = 0; i < kSongs; ++i) world_.write(name(i), i == 3 ? "no song yet" : song);
  Words words =
      predict({"killed", "--format", "jsonl", "-o", "killed.jsonl", "-j", "2", "--resume"});
  Words command = words;
  command.insert(command.begin(), MER_PROGRAM);
  const auto num_lines = [&] {
    return fs::exists(world_ / "killed.jsonl") ? lines_of(read(world_ / "killed.jsonl")).size() : 0;
  };
  {
    Process process(command, world_.place());
    for (int tries = 0; tries < 60000 && num_lines() < 10; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    process.send(SIGKILL);
    process.wait();
  }
  ASSERT_GE(num_lines(), 10U);
  world_.write(name(3), song);
  world_.write(name(5), song + song);  // another file of the same name

  const Outcome resumed = world_.mer(words);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("1 have changed, 1 failed before"));
  std::set<std::string> paths;
  const auto lines = lines_of(read(world_ / "killed.jsonl"));
  for (const std::string& line : lines) {
    const Json result = Json::parse(line);
    EXPECT_EQ(result["status"], "ok");
    paths.insert(result["path"]);
  }
  EXPECT_THAT(lines, SizeIs(kSongs));
  EXPECT_THAT(paths, SizeIs(kSongs));
  const Outcome again = world_.mer(words);
  EXPECT_EQ(again.err, "resuming  killed.jsonl: 120 done, 0 to do\n0 files\n");
}

TEST_F(Predict, RefusesToResumeAFileThatIsNotItsOwn) {
  world_.write("other.jsonl", "{\"song\": 1}\n");
  const Outcome outcome =
      world_.mer(predict({happy_, "--format", "jsonl", "-o", "other.jsonl", "--resume"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("other.jsonl:1: is no line of mer predict --format jsonl"));
  EXPECT_EQ(read(world_ / "other.jsonl"), "{\"song\": 1}\n");
}

TEST_F(Predict, GivesNoEmotionBelowTheConfidenceAskedFor) {
  const Outcome outcome =
      world_.mer(predict({happy_, "--format", "json", "--min-confidence", "1"}));
  EXPECT_EQ(outcome.exit_code, 0);
  const Json result = Json::parse(outcome.out)["results"][0];
  EXPECT_EQ(result["status"], "ok");
  EXPECT_TRUE(result["emotion"].is_null());
  EXPECT_TRUE(result["confidence"].is_number());
  if (!has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_TRUE(fits_schema(outcome.out, "predict.schema.json"));
}

TEST_F(Predict, AnalysesTheFirstSecondsOnlyWhenAsked) {
  const Outcome outcome = world_.mer(predict({happy_, "--format", "json", "--max-seconds", "2"}));
  const Json result = Json::parse(outcome.out)["results"][0];
  EXPECT_NEAR(result["duration_s"].get<double>(), 4.0, 0.01);
  EXPECT_LE(result["analysed_s"], 2.0);
  EXPECT_LE(result["segments"].back()["end_s"], 2.01);
}

TEST_F(Predict, AnswersOrSaysWhyNotForEveryOddFile) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> with_nan = tone(300, 2.0, 22050);
  with_nan[22050] = kNan;
  const std::string not_utf8 = std::string("odd/caf\xE9") + ".wav";
  const auto write = [&](const std::string& name, const std::string& bytes) {
    return world_.write(name, bytes);
  };
  write("odd/silent.wav", wav(std::vector<float>(3 * 22050, 0.0F), 22050));
  write("odd/one_sample.wav", wav({0.5F}, 22050));
  write("odd/no_samples.wav", wav({}, 22050));
  write("odd/empty.wav", "");
  write("odd/nan.wav", wav(with_nan, 22050));
  write("odd/short.wav", wav(tone(300, 0.4, 22050), 22050));
  write("odd/one_frame.wav", wav(tone(300, 2048.0 / 22050, 22050), 22050));
  write("odd/eight_channels.wav", wav(tone(300, 2.0, 22050, 8), 22050, 8));
  write("odd/mono.wav", wav(tone(300, 2.0, 22050), 22050));
  write("odd/8khz.wav", wav(tone(300, 2.0, 8000), 8000));
  write("odd/192khz.wav", wav(tone(300, 2.0, 192000), 192000));
  write("odd/Übermut – 悲しい.wav", wav(tone(300, 2.0, 22050), 22050));
  write(not_utf8, wav(tone(300, 2.0, 22050), 22050));

  const Outcome outcome = world_.mer(predict({"odd", "--format", "json", "-j", "2"}));
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("13 files, 5 failed (exit code 3)"));
  const Json document = Json::parse(outcome.out);
  std::map<std::string, Json> results;
  for (const Json& result : document["results"]) {
    results[result["path"].get<std::string>().substr(4)] = result;
  }
  EXPECT_THAT(results, SizeIs(13));

  const std::map<std::string, std::string> reasons = {{"silent.wav", "silence"},
                                                      {"one_sample.wav", "1 sample"},
                                                      {"no_samples.wav", ""},
                                                      {"empty.wav", "empty"},
                                                      {"nan.wav", "1.000 s is not a number"}};
  for (const auto& [name, reason] : reasons) {
    EXPECT_EQ(results[name]["status"], "error") << name;
    EXPECT_THAT(results[name]["error"].get<std::string>(), HasSubstr(reason)) << name;
  }
  for (const char* name : {"short.wav", "one_frame.wav"}) {
    EXPECT_EQ(results[name]["status"], "ok") << results[name];
    EXPECT_THAT(results[name]["warnings"].dump(), HasSubstr("less than a segment of 1 s"));
    EXPECT_THAT(results[name]["segments"], SizeIs(1));
  }
  for (const char* name : {"eight_channels.wav", "mono.wav", "8khz.wav", "192khz.wav",
                           "Übermut – 悲しい.wav", "caf\xEF\xBF\xBD.wav"}) {
    EXPECT_EQ(results[name]["status"], "ok") << name;
    const bool is_low = std::string_view(name) == "8khz.wav";
    EXPECT_THAT(results[name]["warnings"].dump(), HasSubstr(is_low ? "recorded at 8000 Hz" : "[]"))
        << name;
    EXPECT_NEAR(results[name]["duration_s"].get<double>(), 2.0, 1e-3) << name;
  }
  // The same on every channel mixes down to itself but for rounding, which a pure tone's pitch and
  // formants enlarge; a name is no part of the music.
  for (const char* name : {"eight_channels.wav", "Übermut – 悲しい.wav", "caf\xEF\xBF\xBD.wav"}) {
    for (const std::string& label : kClasses) {
      EXPECT_NEAR(results[name]["probabilities"][label].get<double>(),
                  results["mono.wav"]["probabilities"][label].get<double>(), 0.02)
          << name;
    }
  }
  if (!has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  EXPECT_TRUE(fits_schema(outcome.out, "predict.schema.json"));
}

TEST_F(Predict, WithoutAModelUsesTheBundledOneAndSaysSo) {
  if (!fs::exists(fs::path(MER_SOURCE_DIR) / "data/models/default.safetensors")) {
    GTEST_SKIP() << "no model is bundled";
  }
  const Outcome outcome = world_.mer({"predict", happy_, "--format", "json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("the bundled model 'default'"));
  EXPECT_EQ(Json::parse(outcome.out)["model"], "default");
  EXPECT_THAT(world_.mer({"info"}).out, HasSubstr("default "));
}

TEST_F(Predict, FailsWhenItsOutputCannotBeWritten) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const Outcome outcome = world_.mer(predict({happy_, "-o", "/dev/full"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error: /dev/full: cannot be written"));
}

}  // namespace
}  // namespace mer::test
