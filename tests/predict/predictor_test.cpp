#include "mer/predict/predictor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <optional>
#include <sstream>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/random.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/metrics/calibration.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/predict/song_axes.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/standardization.hpp"
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
using testing::IsEmpty;
using testing::Pointwise;
using testing::SizeIs;

constexpr double kHopSeconds = 1024.0 / 44100.0;
constexpr double kFrameSeconds = 2048.0 / 44100.0;
constexpr double kTolerance = 1e-6;  // weights and network work in single precision

auto close_to(const std::vector<double>& expected) {
  return Pointwise(DoubleNear(kTolerance), expected);
}

TestModel cut_into(double seconds, double test_hop_s = 0.0) {
  TestModel model;
  model.segment.length_s = seconds;
  model.segment.test_hop_s = test_hop_s;
  return model;
}

TestModel always(std::vector<double> probabilities) {
  TestModel model;
  model.always = std::move(probabilities);
  return model;
}

Predictor load(const std::filesystem::path& file) { return Predictor::load({file}, "cpu"); }

SongFeatures features_of(const std::filesystem::path& audio, const std::filesystem::path& file,
                         const Recipe& recipe) {
  extract_song(audio, recipe, file);
  return SongFeatures::open(file);
}

TEST(Predictor, GivesASongTheMeanOfItsSegments) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 3.2);
  const SongPrediction song =
      load(write_model(folder / "m.safetensors", {})).predict_file(folder / "a.wav", 0.0);

  ASSERT_THAT(song.segments, SizeIs(3));
  EXPECT_NE(song.segments[0].probabilities, song.segments[1].probabilities);
  for (std::size_t c = 0; c < 4; ++c) {
    const double sum = song.segments[0].probabilities[c] + song.segments[1].probabilities[c] +
                       song.segments[2].probabilities[c];
    EXPECT_NEAR(song.probabilities[c], sum / 3.0, 1e-12);
  }
  EXPECT_NEAR(std::accumulate(song.probabilities.begin(), song.probabilities.end(), 0.0), 1.0,
              1e-9);
  EXPECT_THAT(song.warnings, IsEmpty());
  EXPECT_NEAR(song.duration_s, 3.2, 1e-3);
}

TEST(Predictor, AnswersAsTheNetworkDoesOnEachSegmentAlone) {
  const TemporaryFolder folder;
  const TestModel model = cut_into(0.2);  // 8 frames
  const auto file = write_model(folder / "m.safetensors", model);
  write_song(folder / "a.wav", 4.0);
  Recipe whole = model.recipe;
  whole.audio.duration_s = 0.0;
  const SongFeatures song = features_of(folder / "a.wav", folder / "a.safetensors", whole);
  const SongPrediction prediction = load(file).predict(song);

  const TensorFile weights = TensorFile::open(file);
  const ModelCard card = ModelCard::read(weights);
  const NetworkRunner network(card.model, card.shape, weights, kNetworkPrefix, "cpu");
  const InputBuilder inputs(FeatureExtractor(whole.features, 44100).layout(), 8, InputOptions{},
                            Standardization::from(weights));
  // 4 s hold 171 frames: 21 segments of 8, i.e. more than one batch; 3 frames are less than half.
  ASSERT_THAT(prediction.segments, SizeIs(21));
  for (std::size_t s = 0; s < prediction.segments.size(); ++s) {
    InputBatch batch = inputs.make_batch(1);
    inputs.fill(song, {static_cast<std::int64_t>(8 * s), 8}, 0, batch);
    EXPECT_THAT(prediction.segments[s].probabilities,
                close_to(network
                             .answer(batch.spectrogram, batch.spectrogram_valid, batch.lld,
                                     batch.lld_valid, batch.song_vector)
                             .probabilities))
        << "segment " << s;
  }
}

