#include "mer/report/feature_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "small_song.hpp"

namespace mer {
namespace {

using test::SmallSong;
using testing::ElementsAre;

TEST(FeatureView, NamesTheSpectrogramsColumns) {
  SmallSong song(1);
  EXPECT_THAT(spectrogram_column_names(song.view().layout),
              ElementsAre("logmel_0", "logmel_1", "logmel_2", "logmel_3"));
}

TEST(FeatureView, GivesMelBandsTheFrequencyOfTheirPeak) {
  // Slaney's scale is linear below 1000 Hz: four filters between 0 and 500 Hz peak every 100 Hz.
  SmallSong song(1);
  const auto hz = spectrogram_column_hz(song.view().layout, song.view().options);
  ASSERT_EQ(hz.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(hz[i], 100.0 * static_cast<double>(i + 1), 1e-9);
}

TEST(FeatureView, GivesBinsOfTheSpectrumTheirFrequency) {
  FeatureOptions options = SmallSong::made_options();
  options.spectrogram = SpectrogramKind::kLinear;
  SmallSong song(1, options);
  const auto hz = spectrogram_column_hz(song.view().layout, song.view().options);
  ASSERT_EQ(hz.size(), 257U);
  EXPECT_EQ(hz[0], 0.0);
  EXPECT_EQ(hz[256], 500.0);
}

TEST(FeatureView, IsDescribedByItsMetadataAndItsGroupsOfColumns) {
  SmallSong song(1);
  const auto description = describe_features(song.view());
  EXPECT_EQ(description["recipe"]["a"], 1);
  EXPECT_EQ(description["fingerprint"], "0123");  // digits stay text
  EXPECT_EQ(description["warnings"], nlohmann::ordered_json::array());
  const auto& groups = description["features"];
  ASSERT_EQ(groups.size(), song.view().layout.lld.size() + 1);
  EXPECT_EQ(groups[0]["name"], "logmel");
  EXPECT_EQ(groups[0]["matrix"], "spectrogram");
  EXPECT_EQ(groups[0]["num_columns"], 4);
  EXPECT_EQ(groups[0]["unit"], "dB");
  EXPECT_EQ(groups[2]["name"], "residual_phase");
  EXPECT_EQ(groups[2]["first_column"], 4);
}

}  // namespace
}  // namespace mer
