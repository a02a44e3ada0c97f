#include "mer/store/song_features.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mer/features/feature_extractor.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kRateHz = 44100;

/// `parts` of (seconds, amplitude) of a 220 Hz tone one after the other, as a WAV file.
void write_parts(const std::filesystem::path& file,
                 const std::vector<std::pair<double, double>>& parts) {
  std::vector<float> samples;
  for (const auto& [seconds, amplitude] : parts) {
    const auto end = samples.size() + static_cast<std::size_t>(seconds * kRateHz);
    while (samples.size() < end) {
      samples.push_back(
          static_cast<float>(amplitude * std::sin(2.0 * std::numbers::pi * 220.0 *
                                                  static_cast<double>(samples.size()) / kRateHz)));
    }
  }
  write_audio(file, samples, kRateHz);
}

TEST(ExtractSong, WritesWhatTheExtractorGivesForTheWholeSignal) {
  const TemporaryFolder folder;
  const Recipe recipe;
  // Three seconds are more than one block of the reader, so that the streaming is tested too.
  write_parts(folder / "a.wav", {{0.5, 0.1}, {1.5, 0.0}, {1.0, 0.3}});
  extract_song(folder / "a.wav", recipe, folder / "a.safetensors");
  const SongFeatures song = SongFeatures::open(folder / "a.safetensors");
  const FeatureSet expected = extract_features(read_audio(folder / "a.wav", recipe.audio),
                                               recipe.features, recipe.vad, kRateHz);
  ASSERT_EQ(song.num_frames(), expected.num_frames());
  EXPECT_TRUE(song.spectrogram() == expected.spectrogram);
  EXPECT_TRUE(song.lld() == expected.lld);
  EXPECT_EQ(std::vector<std::uint8_t>(song.kept().begin(), song.kept().end()), expected.kept);
  EXPECT_EQ(song.energy_db()[0], expected.energy_db(0));
  EXPECT_DOUBLE_EQ(song.time_s()[0], 1024.0 / kRateHz);
  EXPECT_DOUBLE_EQ(song.time_s()[10], (10 * 1024 + 1024.0) / kRateHz);
  EXPECT_NEAR(song.duration_s(), 3.0, 1e-3);
  EXPECT_EQ(song.fingerprint(), recipe.fingerprint());
  EXPECT_EQ(song.shared_recipe(), recipe.shared());
  EXPECT_THAT(song.warnings(), ElementsAre());
  EXPECT_EQ(TensorFile::open(folder / "a.safetensors").metadata().at("recipe"),
            to_json(recipe).dump());
}

TEST(ExtractSong, DropsSilentFramesButKeepsTheirPlaceInTime) {
  const TemporaryFolder folder;
  Recipe recipe;
  write_parts(folder / "a.wav", {{1.0, 0.0}, {1.0, 0.3}, {1.0, 0.0}});
  extract_song(folder / "a.wav", recipe, folder / "a.safetensors");
  const SongFeatures song = SongFeatures::open(folder / "a.safetensors");
  ASSERT_FALSE(song.kept_frames().empty());
  const auto center_s = [&](std::int32_t frame) {
    return song.time_s()[static_cast<std::size_t>(frame)];
  };
  // A frame is 46 ms: the first kept one touches the tone, its center at most half of that before.
  EXPECT_NEAR(center_s(song.kept_frames().front()), 1.0, 0.024);
  EXPECT_NEAR(center_s(song.kept_frames().back()), 2.0, 0.024);
}

TEST(ExtractSong, CountsTimesFromTheStartOfTheFile) {
  const TemporaryFolder folder;
  Recipe recipe;
  recipe.audio.start_s = 0.5;
  recipe.audio.duration_s = 0.25;
  write_parts(folder / "a.wav", {{1.0, 0.3}});
  extract_song(folder / "a.wav", recipe, folder / "a.safetensors");
  const SongFeatures song = SongFeatures::open(folder / "a.safetensors");
  EXPECT_DOUBLE_EQ(song.time_s()[0], 0.5 + 1024.0 / kRateHz);
  EXPECT_EQ(song.num_frames(), (11025 - 2048) / 1024 + 1);
  EXPECT_NEAR(song.duration_s(), 1.0, 1e-3);
}

TEST(ExtractSong, NeedsExactlyOneFrame) {
  const TemporaryFolder folder;
  std::vector<float> tone(2048, 0.25F);
  for (std::size_t i = 0; i < tone.size(); i += 2) tone[i] = -0.25F;
  write_audio(folder / "one.wav", tone, kRateHz);
  extract_song(folder / "one.wav", Recipe{}, folder / "one.safetensors");
  EXPECT_EQ(SongFeatures::open(folder / "one.safetensors").num_frames(), 1);
  write_audio(folder / "less.wav", std::span(tone).first(2047), kRateHz);
  EXPECT_EQ(message_of<InputError>(
                [&] { extract_song(folder / "less.wav", Recipe{}, folder / "less.safetensors"); }),
            (folder / "less.wav").string() +
                ": 2047 samples (0.0464 s), less than one frame of 2048 samples (0.0464 s) | "
                "give a longer piece of music");
}

TEST(ExtractSong, OfAConstantIsSilence) {
  const TemporaryFolder folder;
  write_audio(folder / "a.wav", std::vector<float>(44100, 0.5F), kRateHz);
  EXPECT_THAT(
      message_of<InputError>([&] { extract_song(folder / "a.wav", Recipe{}, folder / "x"); }),
      StartsWith((folder / "a.wav").string() + ": nothing but silence"));
}