TEST(Predictor, TellsTimesInTheFileSilenceIncluded) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 2.1, 1.5);  // 1.5 s silence, 2.1 s music
  const SongPrediction song =
      load(write_model(folder / "m.safetensors", {})).predict_file(folder / "a.wav", 0.0);

  ASSERT_THAT(song.segments, SizeIs(2));
  EXPECT_NEAR(song.duration_s, 3.6, 1e-3);
  // The first frame with music begins at most one frame before it, and not after it.
  EXPECT_LE(song.segments[0].start_s, 1.5);
  EXPECT_GE(song.segments[0].start_s, 1.5 - kFrameSeconds);
  // A segment is 43 frames: 42 hops and one window.
  EXPECT_NEAR(song.segments[0].end_s - song.segments[0].start_s, 42 * kHopSeconds + kFrameSeconds,
              1e-9);
  EXPECT_NEAR(song.segments[1].start_s - song.segments[0].start_s, 43 * kHopSeconds, 1e-9);
  EXPECT_NEAR(song.analysed_s, 86 * kHopSeconds, 1e-9);
}

TEST(Predictor, CountsOverlappingSegmentsMusicOnce) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 2.05);  // 87 frames
  const SongPrediction song = load(write_model(folder / "m.safetensors", cut_into(1.0, 0.5)))
                                  .predict_file(folder / "a.wav", 0.0);
  // 43 frames every 21 from 0, 21, 42 (to 85); 87 - 85 = 2 frames are left, of which the piece
  // from 63 has 24, at least half a segment.
  ASSERT_THAT(song.segments, SizeIs(4));
  EXPECT_NEAR(song.analysed_s, 87 * kHopSeconds, 1e-9);
  EXPECT_NEAR(song.segments[1].start_s, 21 * kHopSeconds, 1e-9);
}

TEST(Predictor, ReadsOnlyTheFirstSecondsWhenToldTo) {
  const TemporaryFolder folder;
  write_song(folder / "long.wav", 4.0);
  write_song(folder / "short.wav", 2.0);  // the same song's first 2 s
  const Predictor predictor = load(write_model(folder / "m.safetensors", {}));
  const SongPrediction cut = predictor.predict_file(folder / "long.wav", 2.0);
  const SongPrediction whole = predictor.predict_file(folder / "short.wav", 0.0);
  EXPECT_THAT(cut.probabilities, close_to(whole.probabilities));
  EXPECT_EQ(cut.segments.size(), whole.segments.size());
  EXPECT_NEAR(cut.duration_s, 4.0, 1e-3);
}

TEST(Predictor, IgnoresWhichPartOfASongTheTrainingRead) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 3.2);
  TestModel model;
  model.recipe.audio.start_s = 1.0;
  model.recipe.audio.duration_s = 1.0;
  const SongPrediction song =
      load(write_model(folder / "m.safetensors", model)).predict_file(folder / "a.wav", 0.0);
  EXPECT_THAT(song.segments, SizeIs(3));
  EXPECT_NEAR(song.segments[0].start_s, 0.0, 1e-9);
}

TEST(Predictor, PadsMusicShorterThanASegmentAndSaysSo) {
  const TemporaryFolder folder;
  write_song(folder / "short.wav", 0.5);  // (22050 - 2048) / 1024 + 1 = 20 frames, 0.46 s
  const Predictor predictor = load(write_model(folder / "m.safetensors", {}));
  const SongPrediction song = predictor.predict_file(folder / "short.wav", 0.0);
  ASSERT_THAT(song.segments, SizeIs(1));
  EXPECT_NEAR(song.analysed_s, 20 * kHopSeconds, 1e-9);
  EXPECT_THAT(song.warnings,
              ElementsAre("only 0.46 s of music, less than a segment of 1 s: the rest is padding"));
}

TEST(Predictor, AnswersOneFrameAndRefusesOneSampleLess) {
  const TemporaryFolder folder;
  write_song(folder / "frame.wav", 2048.5 / 44100.0);
  write_song(folder / "less.wav", 2047.5 / 44100.0);
  const Predictor predictor = load(write_model(folder / "m.safetensors", {}));
  const SongPrediction song = predictor.predict_file(folder / "frame.wav", 0.0);
  EXPECT_THAT(song.segments, SizeIs(1));
  EXPECT_THAT(song.warnings, SizeIs(1));
  EXPECT_THAT(message_of<InputError>([&] { predictor.predict_file(folder / "less.wav", 0.0); }),
              HasSubstr("less.wav"));
}

