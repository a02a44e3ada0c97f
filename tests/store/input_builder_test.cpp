#include "mer/store/input_builder.hpp"

#include <gtest/gtest.h>

#include <random>

#include "mer/core/random.hpp"
#include "mer/features/feature_extractor.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Combine = InputOptions::Combine;
using Statistics = InputOptions::Statistics;

constexpr int kBands = 5;
constexpr int kColumns = 6;  // two voicing, two MFCC, two residual phase: in an unusual order

FeatureLayout layout_of(int mfcc = 2, int phase = 2) {
  FeatureLayout layout;
  layout.spectrogram.num_columns = kBands;
  int column = 0;
  for (const auto& [name, width] :
       {std::pair<const char*, int>{"f0", 2}, {"mfcc", mfcc}, {"residual_phase", phase}}) {
    if (width == 0) continue;
    ColumnGroup group;
    group.name = name;
    group.first_column = column;
    group.num_columns = width;
    layout.lld.push_back(group);
    for (int i = 0; i < width; ++i) layout.lld_columns.push_back(name + std::to_string(i));
    column += width;
  }
  return layout;
}

Standardization identity(int columns = kColumns) {
  Standardization result;
  result.spectrogram_mean.assign(kBands, 0.0F);
  result.spectrogram_deviation.assign(kBands, 1.0F);
  result.lld_mean.assign(static_cast<std::size_t>(columns), 0.0F);
  result.lld_deviation.assign(static_cast<std::size_t>(columns), 1.0F);
  return result;
}

/// spectrogram(t, b) = 10 t + b and lld(t, c) = t² + 100 c, so that every value tells its place.
class InputBuilderTest : public testing::Test {
 protected:
  SongFeatures song_of(const std::vector<std::uint8_t>& kept) {
    const auto frames = static_cast<Eigen::Index>(kept.size());
    RowMatrixXf spectrogram(frames, kBands);
    RowMatrixXf lld(frames, kColumns);
    for (Eigen::Index t = 0; t < frames; ++t) {
      for (Eigen::Index b = 0; b < kBands; ++b) spectrogram(t, b) = static_cast<float>(10 * t + b);
      for (Eigen::Index c = 0; c < kColumns; ++c) {
        lld(t, c) = static_cast<float>(t * t + 100 * c);
      }
    }
    return make_song(folder_ / ("s" + std::to_string(count_++)), spectrogram, lld, kept);
  }
  TemporaryFolder folder_;
  int count_ = 0;
};

InputBatch filled(const InputBuilder& builder, const SongFeatures& song, const Segment& segment) {
  InputBatch batch = builder.make_batch(1);
  builder.fill(song, segment, 0, batch);
  return batch;
}

TEST_F(InputBuilderTest, WithoutPoolingTransposesTheSpectrogramAndOrdersTheDescriptors) {
  InputOptions options;
  options.mfcc_weight = 0.25;
  const InputBuilder builder(layout_of(), 3, options, identity());
  EXPECT_EQ(builder.shape().spectrogram_bands, kBands);
  EXPECT_EQ(builder.shape().spectrogram_steps, 3);
  EXPECT_EQ(builder.shape().lld_columns, kColumns);
  EXPECT_EQ(builder.shape().lld_steps, 3);
  EXPECT_EQ(builder.shape().lld_branches, 1);
  // Frame 1 is mute: the segment of two kept frames holds frames 0 and 2, then a step of padding.
  const InputBatch batch = filled(builder, song_of({1, 0, 1, 1}), {0, 2});
  EXPECT_THAT(batch.spectrogram.shape, ElementsAre(1, kBands, 3));
  EXPECT_THAT(batch.spectrogram.values,
              ElementsAre(0, 20, 0, 1, 21, 0, 2, 22, 0, 3, 23, 0, 4, 24, 0));
  EXPECT_THAT(batch.spectrogram_valid.values, ElementsAre(1, 1, 0));
  EXPECT_THAT(batch.lld_valid.values, ElementsAre(1, 1, 0));
  ASSERT_EQ(batch.lld.size(), 1U);
  EXPECT_THAT(batch.lld[0].shape, ElementsAre(1, 3, kColumns));
  // [MFCC / 4, 3 RP / 4, f0]; at frame 2 every column is 4 higher
  EXPECT_THAT(batch.lld[0].values, ElementsAre(50, 75, 300, 375, 0, 100,  //
                                               51, 76, 303, 378, 4, 104,  //
                                               0, 0, 0, 0, 0, 0));
}

