#include "mer/predict/predict_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "test_model.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::TestModel;
using test::write_model;
using test::write_song;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class PredictFiles : public testing::Test {
 protected:
  Predictor predictor(const TestModel& model = {}) const {
    return Predictor::load({write_model(folder_ / "m.safetensors", model)}, "cpu");
  }
  std::vector<FileResult> all(const Predictor& model,
                              const std::vector<std::filesystem::path>& inputs,
                              const PredictFilesOptions& options = {}) const {
    std::vector<FileResult> results;
    predict_files(model, inputs, options,
                  [&](FileResult result) { results.push_back(std::move(result)); });
    return results;
  }

  TemporaryFolder folder_;
};

TEST_F(PredictFiles, GoesOnAfterFilesThatCannotBeUsed) {
  write_song(folder_ / "good.wav", 1.2);
  folder_.write("corrupt.wav", "RIFF and then nothing that makes sense");
  write_song(folder_ / "silent.wav", 0.0, 1.0);
  write_song(folder_ / "short.wav", 0.01);
  write_song(folder_ / "good too.wav", 1.2);
  const std::vector<std::filesystem::path> inputs = {
      folder_ / "good.wav",  folder_ / "corrupt.wav", folder_ / "silent.wav",
      folder_ / "short.wav", folder_ / "gone.wav",    folder_ / "good too.wav"};
  const std::vector<FileResult> results = all(predictor(), inputs, {.jobs = 1});
  ASSERT_EQ(results.size(), 6U);
  EXPECT_TRUE(results[0].ok());
  EXPECT_TRUE(results[0].error.empty());
  for (const std::size_t failed : {1U, 2U, 3U, 4U}) {
    EXPECT_FALSE(results[failed].ok());
    EXPECT_THAT(results[failed].error, HasSubstr(inputs[failed].filename().string()));
  }
  EXPECT_THAT(results[2].error, HasSubstr("silence"));
  ASSERT_TRUE(results[5].ok());
  EXPECT_EQ(results[5].prediction->probabilities, results[0].prediction->probabilities);
}

TEST_F(PredictFiles, KeepsTheOrderAndTheAnswersWithTwoJobs) {
  std::vector<std::filesystem::path> inputs;
  for (int i = 0; i < 6; ++i) {
    inputs.push_back(folder_ / (std::to_string(i) + ".wav"));
    write_song(inputs.back(), i == 0 ? 6.0 : 1.0 + 0.1 * i);  // the first is the last to be done
  }
  inputs.insert(inputs.begin() + 2, folder_ / "gone.wav");
  const Predictor model = predictor();
  const std::vector<FileResult> one = all(model, inputs, {.jobs = 1});
  const std::vector<FileResult> two = all(model, inputs, {.jobs = 2});
  ASSERT_EQ(one.size(), inputs.size());
  ASSERT_EQ(two.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(two[i].path, inputs[i].string());
    ASSERT_EQ(two[i].ok(), i != 2);
    EXPECT_EQ(two[i].error, one[i].error);
    if (two[i].ok()) {
      EXPECT_EQ(two[i].prediction->probabilities, one[i].prediction->probabilities);
    }
  }
}

TEST_F(PredictFiles, HandsEachResultOnAsSoonAsItIsDone) {
  write_song(folder_ / "a.wav", 1.0);
  const std::vector<std::filesystem::path> inputs(3, folder_ / "a.wav");
  std::size_t delivered = 0;
  std::vector<std::size_t> delivered_before_file;
  const BatchCount count = predict_files(
      predictor(), inputs, {.jobs = 1}, [&](const FileResult&) { ++delivered; },
      [&] {
        delivered_before_file.push_back(delivered);
        return delivered == 2;
      });
  // Asked before each file and within it.
  const auto end = std::unique(delivered_before_file.begin(), delivered_before_file.end());
  delivered_before_file.erase(end, delivered_before_file.end());
  EXPECT_THAT(delivered_before_file, ElementsAre(0, 1, 2));
  EXPECT_EQ(count.done, 2U);  // stopped before the third
  EXPECT_EQ(count.failed, 0U);
}