/// Points the system's temporary folder elsewhere for as long as it lives.
class TemporaryFilesIn {
 public:
  explicit TemporaryFilesIn(const std::filesystem::path& folder) {
    if (const char* before = ::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", folder.c_str(), 1);
  }
  ~TemporaryFilesIn() {
    if (before_) {
      ::setenv("TMPDIR", before_->c_str(), 1);
    } else {
      ::unsetenv("TMPDIR");
    }
  }

 private:
  std::optional<std::string> before_;
};

TEST(Predictor, LeavesNoTemporaryFilesNotEvenAfterAnError) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 1.2);
  write_song(folder / "silent.wav", 0.0, 1.0);
  const Predictor predictor = load(write_model(folder / "m.safetensors", {}));
  const TemporaryFolder temporary;
  {
    const TemporaryFilesIn here(temporary.path());
    predictor.predict_file(folder / "a.wav", 0.0);
    EXPECT_THROW(predictor.predict_file(folder / "silent.wav", 0.0), InputError);
  }
  EXPECT_TRUE(std::filesystem::is_empty(temporary.path()));
  const TemporaryFilesIn nowhere(folder / "nowhere");
  EXPECT_THAT(message_of<Error>([&] { predictor.predict_file(folder / "a.wav", 0.0); }),
              HasSubstr("TMPDIR"));
}

TEST(SeveralModels, AverageLogProbabilitiesSegmentBySegment) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 2.1);
  const auto one = write_model(folder / "one.safetensors", always({0.6, 0.2, 0.1, 0.1}));
  const auto two = write_model(folder / "two.safetensors", always({0.1, 0.2, 0.6, 0.1}));
  const SongPrediction song =
      Predictor::load({one, two}, "cpu").predict_file(folder / "a.wav", 0.0);
  // Geometric means √0.06, 0.2, √0.06, 0.1 over their sum.
  const double root = std::sqrt(0.06);
  const double sum = 2.0 * root + 0.3;
  const std::vector<double> expected = {root / sum, 0.2 / sum, root / sum, 0.1 / sum};
  EXPECT_THAT(song.probabilities, close_to(expected));
  ASSERT_THAT(song.segments, SizeIs(2));
  for (const SegmentPrediction& segment : song.segments) {
    EXPECT_THAT(segment.probabilities, close_to(expected));
  }
}

TEST(Predictor, AppliesTheModelsTemperatureToTheSongAndItsSegments) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 3.2);
  TestModel warm;
  warm.temperature = 2.5;
  const SongPrediction before =
      load(write_model(folder / "plain.safetensors", {})).predict_file(folder / "a.wav", 0.0);
  const SongPrediction after =
      load(write_model(folder / "warm.safetensors", warm)).predict_file(folder / "a.wav", 0.0);
  // The song's after the mean, which is not the mean of the segments' then.
  EXPECT_EQ(after.probabilities, with_temperature(before.probabilities, 2.5));
  EXPECT_NE(after.probabilities, before.probabilities);
  ASSERT_EQ(after.segments.size(), before.segments.size());
  for (std::size_t s = 0; s < after.segments.size(); ++s) {
    EXPECT_EQ(after.segments[s].probabilities,
              with_temperature(before.segments[s].probabilities, 2.5));
  }
}