TEST_F(InputBuilderTest, SumAddsTheWeightedCoefficients) {
  InputOptions options;
  options.combine = Combine::kSum;
  options.mfcc_weight = 0.25;
  const InputBuilder builder(layout_of(), 1, options, identity());
  EXPECT_EQ(builder.shape().lld_columns, 4);
  // (200 + 3 · 400) / 4 and (300 + 3 · 500) / 4, then f0
  EXPECT_THAT(filled(builder, song_of({1}), {0, 1}).lld[0].values, ElementsAre(350, 450, 0, 100));
}

TEST_F(InputBuilderTest, ScoreMakesTwoBranchesWithoutWeights) {
  InputOptions options;
  options.combine = Combine::kLateFusion;
  options.mfcc_weight = 0.25;
  const InputBuilder builder(layout_of(), 1, options, identity());
  EXPECT_EQ(builder.shape().lld_branches, 2);
  EXPECT_EQ(builder.shape().lld_columns, 4);
  const InputBatch batch = filled(builder, song_of({1}), {0, 1});
  ASSERT_EQ(batch.lld.size(), 2U);
  EXPECT_THAT(batch.lld[0].values, ElementsAre(200, 300, 0, 100));
  EXPECT_THAT(batch.lld[1].values, ElementsAre(400, 500, 0, 100));
}

TEST_F(InputBuilderTest, PoolsOverBandsAndFramesAndPartialStepsOverTheirValidFrames) {
  InputOptions options;
  options.spectrogram_pool_bands = 2;
  options.spectrogram_pool_frames = 2;
  options.lld_pool_frames = 2;
  options.lld_statistics = Statistics::kMeanStd;
  const InputBuilder builder(layout_of(), 5, options, identity());
  EXPECT_EQ(builder.shape().spectrogram_bands, 3);
  EXPECT_EQ(builder.shape().spectrogram_steps, 3);
  EXPECT_EQ(builder.shape().lld_columns, 12);
  EXPECT_EQ(builder.shape().lld_steps, 3);
  const InputBatch batch = filled(builder, song_of({1, 1, 1}), {0, 3});
  // Frames 0 and 1: 5 + band; frame 2 alone: 20 + band; bands 0.5, 2.5 and 4.
  EXPECT_THAT(batch.spectrogram.values, ElementsAre(5.5F, 20.5F, 0, 7.5F, 22.5F, 0, 9, 24, 0));
  EXPECT_THAT(batch.spectrogram_valid.values, ElementsAre(1, 1, 0));
  // MFCC 200 and 201 times w = 0.5: mean 100.25, deviation 0.25; the unweighted f0: 0.5 and 0.5.
  const std::vector<float>& lld = batch.lld[0].values;
  EXPECT_THAT(std::vector<float>(lld.begin(), lld.begin() + 12),
              ElementsAre(100.25F, 150.25F, 200.25F, 250.25F, 0.5F, 100.5F,  //
                          0.25F, 0.25F, 0.25F, 0.25F, 0.5F, 0.5F));
  // Frame 2 alone varies by nothing.
  EXPECT_THAT(std::vector<float>(lld.begin() + 18, lld.begin() + 24), testing::Each(0.0F));
  EXPECT_THAT(std::vector<float>(lld.begin() + 24, lld.end()), testing::Each(0.0F));
}

TEST_F(InputBuilderTest, TakesTheDeviationOfASumAfterSumming) {
  // MFCC rises as the residual phase falls: their even sum is constant, its deviation 0.
  RowMatrixXf lld = RowMatrixXf::Zero(2, kColumns);
  lld.row(0) << 0, 0, 1, 1, -1, -1;
  lld.row(1) << 0, 0, -1, -1, 1, 1;
  const SongFeatures song = make_song(folder_ / "sum", RowMatrixXf::Zero(2, kBands), lld, {1, 1});
  InputOptions options;
  options.combine = Combine::kSum;
  options.lld_pool_frames = 2;
  options.lld_statistics = Statistics::kMeanStd;
  const InputBuilder builder(layout_of(), 2, options, identity());
  EXPECT_THAT(filled(builder, song, {0, 2}).lld[0].values, testing::Each(0.0F));
}

