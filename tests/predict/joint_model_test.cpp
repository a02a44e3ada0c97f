#include "mer/predict/joint_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/runs/ensemble_card.hpp"
#include "test_model.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using test::TestModel;
using test::write_model;
using test::write_song;
using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;
using testing::SizeIs;

/// Three models that say something else of every song, and a song.
class JointModel : public testing::Test {
 protected:
  JointModel() {
    write_song(song_, 3.2);
    for (int i = 0; i < 3; ++i) {
      TestModel model;
      model.seed = static_cast<std::uint64_t>(i + 1);
      model.training_counts = {i + 1, 1, 1, 1};
      if (i == 1) model.temperature = 2.0;
      files_.push_back(write_model(folder_ / ("m" + std::to_string(i) + ".safetensors"), model));
    }
  }

  std::filesystem::path save(const std::string& name,
                             const std::vector<std::filesystem::path>& files,
                             const Joint& joint) const {
    std::vector<TensorFile> models;
    for (const auto& file : files) models.push_back(TensorFile::open(file));
    write_joint_model(folder_ / name, models, joint);
    return folder_ / name;
  }

  SongPrediction predict(const std::vector<std::filesystem::path>& files) const {
    return Predictor::load(files, "cpu").predict_file(song_, 0.0);
  }

  static void expect_same(const SongPrediction& one, const SongPrediction& other) {
    EXPECT_EQ(one.probabilities, other.probabilities);
    ASSERT_EQ(one.segments.size(), other.segments.size());
    for (std::size_t s = 0; s < one.segments.size(); ++s) {
      EXPECT_EQ(one.segments[s].probabilities, other.segments[s].probabilities);
      EXPECT_EQ(one.segments[s].start_s, other.segments[s].start_s);
    }
  }

  TemporaryFolder folder_;
  std::filesystem::path song_ = folder_ / "a.wav";
  std::vector<std::filesystem::path> files_;
};

TEST_F(JointModel, WithEqualWeightsAnswersExactlyAsItsMembersTogether) {
  const auto ensemble = save("f.safetensors", files_, Joint::with_equal_weights(3));
  expect_same(predict({ensemble}), predict(files_));
  EXPECT_NE(predict({ensemble}).probabilities, predict({files_[0]}).probabilities);
  EXPECT_THAT(Predictor::load({ensemble}, "cpu").training_counts(), ElementsAre(6, 3, 3, 3));
}

TEST_F(JointModel, WeighsItsMembersAndAppliesItsTemperature) {
  const std::vector<double> weights = {0.5, 0.125, 0.375};
  const auto ensemble = save("f.safetensors", files_, {weights, {1.5, 30, 1.0, 0.9, "songs"}});
  ProbabilityRows alone;
  for (const auto& file : files_) alone.push_back(predict({file}).probabilities);
  EXPECT_EQ(predict({ensemble}).probabilities,
            with_temperature(join_opinions(alone, weights), 1.5));
  const SongPrediction first = predict({files_[0]});
  const SongPrediction second = predict({files_[1]});
  const SongPrediction third = predict({files_[2]});
  const SongPrediction together = predict({ensemble});
  ASSERT_THAT(together.segments, SizeIs(3));
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_EQ(together.segments[s].probabilities,
              with_temperature(
                  join_opinions({first.segments[s].probabilities, second.segments[s].probabilities,
                                 third.segments[s].probabilities},
                                weights),
                  1.5));
  }
}

TEST_F(JointModel, MayItselfBeOneOfSeveralModelsAndAMember) {
  const auto pair = save("pair.safetensors", {files_[0], files_[1]}, {{0.25, 0.75}, {}});
  const auto nested = save("nested.safetensors", {pair, files_[2]}, Joint::with_equal_weights(2));
  expect_same(predict({nested}), predict({pair, files_[2]}));
  EXPECT_EQ(predict({pair, files_[2]}).probabilities,
            join_opinions({predict({pair}).probabilities, predict({files_[2]}).probabilities},
                          std::vector{0.5, 0.5}));
  EXPECT_THAT(systems_in(TensorFile::open(nested)), SizeIs(3));
}

