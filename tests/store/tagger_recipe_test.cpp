#include "mer/store/tagger_recipe.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_extractor.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

TEST(TaggerRecipe, GivesTheSpectrogramThatTheTaggersWereTrainedOn) {
  const TensorFile check = TensorFile::open(MER_FIXTURES "/taggers.safetensors");
  const std::span<const float> samples = check.at("audio_16khz", {48000}).as<float>();
  const std::span<const float> expected = check.at("logmel", {kTaggerPatchFrames, 96}).as<float>();
  const Recipe recipe = tagger_recipe();
  const FeatureSet set =
      extract_features(samples, recipe.features, recipe.vad, recipe.audio.sample_rate_hz);
  ASSERT_EQ(set.num_frames(), 1 + 48000 / 256);
  ASSERT_EQ(set.spectrogram.cols(), 96);
  EXPECT_EQ(set.lld.cols(), 0);
  const Eigen::Map<const RowMatrixXf> wanted(expected.data(), kTaggerPatchFrames, 96);
  EXPECT_LT((set.spectrogram.topRows(kTaggerPatchFrames) - wanted).cwiseAbs().maxCoeff(), 1e-5F);
  EXPECT_GT(wanted.maxCoeff(), 1.0F);  // not a comparison of silence with silence
}

TEST(TaggerRecipe, FillsAFeatureFileWithoutDescriptors) {
  const TemporaryFolder folder;
  write_sine(folder / "a.wav", 2.0, 440.0);
  extract_song(folder / "a.wav", tagger_recipe(), folder / "a.safetensors");
  const SongFeatures song = SongFeatures::open(folder / "a.safetensors");
  EXPECT_EQ(song.num_frames(), 1 + 32000 / 256);
  EXPECT_EQ(song.spectrogram().cols(), 96);
  EXPECT_EQ(song.lld().rows(), song.num_frames());
  EXPECT_EQ(song.lld().cols(), 0);
  EXPECT_DOUBLE_EQ(song.time_s()[3], 3 * 256 / 16000.0);  // a centered frame's time
  EXPECT_EQ(song.recipe().fingerprint(), tagger_recipe().fingerprint());
}

}  // namespace
}  // namespace mer
