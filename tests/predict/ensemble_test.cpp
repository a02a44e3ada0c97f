#include "mer/metrics/ensemble.hpp"

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
class EnsembleFile : public testing::Test {
 protected:
  EnsembleFile() {
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
                             const std::vector<double>& weights,
                             const ModelCard::FittedTemperature& calibration = {}) const {
    std::vector<TensorFile> models;
    for (const auto& file : files) models.push_back(TensorFile::open(file));
    write_ensemble(folder_ / name, models, weights, calibration);
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

TEST_F(EnsembleFile, WithEqualWeightsAnswersExactlyAsItsMembersTogether) {
  const auto ensemble = save("f.safetensors", files_, Ensemble::of_equals(3).weights);
  expect_same(predict({ensemble}), predict(files_));
  EXPECT_NE(predict({ensemble}).probabilities, predict({files_[0]}).probabilities);
  EXPECT_THAT(Predictor::load({ensemble}, "cpu").training_counts(), ElementsAre(6, 3, 3, 3));
}

TEST_F(EnsembleFile, WeighsItsMembersAndAppliesItsTemperature) {
  const std::vector<double> weights = {0.5, 0.125, 0.375};
  const auto ensemble = save("f.safetensors", files_, weights, {1.5, 30, 1.0, 0.9, "songs"});
  ProbabilityRows alone;
  for (const auto& file : files_) alone.push_back(predict({file}).probabilities);
  EXPECT_EQ(predict({ensemble}).probabilities, (Ensemble{weights, 1.5}.answer(alone)));
  const SongPrediction first = predict({files_[0]});
  const SongPrediction second = predict({files_[1]});
  const SongPrediction third = predict({files_[2]});
  const SongPrediction together = predict({ensemble});
  ASSERT_THAT(together.segments, SizeIs(3));
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_EQ(together.segments[s].probabilities,
              (Ensemble{weights, 1.5}.answer({first.segments[s].probabilities,
                                              second.segments[s].probabilities,
                                              third.segments[s].probabilities})));
  }
}

TEST_F(EnsembleFile, MayItselfBeOneOfSeveralModelsAndAMember) {
  const auto pair = save("pair.safetensors", {files_[0], files_[1]}, {0.25, 0.75});
  const auto nested = save("nested.safetensors", {pair, files_[2]}, Ensemble::of_equals(2).weights);
  expect_same(predict({nested}), predict({pair, files_[2]}));
  EXPECT_EQ(predict({pair, files_[2]}).probabilities,
            Ensemble::of_equals(2).answer(
                {predict({pair}).probabilities, predict({files_[2]}).probabilities}));
  EXPECT_THAT(systems_in(TensorFile::open(nested)), SizeIs(3));
}

TEST_F(EnsembleFile, KeepsTheMembersCardsAndTensorsUnderTheirNames) {
  const auto ensemble = save("f.safetensors", {files_[0], files_[1]}, {0.25, 0.75});
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

TEST_F(EnsembleFile, OfOneModelIsThatModelAtAnotherTemperature) {
  const auto warm = save("warm.safetensors", {files_[1]}, {1.0}, {4.0, 30, 1.0, 0.9, "songs"});
  EXPECT_THAT(
      predict({warm}).probabilities,
      Pointwise(DoubleNear(1e-9), with_temperature(predict({files_[1]}).probabilities, 2.0)));
  EXPECT_EQ(TensorFile::open(warm).names(), TensorFile::open(files_[1]).names());
  const auto pair = save("pair.safetensors", {files_[0], files_[2]}, {0.5, 0.5});
  const auto warm_pair = save("wp.safetensors", {pair}, {1.0}, {4.0, 30, 1.0, 0.9, "songs"});
  EXPECT_EQ(predict({warm_pair}).probabilities,
            with_temperature(predict({pair}).probabilities, 4.0));
}

TEST_F(EnsembleFile, OfOtherClassesIsNotWritten) {
  TestModel other;
  other.classes = {"anger", "happy", "sad", "relaxed"};
  const auto file = write_model(folder_ / "other.safetensors", other);
  EXPECT_THAT(message_of<UsageError>([&] {
                save("f.safetensors", {files_[0], file}, Ensemble::of_equals(2).weights);
              }),
              AllOf(HasSubstr("other.safetensors: its classes are anger, happy, sad, relaxed"),
                    HasSubstr("m0.safetensors are happy, anger, sad, relaxed")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "f.safetensors"));
}

TEST_F(EnsembleFile, ThatIsNotWholeIsRefusedNamingTheFileAndTheFact) {
  const TensorFile whole =
      TensorFile::open(save("f.safetensors", {files_[0], files_[1]}, {0.5, 0.5}));
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

}  // namespace
}  // namespace mer