TEST(SeveralModels, ThatVaryOverTheSongAreJoinedSongBySongAndSegmentBySegment) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 3.2);
  TestModel other;
  other.seed = 2;
  other.temperature = 0.5;
  const auto one = write_model(folder / "one.safetensors", {});
  const auto two = write_model(folder / "two.safetensors", other);
  const SongPrediction a = load(one).predict_file(folder / "a.wav", 0.0);
  const SongPrediction b = load(two).predict_file(folder / "a.wav", 0.0);
  const SongPrediction both =
      Predictor::load({one, two}, "cpu").predict_file(folder / "a.wav", 0.0);
  const auto joined = [](const std::vector<double>& first, const std::vector<double>& second) {
    std::vector<double> roots;
    for (std::size_t c = 0; c < 4; ++c) roots.push_back(std::sqrt(first[c] * second[c]));
    const double sum = std::accumulate(roots.begin(), roots.end(), 0.0);
    for (double& root : roots) root /= sum;
    return roots;
  };
  EXPECT_THAT(both.probabilities, close_to(joined(a.probabilities, b.probabilities)));
  ASSERT_THAT(both.segments, SizeIs(3));
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_THAT(both.segments[s].probabilities,
                close_to(joined(a.segments[s].probabilities, b.segments[s].probabilities)));
  }
}

TEST(SeveralModels, OfDifferentSegmentsAreAveragedPerSongAndShowTheFirstsSegments) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 2.1);
  TestModel half_seconds = always({0.1, 0.2, 0.6, 0.1});
  half_seconds.segment.length_s = 0.5;
  const auto one = write_model(folder / "one.safetensors", always({0.6, 0.2, 0.1, 0.1}));
  const auto two = write_model(folder / "two.safetensors", half_seconds);
  const SongPrediction song =
      Predictor::load({one, two}, "cpu").predict_file(folder / "a.wav", 0.0);
  const double root = std::sqrt(0.06);
  const double sum = 2.0 * root + 0.3;
  EXPECT_THAT(song.probabilities, close_to({root / sum, 0.2 / sum, root / sum, 0.1 / sum}));
  ASSERT_THAT(song.segments, SizeIs(2));
  EXPECT_THAT(song.segments[0].probabilities, close_to({0.6, 0.2, 0.1, 0.1}));
}

TEST(Predictor, RefusesAModelOfAnotherRecipeVersion) {
  const TemporaryFolder folder;
  TestModel old;
  old.is_of_recipe_version_1 = true;
  const auto file = write_model(folder / "old.safetensors", old);
  EXPECT_THAT(message_of<UsageError>([&] { Predictor::load({file}, "cpu"); }),
              HasSubstr("old.safetensors: made by another version of mer: its features have "
                        "version 1, while this recipe has version 2"));
}

TEST(SeveralModels, AddUpTheirTrainingCounts) {
  const TemporaryFolder folder;
  TestModel other;
  other.training_counts = {10, 0, 0, 1};
  const Predictor predictor = Predictor::load(
      {write_model(folder / "one.safetensors", {}), write_model(folder / "two.safetensors", other)},
      "cpu");
  EXPECT_THAT(predictor.training_counts(), ElementsAre(11, 2, 5, 3));
  EXPECT_THAT(predictor.classes(), ElementsAre("happy", "anger", "sad", "relaxed"));
}

TEST(SeveralModels, OfOtherClassesAreRefused) {
  const TemporaryFolder folder;
  const auto one = write_model(folder / "one.safetensors", {});
  TestModel other_order;
  other_order.classes = {"anger", "happy", "sad", "relaxed"};
  const auto reordered = write_model(folder / "order.safetensors", other_order);
  EXPECT_THAT(message_of<UsageError>([&] {
                Predictor::load({one, reordered}, "cpu");
              }),
              AllOf(HasSubstr("order.safetensors: its classes are anger, happy, sad, relaxed"),
                    HasSubstr("one.safetensors are happy, anger, sad, relaxed")));
}

/// A model of features that are made every 512 samples.
TestModel with_other_hop() {
  TestModel model;
  model.recipe.features.frame.hop_samples = 512;
  return model;
}

