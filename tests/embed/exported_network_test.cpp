#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <torch/version.h>

#include "../support/temporary_folder.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/embed/embedding_extractor.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A network that another program exported, made of its forward function; two songs' sound.
class ExportedNetwork : public testing::Test {
 protected:
  ExportedNetwork() { options_.exported = folder_ / "net.pt"; }

  void write_network(const std::string& forward) {
    torch::jit::Module module("net");
    module.define("def forward(self, x: Tensor):\n  " + forward + "\n");
    module.save(options_.exported.string());
  }
  void write_card(const std::string& card) {
    folder_.write("net.yaml", card + "\nmade_with: torch by hand\n");
  }
  void write_song(const std::vector<float>& samples) {
    write_audio(folder_ / "a.wav", samples, 16000);
  }
  SongEmbeddings embed() {
    const EmbeddingExtractor extractor(options_, {}, {}, "cpu");
    extractor.extract(folder_ / "a.wav", folder_ / "a.safetensors");
    return SongEmbeddings::open(folder_ / "a.safetensors");
  }

  TemporaryFolder folder_;
  EmbedOptions options_;
};

constexpr const char* kWaveform =
    "front_end: waveform\nsample_rate_hz: 16000\npatch: 16000\ninput: [batch, samples]\n"
    "embedding_size: 2";

TEST_F(ExportedNetwork, SeesTheWaveformInPatches) {
  write_network("return torch.stack([x.amax(1), x.pow(2).mean(1)], 1)");
  write_card(kWaveform);
  // A second of a square wave of 0.25, one of 0.5, which lies around 0: nothing of it is offset.
  std::vector<float> samples;
  for (int i = 0; i < 32000; ++i) {
    samples.push_back((i < 16000 ? 0.25F : 0.5F) * (i % 32 < 16 ? 1.0F : -1.0F));
  }
  write_song(samples);
  const SongEmbeddings song = embed();
  ASSERT_EQ(song.num_patches(), 2);
  EXPECT_NEAR(song.matrix()(0, 0), 0.25F, 1e-3);
  EXPECT_NEAR(song.matrix()(0, 1), 0.0625F, 1e-3);
  EXPECT_NEAR(song.matrix()(1, 0), 0.5F, 1e-3);
  EXPECT_NEAR(song.matrix()(1, 1), 0.25F, 1e-3);
  EXPECT_EQ(song.groups()[0].network, "net");
  EXPECT_DOUBLE_EQ(song.time_span(1).start_s, 1.0);
  EXPECT_DOUBLE_EQ(song.time_span(1).end_s, 2.0);
}

TEST_F(ExportedNetwork, LeavesSilentPatchesOfTheWaveformOut) {
  write_network("return torch.stack([x.amax(1), x.mean(1)], 1)");
  write_card(kWaveform);
  std::vector<float> samples(48000, 0.0F);
  for (std::size_t i = 0; i < 16000; ++i)
    samples[i] = samples[32000 + i] = i % 32 < 16 ? .5F : -.5F;
  write_song(samples);
  EXPECT_THAT(embed().valid(), ElementsAre(1, 0, 1));
}

TEST_F(ExportedNetwork, SeesMelBandsInTheOrderOfItsCard) {
  // [B, frames, 1, bands]: the band with the most power of the first and of the last frame.
  write_network(
      "return {'logits': x, 'embedding': torch.stack([x[:, 0, 0].argmax(1), x[:, -1, "
      "0].argmax(1)], 1).float()}");
  write_card(
      "front_end: mel\nsample_rate_hz: 16000\npatch: 31\nhop: 15\n"
      "features: {spectrogram: mel, lld: [], frame: {window_samples: 512, hop_samples: 512},\n"
      "           mel: {num_bands: 16}}\n"
      "input: [batch, frames, one, bands]\noutput: embedding\nembedding_size: 2");
  std::vector<float> samples;
  for (int i = 0; i < 32000; ++i) {
    const double hz = i < 16000 ? 300.0 : 6000.0;
    samples.push_back(static_cast<float>(0.5 * std::sin(2.0 * M_PI * hz * i / 16000.0)));
  }
  write_song(samples);
  const SongEmbeddings song = embed();
  // 62 frames: from 0, 15 and 30, and a tail of 17 from 45 of which the rest is silent.
  ASSERT_EQ(song.num_patches(), 4);
  EXPECT_EQ(song.matrix()(0, 0), song.matrix()(0, 1));
  EXPECT_GT(song.matrix()(1, 1), song.matrix()(1, 0) + 5.0F);
  EXPECT_EQ(song.matrix()(2, 1), song.matrix()(1, 1));
  EXPECT_DOUBLE_EQ(song.time_span(1).start_s, 15 * 512 / 16000.0);
}

TEST_F(ExportedNetwork, OfAModelIsTheSameFileAndCard) {
  write_network("return torch.stack([x.amax(1), x.mean(1)], 1)");
  write_card(kWaveform);
  const nlohmann::ordered_json recipe = EmbeddingExtractor(options_, {}, {}, "cpu").recipe();
  EXPECT_EQ(embedding_columns(recipe, "m"), 2);
  EXPECT_EQ(embedding_columns(options_), 2);
  const auto message = [&](const WeightFiles& weights) {
    return message_of<UsageError>(
        [&] { EmbeddingExtractor::of_recipe(recipe, "m", weights, "cpu"); });
  };
  EXPECT_THAT(message({}), HasSubstr("m: wants embeddings by net, whose weights are not here"));
  WeightFiles weights;
  add_embedding_source(weights, options_.exported);
  EXPECT_EQ(EmbeddingExtractor::of_recipe(recipe, "m", weights, "cpu").recipe(), recipe);
  write_card(std::string(kWaveform) + "\nhop: 8000");
  EXPECT_THAT(message(weights), HasSubstr("m: wants embeddings by net with the weights "));
}

TEST_F(ExportedNetwork, SaysWhatIsWrongWithFileAndCard) {
  write_song(std::vector<float>(16000, 0.1F));
  const auto message = [&] { return message_of<UsageError>([&] { embed(); }); };
  EXPECT_THAT(message(), HasSubstr("net.pt: no such exported network"));
  folder_.write("net.pt", "no zip");
  EXPECT_THAT(message(), HasSubstr("net.pt: has no card "));
  write_card("front_end: waveform\npatch: 16000\nembedding_size: 2\ninput: [batch, bands, frames]");
  EXPECT_THAT(message(), HasSubstr("'input' is [batch, bands, frames], not batch, then samples"));
  write_card("front_end: waveform\npatch: 16000\ninput: [batch, samples]");
  EXPECT_THAT(message(), HasSubstr("'patch', 'embedding_size' and 'made_with' must be given"));
  write_card(kWaveform);
  EXPECT_THAT(message(), AllOf(HasSubstr("net.pt: made with torch by hand, cannot be loaded by "),
                               HasSubstr("LibTorch " TORCH_VERSION ": ")));
  write_song([] {
    std::vector<float> tone;
    for (int i = 0; i < 16000; ++i) tone.push_back(i % 32 < 16 ? 0.5F : -0.5F);
    return tone;
  }());
  write_network("return x");
  EXPECT_THAT(message(), HasSubstr("it gives [1, 16000] for 1 patches, the card says an embedding "
                                   "of 2"));
  write_card(std::string(kWaveform) + "\noutput: embedding");
  EXPECT_THAT(message(), HasSubstr("net.pt: not the network that its card describes: "));
}

}  // namespace
}  // namespace mer