TEST_F(InputBuilderTest, StandardizesEveryColumnByItself) {
  Standardization standardization = identity();
  for (std::size_t b = 0; b < kBands; ++b) {
    standardization.spectrogram_mean[b] = static_cast<float>(b);
    standardization.spectrogram_deviation[b] = static_cast<float>(b + 1);
  }
  standardization.lld_mean[0] = 2.0F;
  standardization.lld_deviation[0] = 0.5F;
  InputOptions options;
  options.spectrogram_pool_frames = 2;
  options.lld_pool_frames = 2;
  options.lld_statistics = Statistics::kMeanStd;
  const InputBuilder builder(layout_of(), 2, options, standardization);
  const InputBatch batch = filled(builder, song_of({1, 1}), {0, 2});
  // mean of frames 0 and 1 is 5 + b; (5 + b − b) / (b + 1)
  EXPECT_THAT(batch.spectrogram.values,
              ElementsAre(5, 2.5F, testing::FloatNear(5.0F / 3, 1e-6F), 1.25F, 1));
  // f0 is 0 and 1: standardized −4 and −2, mean −3, deviation 1
  EXPECT_FLOAT_EQ(batch.lld[0].values[4], -3.0F);
  EXPECT_FLOAT_EQ(batch.lld[0].values[10], 1.0F);
}

TEST_F(InputBuilderTest, WritesTheSameBitsIntoEveryRowOfABatch) {
  std::mt19937_64 rng(3);
  RowMatrixXf spectrogram(9, kBands);
  RowMatrixXf lld(9, 7);
  for (float& value : spectrogram.reshaped()) value = static_cast<float>(normal_real(rng));
  for (float& value : lld.reshaped()) value = static_cast<float>(normal_real(rng));
  const SongFeatures song =
      make_song(folder_ / "random", spectrogram, lld, std::vector<std::uint8_t>(9, 1));
  InputOptions options;
  options.spectrogram_pool_bands = 2;
  options.lld_pool_frames = 3;
  options.lld_statistics = Statistics::kMeanStd;
  // Odd sizes, so that rows begin at different alignments.
  const InputBuilder builder(layout_of(3, 2), 9, options, identity(7));
  InputBatch batch = builder.make_batch(5);
  for (int row = 0; row < 5; ++row) builder.fill(song, {0, 9}, row, batch);
  for (const FloatTensor* tensor : {&batch.spectrogram, &batch.lld[0]}) {
    const std::vector<float>& values = tensor->values;
    const auto size = static_cast<std::ptrdiff_t>(values.size() / 5);
    for (int row = 1; row < 5; ++row) {
      EXPECT_TRUE(std::equal(values.begin(), values.begin() + size, values.begin() + row * size));
    }
  }
}

TEST_F(InputBuilderTest, PooledDescriptorsCanBeStandardizedOnceMore) {
  const SongFeatures song = song_of(std::vector<std::uint8_t>(11, 1));
  const EachSong songs = [&](const std::function<void(const SongFeatures&)>& look_at) {
    look_at(song);
  };
  for (const Combine combine : {Combine::kConcat, Combine::kSum, Combine::kLateFusion}) {
    InputOptions options;
    options.combine = combine;
    options.lld_pool_frames = 2;
    options.lld_statistics = Statistics::kMeanStd;
    Standardization standardization = identity();
    // Segments of 4 frames: 4, 4 and 3, so six steps of music, the last of one frame.
    standardize_pooled_lld(songs, layout_of(), 4, options, InputParts{}, standardization);
    const InputBuilder builder(layout_of(), 4, options, standardization);
    InputBatch batch = builder.make_batch(3);
    builder.fill(song, {0, 4}, 0, batch);
    builder.fill(song, {4, 4}, 1, batch);
    builder.fill(song, {8, 3}, 2, batch);
    for (const FloatTensor& lld : batch.lld) {
      for (int column = 0; column < builder.shape().lld_columns; ++column) {
        double sum = 0.0;
        double squares = 0.0;
        for (int step = 0; step < 6; ++step) {
          const double value =
              lld.values[static_cast<std::size_t>(step * builder.shape().lld_columns + column)];
          sum += value;
          squares += value * value;
        }
        EXPECT_NEAR(sum / 6, 0.0, 1e-4) << column;
        EXPECT_NEAR(squares / 6, 1.0, 1e-4) << column;
      }
    }
  }
}