TEST_F(PredictFiles, EndsWhenTheReceiverThrows) {
  write_song(folder_ / "a.wav", 1.0);
  const std::vector<std::filesystem::path> inputs(3, folder_ / "a.wav");
  int calls = 0;
  const auto disk_full = [&](const FileResult&) {
    ++calls;
    throw Error("disk full");
  };
  EXPECT_THROW(predict_files(predictor(), inputs, {.jobs = 1}, disk_full), Error);
  EXPECT_EQ(calls, 1);
}

TEST_F(PredictFiles, CallsAnAnswerBelowTheConfidenceAskedForUncertain) {
  write_song(folder_ / "a.wav", 1.0);
  TestModel model;
  model.always = {0.1, 0.5, 0.2, 0.2};
  const Predictor half_sure = predictor(model);
  EXPECT_FALSE(all(half_sure, {folder_ / "a.wav"}, {.min_confidence = 0.45})[0].uncertain);
  const FileResult unsure = all(half_sure, {folder_ / "a.wav"}, {.min_confidence = 0.55})[0];
  EXPECT_TRUE(unsure.uncertain);
  ASSERT_TRUE(unsure.ok());
  EXPECT_EQ(unsure.prediction->predicted(), 1);
}

TEST_F(PredictFiles, TakesPathsOfAnyBytes) {
  for (const std::string name : {"Céline – 歌.wav", "caf\xE9.wav"}) {
    write_song(folder_ / name, 1.0);
    const FileResult result = all(predictor(), {folder_ / name})[0];
    EXPECT_TRUE(result.ok()) << result.error;
    EXPECT_EQ(result.path, (folder_ / name).string());
  }
}

class EvaluateSongs : public PredictFiles {
 protected:
  /// Three songs with labels; features of the first two.
  void SetUp() override {
    manifest_.file = "songs.csv";
    const Recipe recipe;
    int line = 2;
    for (const char* label : {"sad", "happy", "sad"}) {
      Song song;
      song.id = "s" + std::to_string(line);
      song.group = song.id;
      song.listed_path = song.id + ".wav";
      song.label = label;
      song.line = line++;
      manifest_.songs.push_back(song);
    }
    write_song(folder_ / "a.wav", 1.2);
    extract_song(folder_ / "a.wav", recipe, folder_ / "a.safetensors");
    const SongFiles files{{folder_ / "a.safetensors"}, {}};
    files_ = {files, files, {{""}, {}}};
  }

  Manifest manifest_;
  std::vector<SongFiles> files_;
};

TEST_F(EvaluateSongs, ScoresWhatCouldBeReadAndListsTheRest) {
  TestModel model;
  model.always = {0.1, 0.2, 0.4, 0.3};  // always sad
  model.training_counts = {9, 0, 1, 0};
  std::vector<std::size_t> progress;
  const Evaluation evaluation =
      evaluate_songs(predictor(model), "m", "test", manifest_, {0, 1, 2}, files_, 2,
                     [&](std::size_t done, std::size_t total, const std::string&) {
                       EXPECT_EQ(total, 3U);
                       progress.push_back(done);
                     });
  EXPECT_THAT(progress, ElementsAre(1, 2, 3));
  EXPECT_THAT(evaluation.failed, ElementsAre("s4.wav"));
  ASSERT_EQ(evaluation.songs.size(), 2U);
  EXPECT_EQ(evaluation.songs[1].song.id, "s3");
  EXPECT_DOUBLE_EQ(evaluation.song_scores.accuracy, 0.5);  // one of two is sad
  EXPECT_EQ(evaluation.baseline_class, "happy");
  EXPECT_DOUBLE_EQ(evaluation.baseline_accuracy, 0.5);
}

TEST_F(EvaluateSongs, RefusesALabelThatTheModelDoesNotKnow) {
  manifest_.songs[1].label = "hapy";
  EXPECT_THAT(
      message_of<UsageError>([&] {
        evaluate_songs(predictor(), "m", "all", manifest_, {0, 1}, {files_[2], files_[2]}, 1, {});
      }),
      AllOf(HasSubstr("songs.csv:3: label 'hapy'"), HasSubstr("happy, anger, sad, relaxed"),
            HasSubstr("did you mean 'happy'?")));
  // Songs that aren't asked for don't matter.
  EXPECT_NO_THROW(evaluate_songs(predictor(), "m", "all", manifest_, {0}, {files_[0]}, 1, {}));
}

}  // namespace
}  // namespace mer
