#include "mer/embed/embedding_extractor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "../support/temporary_folder.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/embed/embedding_store.hpp"
#include "mer/embed/tagger_tags.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const WeightFiles& bundled() {
  static const WeightFiles kWeights = {
      {"musicnn", MER_SOURCE_DIR "/data/pretrained/musicnn.safetensors"},
      {"vgg_tagger", MER_SOURCE_DIR "/data/pretrained/vgg_tagger.safetensors"}};
  return kWeights;
}

EmbedOptions options_of(const std::vector<std::string>& networks) {
  EmbedOptions options;
  options.networks = networks;
  return options;
}

EmbeddingExtractor extractor_of(const EmbedOptions& options, const Recipe& config = {}) {
  return {options, config, bundled(), "cpu"};
}

TensorFile check_values() { return TensorFile::open(MER_FIXTURES "/taggers.safetensors"); }

/// The 3 s of the taggers' check values, at their rate.
std::vector<float> check_samples() {
  const TensorFile check = check_values();
  const auto samples = check.at("audio_16khz").as<float>();
  return {samples.begin(), samples.end()};
}

/// 16-bit PCM rounds the samples by up to 1.5e-5.
void write_at_16khz(const std::filesystem::path& file, const std::vector<float>& samples) {
  write_audio(file, samples, 16000);
}

Eigen::RowVectorXf check_embedding(const char* name) {
  const TensorFile check = check_values();
  const auto values = check.at(name).as<float>();
  return Eigen::Map<const Eigen::RowVectorXf>(values.data(),
                                              static_cast<Eigen::Index>(values.size()));
}

TEST(EmbeddingExtractor, OfAFileGivesTheNetworksCheckValues) {
  const TemporaryFolder folder;
  write_at_16khz(folder / "a.wav", check_samples());
  const EmbeddingExtractor extractor = extractor_of(options_of({"musicnn", "vgg_tagger"}));
  extractor.extract(folder / "a.wav", folder / "a.safetensors");
  const SongEmbeddings song = SongEmbeddings::open(folder / "a.safetensors");
  ASSERT_EQ(song.num_patches(), 1);  // 188 frames: the last one is no tail
  ASSERT_EQ(song.matrix().cols(), 200 + 256);
  const Eigen::RowVectorXf found = song.matrix().row(0);
  EXPECT_LT((found.head(200) - check_embedding("musicnn_embedding")).cwiseAbs().maxCoeff(), 2e-2F);
  EXPECT_LT((found.tail(256) - check_embedding("vgg_embedding")).cwiseAbs().maxCoeff(), 2e-2F);
  EXPECT_EQ(song.valid()[0], 1);
  EXPECT_EQ(song.fingerprint(), extractor.fingerprint());
  EXPECT_DOUBLE_EQ(song.time_span(0).start_s, 0.0);
  EXPECT_DOUBLE_EQ(song.time_span(0).end_s, 187 * 256 / 16000.0);
}

TEST(EmbeddingExtractor, LeavesSilentPatchesOutOfTheSong) {
  const TemporaryFolder folder;
  std::vector<float> samples = check_samples();
  const std::vector<float> music = samples;
  samples.insert(samples.end(), 3 * 48000, 0.0F);
  samples.insert(samples.end(), music.begin(), music.end());
  write_at_16khz(folder / "a.wav", samples);
  extractor_of(options_of({"vgg_tagger"})).extract(folder / "a.wav", folder / "a.safetensors");
  const SongEmbeddings song = SongEmbeddings::open(folder / "a.safetensors");
  // 15 s are 938 frames: five patches of 187, the three in the middle silent, and no tail of 3.
  EXPECT_THAT(song.valid(), ElementsAre(1, 0, 0, 0, 1));
}

TEST(EmbeddingExtractor, FillsTheTailWithSilenceOrDropsIt) {
  const TemporaryFolder folder;
  std::vector<float> samples = check_samples();
  const auto patches = [&](std::size_t count, SegmentOptions::Tail tail, double hop_s) {
    samples.resize(count, 0.1F);
    write_at_16khz(folder / "a.wav", samples);
    EmbedOptions options = options_of({"vgg_tagger"});
    options.tail = tail;
    options.hop_s = hop_s;
    extractor_of(options).extract(folder / "a.wav", folder / "a.safetensors");
    return SongEmbeddings::open(folder / "a.safetensors").num_patches();
  };
  using Tail = SegmentOptions::Tail;
  // 187 + 94 frames: the tail is more than half of a patch. Frame 280's center is at 280 · 256.
  EXPECT_EQ(patches(280 * 256, Tail::kPad, 3.0), 2);
  EXPECT_EQ(patches(280 * 256, Tail::kDrop, 3.0), 1);
  EXPECT_EQ(patches(278 * 256, Tail::kPad, 3.0), 1);
  EXPECT_EQ(patches(280 * 256, Tail::kDrop, 1.0), 2);  // at frames 0 and 62
  EXPECT_EQ(patches(8000, Tail::kDrop, 3.0), 1);       // shorter than a patch
}