TEST_F(InputBuilderTest, RefilledRowsHoldNothingOfWhatWasThere) {
  for (const Combine combine : {Combine::kConcat, Combine::kSum, Combine::kLateFusion}) {
    InputOptions options;
    options.combine = combine;
    options.spectrogram_pool_frames = 3;
    options.lld_pool_frames = 4;
    const InputBuilder builder(layout_of(), 8, options, identity());
    const SongFeatures song = song_of(std::vector<std::uint8_t>(8, 1));
    InputBatch reused = builder.make_batch(3);
    for (int row = 0; row < 3; ++row) builder.fill(song, {0, 8}, row, reused);
    builder.fill(song, {2, 1}, 1, reused);
    InputBatch fresh = builder.make_batch(3);
    builder.fill(song, {0, 8}, 0, fresh);
    builder.fill(song, {2, 1}, 1, fresh);
    builder.fill(song, {0, 8}, 2, fresh);
    EXPECT_EQ(reused.spectrogram.values, fresh.spectrogram.values);
    EXPECT_EQ(reused.spectrogram_valid.values, fresh.spectrogram_valid.values);
    EXPECT_EQ(reused.lld_valid.values, fresh.lld_valid.values);
    for (std::size_t branch = 0; branch < fresh.lld.size(); ++branch) {
      EXPECT_EQ(reused.lld[branch].values, fresh.lld[branch].values);
    }
  }
}

TEST_F(InputBuilderTest, PaddedStepsAreZeroWithMaskZeroAtEveryLengthAndPooling) {
  std::mt19937_64 rng(9);
  const SongFeatures song = song_of(std::vector<std::uint8_t>(20, 1));
  Standardization shifted = identity();
  for (float& mean : shifted.spectrogram_mean) mean = 1000.0F;  // so that no music is 0
  for (float& mean : shifted.lld_mean) mean = 1e6F;
  for (int trial = 0; trial < 200; ++trial) {
    InputOptions options;
    options.spectrogram_pool_frames = static_cast<int>(1 + uniform_index(rng, 7));
    options.lld_pool_frames = static_cast<int>(1 + uniform_index(rng, 7));
    const InputBuilder builder(layout_of(), 20, options, shifted);
    const auto length = static_cast<std::int64_t>(uniform_index(rng, 21));
    const InputBatch batch = filled(builder, song, {0, length});
    const auto steps_of_music = [&](int pool) { return (length + pool - 1) / pool; };
    for (std::int64_t step = 0; step < builder.shape().spectrogram_steps; ++step) {
      const bool music = step < steps_of_music(options.spectrogram_pool_frames);
      const auto i = static_cast<std::size_t>(step);
      EXPECT_EQ(batch.spectrogram_valid.values[i], music ? 1.0F : 0.0F);
      EXPECT_EQ(batch.spectrogram.values[i] != 0.0F, music);  // band 0
    }
    for (std::int64_t step = 0; step < builder.shape().lld_steps; ++step) {
      const bool music = step < steps_of_music(options.lld_pool_frames);
      const auto i = static_cast<std::size_t>(step);
      EXPECT_EQ(batch.lld_valid.values[i], music ? 1.0F : 0.0F);
      EXPECT_EQ(batch.lld[0].values[i * kColumns] != 0.0F, music);
    }
  }
}

TEST_F(InputBuilderTest, ZerosAfterTheMusicAreSilenceThatCounts) {
  const SongFeatures song = song_of({1, 1, 0, 1});
  Standardization standardization = identity();
  standardization.spectrogram_mean.assign(kBands, 1.0F);
  standardization.silent_spectrogram.assign(kBands, -99.0F);
  standardization.silent_lld.assign(kColumns, -7.0F);
  InputOptions options;
  options.padding = InputOptions::Padding::kZeros;
  options.spectrogram_pool_bands = kBands;
  options.spectrogram_pool_frames = 2;
  options.lld_pool_frames = 3;
  const InputBuilder builder(layout_of(), 5, options, standardization);
  const InputBatch batch = filled(builder, song, {0, 3});  // frames 0, 1 and 3, then two of silence
  // Means over bands are 2, 12, 32 less 1, silence has -100; steps of two frames, one alone.
  EXPECT_THAT(batch.spectrogram.values, ElementsAre((1 + 11) / 2.0F, (31 - 100) / 2.0F, -100));
  EXPECT_THAT(batch.spectrogram_valid.values, ElementsAre(1, 1, 1));
  EXPECT_THAT(batch.lld_valid.values, ElementsAre(1, 1));
  // MFCC and residual phase are weighted by a half and come first, then f0: t².
  EXPECT_NEAR(batch.lld[0].values[4], (0 + 1 + 9) / 3.0, 1e-5);
  EXPECT_EQ(batch.lld[0].values[kColumns + 4], -7.0F);
  EXPECT_EQ(batch.lld[0].values[kColumns], -3.5F);
  // A whole segment and masked padding are as ever.
  options.padding = InputOptions::Padding::kMasked;
  const InputBuilder masked(layout_of(), 5, options, standardization);
  EXPECT_THAT(filled(masked, song, {0, 3}).spectrogram_valid.values, ElementsAre(1, 1, 0));
  // A model file that lacks the silent frame.
  options.padding = InputOptions::Padding::kZeros;
  EXPECT_THROW(InputBuilder(layout_of(), 5, options, identity()), std::invalid_argument);
}

