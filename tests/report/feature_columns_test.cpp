#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "mer/report/feature_plot.hpp"
#include "small_song.hpp"

namespace mer {
namespace {

using test::SmallSong;
using testing::ElementsAre;

TEST(WaveformEnvelope, OfFewSamplesHasAColumnASample) {
  WaveformEnvelope envelope;
  EXPECT_TRUE(envelope.reduce(10).empty());
  envelope.push(std::vector<float>{0.5F, -0.25F, 1.0F});
  const auto extremes = envelope.reduce(10);
  ASSERT_EQ(extremes.size(), 3U);
  EXPECT_EQ(extremes[1].min, -0.25F);
  EXPECT_EQ(extremes[1].max, -0.25F);
}

TEST(WaveformEnvelope, KeepsAClickWhereItIsHoweverLongTheSignal) {
  WaveformEnvelope envelope;
  constexpr int kBlock = 1000;
  constexpr int kBlocks = 500;
  for (int block = 0; block < kBlocks; ++block) {
    std::vector<float> samples(kBlock, 0.1F);
    if (block == 250) samples[0] = -0.9F;  // exactly in the middle: column 50 of 100
    envelope.push(samples);
  }
  EXPECT_EQ(envelope.num_samples(), kBlock * kBlocks);
  const auto extremes = envelope.reduce(100);
  ASSERT_EQ(extremes.size(), 100U);
  for (std::size_t i = 0; i < extremes.size(); ++i) {
    // Columns begin at whole stretches of 64 samples, so the click may be in the neighbor.
    if (i == 49 || i == 50) continue;
    EXPECT_EQ(extremes[i].min, 0.1F) << i;
    EXPECT_EQ(extremes[i].max, 0.1F) << i;
  }
  EXPECT_EQ(std::min(extremes[49].min, extremes[50].min), -0.9F);
}

TEST(WaveformEnvelope, DoesNotDependOnTheBlocks) {
  std::vector<float> samples;
  for (int i = 0; i < 40000; ++i) samples.push_back(std::sin(0.001F * static_cast<float>(i * i)));
  WaveformEnvelope whole;
  whole.push(samples);
  WaveformEnvelope parts;
  for (std::size_t begin = 0; begin < samples.size(); begin += 777) {
    parts.push(
        std::span(samples).subspan(begin, std::min<std::size_t>(777, samples.size() - begin)));
  }
  const auto one = whole.reduce(300);
  const auto other = parts.reduce(300);
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].min, other[i].min);
    EXPECT_EQ(one[i].max, other[i].max);
  }
}

TEST(FeatureColumns, OfAShortSongAreItsFrames) {
  SmallSong song(3);
  const FeatureColumns columns = reduce_features(song.view(), 10);
  EXPECT_EQ(columns.size(), 3);
  EXPECT_EQ(columns.frames_per_column, 1);
  EXPECT_DOUBLE_EQ(columns.first_s, 0.256);
  EXPECT_DOUBLE_EQ(columns.step_s, 0.256);
  EXPECT_EQ(columns.spectrogram_db, song.spectrogram());
  EXPECT_THAT(columns.energy_db, ElementsAre(-10.0F, -11.0F, -12.0F));
}

TEST(FeatureColumns, OfALongSongAreMeansInTheMiddleOfTheirFrames) {
  SmallSong song(7);
  song.column("voicing") << 0, 1, 1, 1, 0, 0, 1;
  const FeatureColumns columns = reduce_features(song.view(), 3);  // 3 + 3 + 1 frames
  EXPECT_EQ(columns.size(), 3);
  EXPECT_EQ(columns.frames_per_column, 3);
  EXPECT_DOUBLE_EQ(columns.first_s, 0.512);  // the center of frame 1
  EXPECT_DOUBLE_EQ(columns.step_s, 0.768);
  EXPECT_FLOAT_EQ(columns.spectrogram_db(0, 0), 1.0F);
  EXPECT_FLOAT_EQ(columns.spectrogram_db(1, 0), 4.0F);
  EXPECT_FLOAT_EQ(columns.spectrogram_db(2, 0), 6.0F);
  EXPECT_FLOAT_EQ(columns.voicing[0], 2.0F / 3.0F);
  EXPECT_FLOAT_EQ(columns.voicing[1], 1.0F / 3.0F);
}

TEST(FeatureColumns, TakeThePitchOfVoicedFramesAloneAndItsMedian) {
  SmallSong song(6);
  song.column("f0_semitones") << 12, 24, 12, 36, 36, 36;  // 110, 220, 110, 440 Hz
  song.column("voicing") << 0.9F, 0.9F, 0.9F, 0.1F, 0.1F, 0.1F;
  const FeatureColumns columns = reduce_features(song.view(), 2);
  EXPECT_NEAR(columns.f0_hz[0], 110.0, 1e-3);  // the mean would be between two octaves
  EXPECT_TRUE(std::isnan(columns.f0_hz[1]));
}

TEST(FeatureColumns, LeaveFormantsOutUntilThereIsOne) {
  SmallSong song(2);
  song.column("formant_1_hz") << 0, 500;
  const FeatureColumns columns = reduce_features(song.view(), 2);
  EXPECT_TRUE(std::isnan(columns.formants_hz(0, 0)));
  EXPECT_EQ(columns.formants_hz(1, 0), 500.0F);
}

TEST(FeatureColumns, AreKeptWhenAtLeastHalfOfTheirFramesAre) {
  SmallSong song(6);
  song.kept() = {1, 0, 0, 0, 1, 1};
  EXPECT_THAT(reduce_features(song.view(), 3).kept, ElementsAre(true, false, true));
}

TEST(FeatureColumns, OfPowerAreDecibels) {
  FeatureOptions options = SmallSong::made_options();
  options.spectrogram = SpectrogramKind::kMel;
  SmallSong song(1, options);
  song.spectrogram() << 1.0F, 100.0F, 0.001F, 0.0F;
  const FeatureColumns columns = reduce_features(song.view(), 1);
  EXPECT_NEAR(columns.spectrogram_db(0, 0), 0.0F, 1e-5F);
  EXPECT_NEAR(columns.spectrogram_db(0, 1), 20.0F, 1e-5F);
  EXPECT_NEAR(columns.spectrogram_db(0, 2), -30.0F, 1e-4F);
  EXPECT_NEAR(columns.spectrogram_db(0, 3), -100.0F, 1e-4F);  // silence
}

TEST(FeatureColumns, PutBinsOfALinearSpectrumTogether) {
  FeatureOptions options = SmallSong::made_options();
  options.spectrogram = SpectrogramKind::kLinear;  // 257 bins: two a row
  SmallSong song(1, options);
  song.spectrogram().setConstant(10.0F);
  const FeatureColumns columns = reduce_features(song.view(), 1);
  EXPECT_EQ(columns.spectrogram_db.cols(), 129);
  EXPECT_NEAR(columns.spectrogram_db(0, 128), 10.0F, 1e-4F);  // the last row has one bin only
}

TEST(FeatureColumns, LetGoOfRowsOnTheirWayThroughALongSong) {
  SmallSong song(9000);
  FeatureView view = song.view();
  int released = 0;
  view.release = [&released] { ++released; };
  reduce_features(view, 100);
  EXPECT_EQ(released, 2);
}

}  // namespace
}  // namespace mer