TEST(ExtractSong, IsTheSameWithAConstantOffset) {
  const TemporaryFolder folder;
  std::vector<float> music(3 * 44100);  // loud, then silence, then soft
  for (std::size_t i = 0; i < music.size(); ++i) {
    const float amplitude = i < 44100 ? 0.5F : i < 2 * 44100 ? 0.0F : 0.05F;
    music[i] = amplitude * std::sin(0.0627F * static_cast<float>(i % 44100));
  }
  write_audio(folder / "plain.flac", music, kRateHz);
  for (float& sample : music) sample += 0.25F;
  write_audio(folder / "offset.flac", music, kRateHz);
  Recipe recipe;
  recipe.vad.hangover_s = 0.1;
  for (const double level_dbfs : {0.0, -20.0}) {
    recipe.audio.level_dbfs = level_dbfs;
    extract_song(folder / "plain.flac", recipe, folder / "plain.safetensors");
    extract_song(folder / "offset.flac", recipe, folder / "offset.safetensors");
    const SongFeatures plain = SongFeatures::open(folder / "plain.safetensors");
    const SongFeatures offset = SongFeatures::open(folder / "offset.safetensors");
    ASSERT_EQ(plain.kept_frames(), offset.kept_frames());
    for (const std::int32_t frame : plain.kept_frames()) {
      ASSERT_NEAR(plain.energy_db()[static_cast<std::size_t>(frame)],
                  offset.energy_db()[static_cast<std::size_t>(frame)], 0.01);
    }
  }
}

TEST(ExtractSong, OfSilenceIsAnErrorOfThatFileWithAndWithoutVad) {
  const TemporaryFolder folder;
  write_parts(folder / "a.wav", {{1.0, 0.0}});
  Recipe recipe;
  for (const bool enabled : {true, false}) {
    recipe.vad.enabled = enabled;
    EXPECT_THAT(message_of<InputError>(
                    [&] { extract_song(folder / "a.wav", recipe, folder / "a.safetensors"); }),
                StartsWith((folder / "a.wav").string() + ": nothing but silence"));
  }
}

TEST(ExtractSong, ThatFailsLeavesNothingBehind) {
  const TemporaryFolder folder;
  // Fails after a second of good music, in the middle of the work.
  std::string wav(44, '\0');
  std::vector<float> samples(kRateHz, 0.25F);
  samples.push_back(std::numeric_limits<float>::quiet_NaN());
  const auto number = [&wav](std::size_t at, std::size_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) wav[at + i] = static_cast<char>(value >> (8 * i));
  };
  const std::size_t data_bytes = samples.size() * sizeof(float);
  wav.replace(0, 4, "RIFF").replace(8, 8, "WAVEfmt ").replace(36, 4, "data");
  number(4, 36 + data_bytes, 4);
  number(16, 16, 4);
  number(20, 3, 2);  // IEEE float
  number(22, 1, 2);
  number(24, kRateHz, 4);
  number(28, 4 * kRateHz, 4);
  number(32, 4, 2);
  number(34, 32, 2);
  number(40, data_bytes, 4);
  wav.append(reinterpret_cast<const char*>(samples.data()), data_bytes);
  folder.write("nan.wav", wav);
  EXPECT_THAT(message_of<InputError>(
                  [&] { extract_song(folder / "nan.wav", Recipe{}, folder / "nan.safetensors"); }),
              StartsWith((folder / "nan.wav").string() + ": "));
  write_audio(folder / "short.wav", std::vector<float>(100, 0.5F), kRateHz);
  EXPECT_THROW(extract_song(folder / "short.wav", Recipe{}, folder / "short.safetensors"),
               InputError);
  EXPECT_THROW(extract_song(folder / "none.wav", Recipe{}, folder / "none.safetensors"),
               InputError);
  EXPECT_THAT(files_below(folder.path()), ElementsAre("nan.wav", "short.wav"));
}

TEST(SongFeatures, OfAnotherKindOfFileIsAnErrorThatSaysWhatIsMissing) {
  const TemporaryFolder folder;
  const std::vector<float> values(4, 0.0F);
  const TensorView lld = view_of(std::span<const float>(values), {2, 2});
  write_tensor_file(folder / "m.safetensors", {{"lld", lld}}, {});
  EXPECT_THAT(message_of<UsageError>([&] { SongFeatures::open(folder / "m.safetensors"); }),
              HasSubstr("spectrogram"));
  folder.write("garbage.safetensors", "not a tensor file");
  EXPECT_THROW(SongFeatures::open(folder / "garbage.safetensors"), UsageError);
}

TEST(SongFeatures, CopiesShareTheMapping) {
  const TemporaryFolder folder;
  SongFeatures copy = [&] {
    const RowMatrixXf values = RowMatrixXf::Constant(2, 3, 7.0F);
    return make_song(folder / "s.safetensors", values, values, {0, 1});
  }();
  std::filesystem::remove(folder / "s.safetensors");
  EXPECT_EQ(copy.lld()(1, 2), 7.0F);
  EXPECT_THAT(copy.kept_frames(), ElementsAre(1));
  EXPECT_EQ(copy.duration_s(), 1.5);
  EXPECT_THAT(copy.warnings(), ElementsAre("odd"));
}

}  // namespace
}  // namespace mer