TEST(SeveralModels, OfDifferentRecipesEachGetTheirOwnFeatures) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 2.1);
  TestModel same_hop;
  same_hop.seed = 2;
  const auto one = write_model(folder / "one.safetensors", {});
  const auto two = write_model(folder / "two.safetensors", with_other_hop());
  const auto three = write_model(folder / "three.safetensors", same_hop);
  const Predictor predictor = Predictor::load({one, two, three}, "cpu");
  ASSERT_THAT(predictor.recipes(), SizeIs(2));
  EXPECT_EQ(predictor.recipes()[0].features.frame.hop_samples, 1024);
  EXPECT_EQ(predictor.recipes()[1].features.frame.hop_samples, 512);
  EXPECT_THAT(predictor.extractors(), IsEmpty());

  const SongPrediction song = predictor.predict_file(folder / "a.wav", 0.0);
  std::vector<double> joined(4, 1.0);
  for (const auto& file : {one, two, three}) {
    const SongPrediction alone = load(file).predict_file(folder / "a.wav", 0.0);
    for (std::size_t c = 0; c < 4; ++c) joined[c] *= std::cbrt(alone.probabilities[c]);
  }
  const double sum = std::accumulate(joined.begin(), joined.end(), 0.0);
  for (double& probability : joined) probability /= sum;
  EXPECT_THAT(song.probabilities, close_to(joined));
  // The first one's segments of 43 frames, 1024 samples apart.
  ASSERT_THAT(song.segments, SizeIs(2));
  EXPECT_NEAR(song.segments[1].start_s, 43 * kHopSeconds, 1e-9);
}

TEST(SeveralModels, OfDifferentRecipesWantAFileOfEach) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 1.5);
  const Predictor predictor =
      Predictor::load({write_model(folder / "one.safetensors", {}),
                       write_model(folder / "two.safetensors", with_other_hop())},
                      "cpu");
  const auto file_of = [&](const Recipe& recipe, const char* name) {
    extract_song(folder / "a.wav", recipe, folder / name);
    return folder / name;
  };
  const auto first = file_of(predictor.recipes()[0], "first");
  const auto second = file_of(predictor.recipes()[1], "second");
  const SongPrediction of_files = predictor.predict({{first, second}, {}});
  EXPECT_THAT(of_files.probabilities,
              close_to(predictor.predict_file(folder / "a.wav", 0.0).probabilities));
  EXPECT_THROW(predictor.predict({{first}, {}}), std::invalid_argument);
  EXPECT_THROW(predictor.predict(SongFeatures::open(first)), std::invalid_argument);
  EXPECT_THAT(message_of<UsageError>([&] {
                predictor.predict({{first, first}, {}});
              }),
              AllOf(HasSubstr("two.safetensors"),
                    HasSubstr("features.frame.hop_samples 512, while this recipe has 1024")));
}

TEST(SongFiles, AreCompleteWhenNoneIsMissing) {
  EXPECT_TRUE((SongFiles{{"a"}, {"b"}}.complete()));
  EXPECT_FALSE((SongFiles{{"a", ""}, {}}.complete()));
  EXPECT_FALSE((SongFiles{{"a"}, {""}}.complete()));
}

TEST(Predictor, RefusesFeaturesOfAnotherRecipeNamingBothValues) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 1.5);
  Recipe other;
  other.features.frame.hop_samples = 512;
  const SongFeatures song = features_of(folder / "a.wav", folder / "a.safetensors", other);
  const Predictor predictor = load(write_model(folder / "m.safetensors", {}));
  EXPECT_THAT(message_of<UsageError>([&] { predictor.predict(song); }),
              AllOf(HasSubstr("m.safetensors"), HasSubstr("features.frame.hop_samples"),
                    HasSubstr("512"), HasSubstr("1024")));
}