TEST(StandardizationTest, KeepsTheFrameOfSilenceThatTheExtractorMakes) {
  const TemporaryFolder folder;
  Standardization standardization = identity();
  Recipe recipe;
  standardization.take_silence(recipe);
  const FeatureSet silence = extract_features(std::vector<float>(44100, 0.0F), recipe.features,
                                              VadOptions{}, recipe.audio.sample_rate_hz);
  for (const Eigen::Index frame : {Eigen::Index{0}, silence.lld.rows() - 1}) {
    EXPECT_TRUE(std::ranges::equal(standardization.silent_lld, silence.lld.row(frame)));
    EXPECT_TRUE(
        std::ranges::equal(standardization.silent_spectrogram, silence.spectrogram.row(frame)));
  }
  EXPECT_NEAR(standardization.silent_spectrogram.front(), -100.0, 1e-4);  // dB
  standardization.spectrogram_mean.resize(standardization.silent_spectrogram.size());
  standardization.spectrogram_deviation = standardization.spectrogram_mean;
  standardization.lld_mean.resize(standardization.silent_lld.size());
  standardization.lld_deviation = standardization.lld_mean;
  NamedTensors tensors;
  standardization.add_to(tensors);
  write_tensor_file(folder / "s.safetensors", tensors, {});
  const auto read = Standardization::from(TensorFile::open(folder / "s.safetensors"));
  EXPECT_EQ(read.silent_lld, standardization.silent_lld);
  EXPECT_EQ(read.silent_spectrogram, standardization.silent_spectrogram);
}

TEST_F(InputBuilderTest, ConcatTakesOneOfTheTwoAloneUnweighted) {
  const InputBuilder builder(layout_of(4, 0), 1, InputOptions{}, identity());
  EXPECT_THAT(filled(builder, song_of({1}), {0, 1}).lld[0].values,
              ElementsAre(200, 300, 400, 500, 0, 100));
}

TEST_F(InputBuilderTest, RefusesWhatCannotBeCombined) {
  InputOptions options;
  options.combine = Combine::kSum;
  EXPECT_THAT(
      message_of<UsageError>([&] { InputBuilder(layout_of(3, 1), 1, options, identity()); }),
      HasSubstr("as many MFCC (3) as residual phase coefficients (1)"));
  options.combine = Combine::kLateFusion;
  EXPECT_THAT(
      message_of<UsageError>([&] { InputBuilder(layout_of(4, 0), 1, options, identity()); }),
      HasSubstr("need both MFCC and residual phase"));
  EXPECT_THROW(InputBuilder(layout_of(), 1, InputOptions{}, identity(5)), std::invalid_argument);
}

TEST_F(InputBuilderTest, MakesTheSpectrogramAloneWhereDescriptorsAreNotLookedAt) {
  InputOptions options;
  options.combine = Combine::kLateFusion;  // would want the residual phase, which isn't there
  const InputParts parts{.spectrogram = true, .lld = InputParts::Lld::kNone};
  const InputBuilder builder(layout_of(4, 0), 2, options, identity(), parts);
  EXPECT_EQ(builder.shape().lld_branches, 0);
  EXPECT_EQ(builder.shape().lld_columns, 0);
  EXPECT_EQ(builder.shape().lld_steps, 0);
  const InputBatch batch = filled(builder, song_of({1, 1}), {0, 2});
  EXPECT_TRUE(batch.lld.empty());
  EXPECT_THAT(batch.spectrogram.values, ElementsAre(0, 10, 1, 11, 2, 12, 3, 13, 4, 14));
}