TEST_F(JointModel, KeepsTheMembersCardsAndTensorsUnderTheirNames) {
  const auto ensemble = save("f.safetensors", {files_[0], files_[1]}, {{0.25, 0.75}, {}});
  const TensorFile file = TensorFile::open(ensemble);
  const TensorFile second = TensorFile::open(files_[1]);
  for (const std::string& name : second.names()) {
    const auto bytes = second.at(name).bytes;
    const auto kept = file.at("member-2." + name).bytes;
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), kept.begin(), kept.end())) << name;
  }
  const auto systems = systems_in(file);
  ASSERT_THAT(systems, SizeIs(2));
  EXPECT_EQ(systems[1].metadata(), second.metadata());
  EXPECT_EQ(EnsembleCard::read(file).weights, (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(calibration_of(file).temperature, 1.0);
  EXPECT_EQ(calibration_of(second).temperature, 2.0);
}

TEST_F(JointModel, OfOneModelIsThatModelAtAnotherTemperature) {
  const auto warm = save("warm.safetensors", {files_[1]}, {{1.0}, {4.0, 30, 1.0, 0.9, "songs"}});
  EXPECT_THAT(
      predict({warm}).probabilities,
      Pointwise(DoubleNear(1e-9), with_temperature(predict({files_[1]}).probabilities, 2.0)));
  EXPECT_EQ(TensorFile::open(warm).names(), TensorFile::open(files_[1]).names());
  const auto pair = save("pair.safetensors", {files_[0], files_[2]}, {{0.5, 0.5}, {}});
  const auto warm_pair = save("wp.safetensors", {pair}, {{1.0}, {4.0, 30, 1.0, 0.9, "songs"}});
  EXPECT_EQ(predict({warm_pair}).probabilities,
            with_temperature(predict({pair}).probabilities, 4.0));
}

TEST_F(JointModel, OfOtherClassesIsNotWritten) {
  TestModel other;
  other.classes = {"anger", "happy", "sad", "relaxed"};
  const auto file = write_model(folder_ / "other.safetensors", other);
  EXPECT_THAT(message_of<UsageError>([&] {
                save("f.safetensors", {files_[0], file}, Joint::with_equal_weights(2));
              }),
              AllOf(HasSubstr("other.safetensors: its classes are anger, happy, sad, relaxed"),
                    HasSubstr("m0.safetensors are happy, anger, sad, relaxed")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "f.safetensors"));
}

TEST_F(JointModel, ThatIsNotWholeIsRefusedNamingTheFileAndTheFact) {
  const TensorFile whole =
      TensorFile::open(save("f.safetensors", {files_[0], files_[1]}, {{0.5, 0.5}, {}}));
  const auto complaint_with = [&](const std::string& key, const std::string& value) {
    NamedTensors tensors;
    for (const std::string& name : whole.names()) tensors.emplace_back(name, whole.at(name));
    TensorMetadata metadata = whole.metadata();
    if (value.empty()) {
      metadata.erase(key);
    } else {
      metadata[key] = value;
    }
    write_tensor_file(folder_ / "odd.safetensors", tensors, metadata);
    const std::string message =
        message_of<UsageError>([&] { Predictor::load({folder_ / "odd.safetensors"}, "cpu"); });
    EXPECT_THAT(message, HasSubstr("odd.safetensors: not a usable model: "));
    return message;
  };
  EXPECT_THAT(complaint_with("weights", "[0.5,0.4]"),
              HasSubstr("the weights of its members are [0.5,0.4], they must be at least 0 and "
                        "sum to 1"));
  EXPECT_THAT(complaint_with("weights", "[1.5,-0.5]"), HasSubstr("must be at least 0"));
  EXPECT_THAT(complaint_with("weights", "[1.0]"),
              HasSubstr("it joins 1 models, two are the fewest"));
  EXPECT_THAT(complaint_with("weights", "[0.5,0.25,0.25]"), HasSubstr("it has no 'member-3'"));
  EXPECT_THAT(complaint_with("member-2", ""), HasSubstr("it has no 'member-2'"));
  EXPECT_THAT(complaint_with("classes", R"(["happy","sad"])"),
              HasSubstr("its classes are happy, sad, those of member-1 are happy, anger"));
  EXPECT_THAT(complaint_with("schema", "2"), HasSubstr("its schema is 2, this mer reads 1"));
}

/// Songs "0", "1", … of two classes, so many of each hundred of class 0.
LabelledProbabilities songs_at(std::size_t count, const std::vector<double>& probabilities,
                               std::size_t num_first) {
  LabelledProbabilities songs;
  for (std::size_t i = 0; i < count; ++i) {
    songs.ids.push_back(std::to_string(i));
    songs.truth.push_back(i < num_first ? 0 : 1);
    songs.probabilities.push_back(probabilities);
  }
  return songs;
}

TEST(FitJoint, OfOneModelFitsItsTemperature) {
  const Joint joint = fit_joint({songs_at(20, {0.9, 0.1}, 14)}, "these");
  EXPECT_THAT(joint.weights, ElementsAre(1.0));
  // 0.9^b / (0.9^b + 0.1^b) = 0.7.
  EXPECT_NEAR(joint.calibration.temperature, std::log(9.0) / std::log(7.0 / 3.0), 1e-9);
  EXPECT_EQ(joint.calibration.songs, 20);
  EXPECT_EQ(joint.calibration.fitted_on, "these");
}

TEST(FitJoint, MatchesSongsByIdAndWeighsTheModelThatKnowsMore) {
  LabelledProbabilities knows = songs_at(40, {0.5, 0.5}, 20);
  for (std::size_t i = 0; i < 40; ++i) {
    const double right = i % 10 == 0 ? 0.2 : 0.8;  // four of forty wrong
    knows.probabilities[i] =
        knows.truth[i] == 0 ? std::vector{right, 1.0 - right} : std::vector{1.0 - right, right};
  }
  LabelledProbabilities guesses = songs_at(40, {0.9, 0.1}, 20);  // "0" of every song
  std::reverse(guesses.ids.begin(), guesses.ids.end());
  std::reverse(guesses.truth.begin(), guesses.truth.end());
  const Joint joint = fit_joint({guesses, knows}, "these");
  EXPECT_THAT(joint.weights, ElementsAre(DoubleNear(0.0, 1e-6), DoubleNear(1.0, 1e-6)));
  // 0.8 is right 9 times of 10: b = ln 9 / ln 4, sharper than it was.
  EXPECT_NEAR(joint.calibration.temperature, std::log(4.0) / std::log(9.0), 1e-6);
  EXPECT_LT(joint.calibration.nll_after, joint.calibration.nll_before);
}

TEST(FitJoint, RefusesFewSongsAndDifferentOnes) {
  EXPECT_THAT(message_of<UsageError>([] {
                fit_joint({songs_at(19, {0.9, 0.1}, 14)}, "");
              }),
              HasSubstr("19 songs are too few to fit on"));
  const LabelledProbabilities songs = songs_at(20, {0.9, 0.1}, 14);
  LabelledProbabilities relabelled = songs;
  relabelled.truth[3] = 1;
  LabelledProbabilities more = songs_at(21, {0.9, 0.1}, 14);
  for (const LabelledProbabilities& other : {relabelled, more}) {
    EXPECT_THAT(message_of<UsageError>([&] {
                  fit_joint({songs, other}, "");
                }),
                HasSubstr("not of the same songs with the same labels: 20 and "));
  }
}

TEST(ReadPredictions, ReadsBackWhatAnEvaluationWrote) {
  const TemporaryFolder folder;
  std::vector<ScoredSong> songs(2);
  songs[0].song.id = "a";
  songs[0].song.listed_path = "a.wav";
  songs[0].song.label = "sad";
  songs[0].prediction.probabilities = {1.0 / 3.0, 2.0 / 3.0};
  songs[1] = songs[0];
  songs[1].song.id = "b";
  songs[1].song.label = "happy";
  const std::vector<std::string> classes = {"happy", "sad"};
  const Evaluation evaluation = score_songs("m", "test", classes, songs, {}, {1, 1});
  write_evaluation(evaluation, folder.path());
  LabelledProbabilities read = read_predictions(folder / "predictions.csv", classes);
  EXPECT_THAT(read.ids, ElementsAre("a", "b"));
  EXPECT_THAT(read.truth, ElementsAre(1, 0));
  EXPECT_EQ(read.probabilities, predictions_of(evaluation).probabilities);
  EXPECT_EQ(read.truth, predictions_of(evaluation).truth);
  read.apply_temperature(2.0);  // a root
  EXPECT_NEAR(read.probabilities[0][1] / read.probabilities[0][0], std::sqrt(2.0), 1e-12);

  EXPECT_THAT(message_of<UsageError>([&] {
                read_predictions(folder / "predictions.csv", {"happy", "anger"});
              }),
              HasSubstr("predictions.csv: its columns are not id,path,label,predicted,confidence,"
                        "p_happy,p_anger,segments"));
  folder.write("odd.csv",
               "id,path,label,predicted,confidence,p_happy,p_sad,segments\n"
               "a,a.wav,sad,sad,0.5,much,0.5,1\n");
  EXPECT_THAT(message_of<UsageError>([&] { read_predictions(folder / "odd.csv", classes); }),
              HasSubstr("odd.csv:2: 'much' is no probability"));
}

}  // namespace
}  // namespace mer