TEST(Predictor, SaysWhatIsWrongWithAModelFile) {
  const TemporaryFolder folder;
  const auto complaint = [&](const std::filesystem::path& file) {
    return message_of<UsageError>([&] { load(file); });
  };
  EXPECT_THAT(complaint(folder / "gone.safetensors"), HasSubstr("gone.safetensors"));

  write_song(folder / "a.wav", 1.0);
  features_of(folder / "a.wav", folder / "features.safetensors", Recipe{});
  EXPECT_THAT(complaint(folder / "features.safetensors"),
              AllOf(HasSubstr("features.safetensors"), HasSubstr("not a usable model")));

  folder.write("text.safetensors", "this is not a model");
  EXPECT_THAT(complaint(folder / "text.safetensors"), HasSubstr("text.safetensors"));

  const auto whole = write_model(folder / "whole.safetensors", {});
  std::ostringstream content;
  content << std::ifstream(whole, std::ios::binary).rdbuf();
  const std::string bytes = content.str();
  folder.write("cut.safetensors", bytes.substr(0, bytes.size() - 100));
  EXPECT_THAT(complaint(folder / "cut.safetensors"), HasSubstr("cut.safetensors"));

  TestModel incomplete;
  incomplete.drop_a_tensor = true;
  EXPECT_THAT(
      complaint(write_model(folder / "incomplete.safetensors", incomplete)),
      AllOf(HasSubstr("incomplete.safetensors"), HasSubstr("network."), HasSubstr("is missing")));
}

TEST(Predictor, DerivesValenceAndArousalFromTheFourClassesWhenAsked) {
  const TemporaryFolder folder;
  write_song(folder / "a.wav", 2.2);
  Predictor predictor = load(write_model(folder / "m.safetensors", always({0.4, 0.3, 0.2, 0.1})));
  EXPECT_TRUE(std::isnan(predictor.predict_file(folder / "a.wav", 0.0).valence));
  EXPECT_FALSE(predictor.answers().has_values);
  predictor.derive_values();
  const SongPrediction song = predictor.predict_file(folder / "a.wav", 0.0);
  EXPECT_TRUE(predictor.answers().has_values);
  EXPECT_TRUE(predictor.answers().derives_values);
  EXPECT_TRUE(song.derives_values);
  EXPECT_NEAR(song.valence, 0.0, 1e-6);  // happy and relaxed: 0.5
  EXPECT_NEAR(song.arousal, 0.4, 1e-6);  // happy and anger: 0.7
  EXPECT_NEAR(song.segments.front().arousal, 0.4, 1e-6);
  ASSERT_TRUE(song.over_time);
  EXPECT_THAT(song.over_time->time_s, SizeIs(song.segments.size()));
}

TEST(Predictor, AddsTagsOnlyWhereAModelSeesATagger) {
  const TemporaryFolder folder;
  Predictor predictor = load(write_model(folder / "m.safetensors", {}));
  EXPECT_THAT(message_of<UsageError>([&] { predictor.add_tags({}); }),
              HasSubstr("the model sees none"));
}

TEST(SongAxes, TellASongsPlaceTheSameWhateverOtherSongsThereAre) {
  const TemporaryFolder folder;
  const std::filesystem::path model = write_model(folder / "m.safetensors", {});
  std::vector<SongFiles> songs;
  for (const double seconds : {2.2, 3.3, 4.4, 5.5}) {
    const std::string name = std::to_string(songs.size());
    write_song(folder / (name + ".wav"), seconds);
    extract_song(folder / (name + ".wav"), {}, folder / (name + ".safetensors"));
    songs.push_back({{folder / (name + ".safetensors")}, {}});
  }
  const SongPrediction before = load(model).predict(songs.front());
  EXPECT_THAT(before.embedding, IsEmpty());

  add_song_axes(model, songs, {"a", "b", "c", "d"}, "cpu", {});
  const Predictor predictor = load(model);
  const SongPrediction after = predictor.predict(songs.front());
  EXPECT_EQ(after.probabilities, before.probabilities);
  ASSERT_THAT(after.embedding, SizeIs(3));  // four points span three axes
  EXPECT_EQ(predictor.predict_file(folder / "0.wav", 0.0).embedding, after.embedding);
  // Distances stay those of the network's own embeddings, in units of the first axis' deviation.
  Eigen::Vector4d first;
  std::vector<std::vector<double>> places;
  std::vector<std::vector<double>> vectors;
  for (const SongFiles& song : songs) {
    places.push_back(predictor.predict(song).embedding);
    vectors.push_back(predictor.song_vector(song));
    first(std::ssize(places) - 1) = places.back().front();
  }
  EXPECT_NEAR(first.mean(), 0.0, 1e-4);
  EXPECT_NEAR(first.squaredNorm() / 3.0, 1.0, 1e-3);
  const auto distance = [](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return std::sqrt(sum);
  };
  const double unit = distance(vectors[0], vectors[1]) / distance(places[0], places[1]);
  EXPECT_NEAR(distance(vectors[2], vectors[3]), unit * distance(places[2], places[3]),
              1e-3 * distance(vectors[2], vectors[3]));
}