TEST_F(InputBuilderTest, MakesTheMfccAloneAsTheyAreWhateverTheyAreCombinedWith) {
  const InputParts parts{.spectrogram = false, .lld = InputParts::Lld::kMfcc};
  for (const Combine combine : {Combine::kConcat, Combine::kSum, Combine::kLateFusion}) {
    InputOptions options;
    options.combine = combine;
    options.mfcc_weight = 0.25;  // has no meaning here
    options.lld_pool_frames = 2;
    options.lld_statistics = Statistics::kMeanStd;
    const InputBuilder builder(layout_of(), 2, options, identity(), parts);
    EXPECT_EQ(builder.shape().spectrogram_bands, 0);
    EXPECT_EQ(builder.shape().lld_branches, 1);
    const InputBatch batch = filled(builder, song_of({1, 1}), {0, 2});
    EXPECT_TRUE(batch.spectrogram.values.empty());
    // MFCC are columns 2 and 3: t² + 100 c at t = 0 and 1 has mean 100 c + 0.5, deviation 0.5.
    EXPECT_THAT(batch.lld[0].values, ElementsAre(200.5, 300.5, 0.5, 0.5));
  }
}

TEST_F(InputBuilderTest, StandardizesThePooledMfccAlone) {
  const InputParts parts{.spectrogram = false, .lld = InputParts::Lld::kMfcc};
  Standardization standardization = identity();
  const EachSong songs = [&](const std::function<void(const SongFeatures&)>& look_at) {
    look_at(song_of({1, 1}));
  };
  standardize_pooled_lld(songs, layout_of(), 2, InputOptions{}, parts, standardization);
  // t² + 100 c over t = 0 and 1.
  EXPECT_THAT(standardization.pooled_lld_mean, ElementsAre(200.5, 300.5));
  EXPECT_THAT(standardization.pooled_lld_deviation, ElementsAre(0.5, 0.5));
  standardize_pooled_lld(songs, layout_of(), 2, InputOptions{},
                         {.spectrogram = true, .lld = InputParts::Lld::kNone}, standardization);
  EXPECT_TRUE(standardization.pooled_lld_mean.empty());
}

TEST_F(InputBuilderTest, RefusesMfccThatTheFeaturesLack) {
  const InputParts parts{.spectrogram = false, .lld = InputParts::Lld::kMfcc};
  EXPECT_THAT(message_of<UsageError>(
                  [&] { InputBuilder(layout_of(0, 4), 1, InputOptions{}, identity(), parts); }),
              HasSubstr("looks at MFCC alone, and the features have none"));
}

TEST_F(InputBuilderTest, StandardizesTheSongVectorWhereANetworkLooksAtOne) {
  Standardization standardization = identity();
  standardization.song_vector_mean = {1, 10};
  standardization.song_vector_deviation = {2, 5};
  EXPECT_EQ(
      InputBuilder(layout_of(), 3, InputOptions{}, standardization).shape().song_vector_columns, 0);
  const InputParts parts = {.song_vector = true};
  const InputBuilder builder(layout_of(), 3, InputOptions{}, standardization, parts);
  EXPECT_EQ(builder.shape().song_vector_columns, 2);
  InputBatch batch = builder.make_batch(2);
  builder.fill_song_vector(Eigen::Vector2f(5, 0), 1, batch);
  EXPECT_EQ(batch.song_vector.shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(batch.song_vector.values, (std::vector<float>{0, 0, 2, -2}));
  EXPECT_THROW(builder.fill_song_vector(Eigen::Vector3f::Zero(), 1, batch), std::invalid_argument);
  EXPECT_THROW(builder.fill_song_vector(Eigen::Vector2f::Zero(), 2, batch), std::invalid_argument);
}

TEST_F(InputBuilderTest, RefusesSegmentsOutsideTheSongOrLongerThanASegment) {
  const InputBuilder builder(layout_of(), 3, InputOptions{}, identity());
  const SongFeatures song = song_of({1, 1, 0, 1, 1});
  InputBatch batch = builder.make_batch(1);
  EXPECT_THROW(builder.fill(song, {0, 4}, 0, batch), std::invalid_argument);
  EXPECT_THROW(builder.fill(song, {2, 3}, 0, batch), std::invalid_argument);
  EXPECT_THROW(builder.fill(song, {-1, 2}, 0, batch), std::invalid_argument);
  EXPECT_THROW(builder.fill(song, {0, 1}, 1, batch), std::invalid_argument);
}

}  // namespace
}  // namespace mer