TEST(EmbeddingExtractor, FingerprintFollowsOptionsAndFrontEndAndTheKeyThePartOfTheSong) {
  const EmbeddingExtractor plain = extractor_of(options_of({"musicnn"}));
  EXPECT_THAT(plain.fingerprint(), testing::MatchesRegex("[0-9a-f]{12}"));
  EXPECT_EQ(plain.recipe()["front_end"]["audio"]["sample_rate_hz"], 16000);
  EXPECT_NE(extractor_of(options_of({"musicnn", "vgg_tagger"})).fingerprint(), plain.fingerprint());
  EmbedOptions denser = options_of({"musicnn"});
  denser.hop_s = 1.5;
  EXPECT_NE(extractor_of(denser).fingerprint(), plain.fingerprint());
  Recipe config;
  config.vad.threshold_db = -40;
  EXPECT_NE(extractor_of(options_of({"musicnn"}), config).fingerprint(), plain.fingerprint());
  config = {};
  config.audio.sample_rate_hz = 22050;  // is the descriptors', not the taggers'
  EXPECT_EQ(extractor_of(options_of({"musicnn"}), config).fingerprint(), plain.fingerprint());
  config.audio.duration_s = 0;
  EXPECT_EQ(extractor_of(options_of({"musicnn"}), config).fingerprint(), plain.fingerprint());
  EXPECT_NE(extractor_of(options_of({"musicnn"}), config).store_key(), plain.store_key());
}

TEST(EmbeddingExtractor, OfARecipeMakesTheSameEmbeddings) {
  const TemporaryFolder folder;
  write_at_16khz(folder / "a.wav", check_samples());
  Recipe config;
  config.vad.threshold_db = -40;
  config.audio.duration_s = 2.0;
  EmbedOptions options = options_of({"vgg_tagger"});
  options.hop_s = 1.5;
  const EmbeddingExtractor first = extractor_of(options, config);
  const EmbeddingExtractor again =
      EmbeddingExtractor::of_recipe(first.recipe(), "m.safetensors", bundled(), "cpu");
  EXPECT_EQ(again.fingerprint(), first.fingerprint());
  EXPECT_NE(again.store_key(), first.store_key());  // of whole songs
  EXPECT_EQ(again.of_part(0.0, 2.0).store_key(), first.store_key());
  first.extract(folder / "a.wav", folder / "first");
  again.of_part(0.0, 2.0).extract(folder / "a.wav", folder / "again");
  EXPECT_EQ(SongEmbeddings::open(folder / "first").matrix(),
            SongEmbeddings::open(folder / "again").matrix());
}

TEST(EmbeddingExtractor, OfARecipeWantsTheWeightsThatMadeIt) {
  const nlohmann::ordered_json recipe = extractor_of(options_of({"vgg_tagger"})).recipe();
  const auto message = [](const nlohmann::ordered_json& wanted, const WeightFiles& weights) {
    return message_of<UsageError>(
        [&] { EmbeddingExtractor::of_recipe(wanted, "m.safetensors", weights, "cpu"); });
  };
  EXPECT_THAT(
      message(recipe, {}),
      HasSubstr("m.safetensors: wants embeddings by vgg_tagger, whose weights are not here"));
  EXPECT_THAT(message(recipe, {{"vgg_tagger", bundled().at("musicnn")}}),
              testing::AllOf(HasSubstr("m.safetensors: wants embeddings by vgg_tagger with the"),
                             HasSubstr("musicnn.safetensors has ")));
  EXPECT_THAT(message({{"embed", 1}}, bundled()),
              HasSubstr("m.safetensors: the recipe of its embeddings is damaged"));
  nlohmann::ordered_json other = recipe;
  other["front_end"]["features"]["mel"]["num_bands"] = 64;
  EXPECT_THAT(message(other, bundled()),
              HasSubstr("made with front_end.features.mel.num_bands 64"));
}

TEST(EmbeddingColumns, AreThoseOfAllNetworks) {
  EXPECT_EQ(embedding_columns(options_of({"vgg_tagger"})), 256);
  EXPECT_EQ(embedding_columns(options_of({"musicnn", "vgg_tagger"})), 200 + 256);
}