/// Rows around 0 in 30 columns; the first two vary most.
Eigen::MatrixXd training_vectors(int count, double scale, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  Eigen::MatrixXd rows(count, 30);
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    for (Eigen::Index c = 0; c < rows.cols(); ++c) {
      rows(i, c) = scale * (c < 2 ? 5.0 : 1.0) * normal_real(rng);
    }
  }
  return rows;
}

std::vector<double> vector_of(const Eigen::MatrixXd& rows, Eigen::Index row) {
  const Eigen::VectorXd one = rows.row(row);
  return {one.begin(), one.end()};
}

TEST(SongAxes, TellHowUnlikeTheTrainingSongsASongIs) {
  constexpr int kSongs = 400;
  std::vector<std::string> groups;
  for (int i = 0; i < kSongs; ++i) groups.push_back("artist " + std::to_string(i / 2));
  const std::optional<SongAxes> axes = SongAxes::fit(training_vectors(kSongs, 1.0, 1), groups);
  ASSERT_TRUE(axes);
  // New songs of the same kind are spread evenly over the shares; others are beyond all held out.
  const Eigen::MatrixXd same = training_vectors(kSongs, 1.0, 2);
  const Eigen::MatrixXd other = training_vectors(kSongs, 2.0, 3);
  double mean = 0.0;
  int above = 0;
  int beyond = 0;
  for (Eigen::Index i = 0; i < kSongs; ++i) {
    const double unlike = axes->unlike(vector_of(same, i));
    EXPECT_GE(unlike, 0.0);
    EXPECT_LE(unlike, 1.0);
    mean += unlike / kSongs;
    if (unlike > 0.9) ++above;
    if (axes->unlike(vector_of(other, i)) > 0.99) ++beyond;
  }
  EXPECT_NEAR(mean, 0.5, 0.08);
  EXPECT_NEAR(above, kSongs / 10, 25);
  EXPECT_GT(beyond, kSongs * 95 / 100);

  const TemporaryFolder folder;
  NamedTensors tensors;
  axes->add_to(tensors);
  write_tensor_file(folder / "axes.safetensors", tensors, {});
  const auto read = SongAxes::from(TensorFile::open(folder / "axes.safetensors"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->unlike(vector_of(same, 7)), axes->unlike(vector_of(same, 7)));
}

TEST(SongAxes, OfFewSongsSayNothingOfShares) {
  const Eigen::MatrixXd rows = training_vectors(40, 1.0, 1);
  const std::optional<SongAxes> axes =
      SongAxes::fit(rows, std::vector<std::string>(40, "one artist"));
  ASSERT_TRUE(axes);
  EXPECT_TRUE(std::isnan(axes->unlike(vector_of(rows, 0))));
}

TEST(SongAxes, OfOneSongAreNotAdded) {
  const TemporaryFolder folder;
  const std::filesystem::path model = write_model(folder / "m.safetensors", {});
  write_song(folder / "a.wav", 2.2);
  extract_song(folder / "a.wav", {}, folder / "a.safetensors");
  const SongFiles song{{folder / "a.safetensors"}, {}};
  add_song_axes(model, {song}, {"a"}, "cpu", {});
  add_song_axes(model, {song, song}, {"a", "b"}, "cpu", {});
  EXPECT_THAT(load(model).predict(song).embedding, IsEmpty());
}

}  // namespace
}  // namespace mer