TEST(EmbeddingExtractor, NamesANetworkWithoutWeights) {
  EXPECT_THAT(message_of<UsageError>(
                  [] { EmbeddingExtractor(options_of({"musicnn"}), {}, WeightFiles{}, "cpu"); }),
              HasSubstr("'embed.networks' has 'musicnn', whose weights are not here"));
}

TEST(EmbedOptions, RefuseUnknownNetworksAndAnotherOrder) {
  EXPECT_THAT(message_of<UsageError>([] { options_of({"vgg"}).validate(); }),
              HasSubstr("'networks' has 'vgg', allowed: musicnn, vgg_tagger"));
  EXPECT_THROW(options_of({"vgg_tagger", "musicnn"}).validate(), UsageError);
  EXPECT_THROW(options_of({"musicnn", "musicnn"}).validate(), UsageError);
}

TEST(EmbeddingStore, MakesWhatIsMissingAndReportsSongsThatFail) {
  const TemporaryFolder folder;
  write_at_16khz(folder / "a.wav", check_samples());
  write_at_16khz(folder / "silent.wav", std::vector<float>(16000, 0.0F));
  const Manifest manifest =
      Manifest::load(folder.write("m.csv", "path,label\na.wav,happy\nsilent.wav,sad\n"));
  const auto extractor =
      std::make_shared<const EmbeddingExtractor>(extractor_of(options_of({"vgg_tagger"})));
  const SongStore store = embedding_store(folder / "store", extractor);
  const SongStore::Report first = store.fill(manifest, {}, 1, {}, {});
  EXPECT_EQ(first.made, 1U);
  ASSERT_EQ(first.failures.size(), 1U);
  EXPECT_THAT(first.failures[0].message, HasSubstr("silent.wav: nothing but silence"));
  EXPECT_EQ(std::filesystem::path(first.files[0]).parent_path(),
            folder / "store" / extractor->store_key());
  EXPECT_EQ(SongEmbeddings::open(first.files[0]).fingerprint(), extractor->fingerprint());
  EXPECT_EQ(store.fill(manifest, {}, 2, {}, {}).present, 1U);

  // Another recipe's file in its place is found out.
  extractor_of(options_of({"musicnn"})).extract(folder / "a.wav", first.files[0]);
  EXPECT_THAT(message_of<UsageError>([&] { store.fill(manifest, {}, 1, {}, {}); }),
              HasSubstr("made with embed.networks [\"musicnn\"], while this recipe has"));
}

TEST(TaggerTags, AreTheNetworksCheckValues) {
  const TemporaryFolder folder;
  write_at_16khz(folder / "a.wav", check_samples());
  for (const auto& [network, check] :
       {std::pair{"musicnn", "musicnn_tags"}, std::pair{"vgg_tagger", "vgg_tags"}}) {
    const EmbeddingExtractor extractor = extractor_of(options_of({network}));
    extractor.extract(folder / "a.wav", folder / "a.safetensors");
    const TaggerTags tags(extractor, bundled());
    ASSERT_EQ(tags.names().size(), 50U);
    EXPECT_EQ(tags.names()[0], "rock");
    EXPECT_EQ(tags.names()[9], "jazz");
    const std::vector<double> found = tags.answer(SongEmbeddings::open(folder / "a.safetensors"));
    const Eigen::RowVectorXf wanted = check_embedding(check);
    for (int i = 0; i < 50; ++i) {
      EXPECT_NEAR(found[static_cast<std::size_t>(i)], wanted(i), 2e-3) << network << i;
    }
  }
}

TEST(TaggerTags, OfTwoNetworksAreTheirMean) {
  const TemporaryFolder folder;
  write_at_16khz(folder / "a.wav", check_samples());
  const EmbeddingExtractor extractor = extractor_of(options_of({"musicnn", "vgg_tagger"}));
  extractor.extract(folder / "a.wav", folder / "a.safetensors");
  const std::vector<double> found =
      TaggerTags(extractor, bundled()).answer(SongEmbeddings::open(folder / "a.safetensors"));
  const Eigen::RowVectorXf wanted =
      (check_embedding("musicnn_tags") + check_embedding("vgg_tags")) / 2.0F;
  for (int i = 0; i < 50; ++i) {
    EXPECT_NEAR(found[static_cast<std::size_t>(i)], wanted(i), 2e-3);
  }
}

TEST(TaggerTags, AreNotAnsweredByOtherNetworks) {
  const EmbeddingExtractor extractor = extractor_of(options_of({"musicnn"}));
  EXPECT_THAT(message_of<UsageError>([&] { TaggerTags(extractor, {}); }),
              HasSubstr("'musicnn', which is none"));
}

}  // namespace
}  // namespace mer
