#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/nn/initial_weights.hpp"
#include "mer/store/tagger_recipe.hpp"
#include "toy_songs.hpp"

namespace mer {
namespace {

using test::content_of;
using test::message_of;
using test::ToySongs;
using ::testing::HasSubstr;

void train(const ToySongs& songs, const std::filesystem::path& run) {
  train_run(songs.config, songs.data, run, "mer train", {});
}

std::vector<std::byte> tensor_in(const std::filesystem::path& file, const std::string& name) {
  const TensorFile tensors = TensorFile::open(file);
  const TensorView& view = tensors.at(name);
  return {view.bytes.begin(), view.bytes.end()};
}

TEST(InitFrom, StartsWhereAnotherRunEnded) {
  ToySongs songs;
  train(songs, songs / "first");
  const std::filesystem::path first = songs / "first" / "last.safetensors";
  songs.config.train.init_from = first;
  songs.config.train.iterations = 1;
  songs.config.train.lr = 1e-12;  // the weights stay where they started
  songs.config.train.seed = 99;
  train(songs, songs / "second");
  const TensorFile before = TensorFile::open(first);
  for (const std::string& name : before.names()) {
    if (name.rfind("network.", 0) != 0 || name.find("running") != std::string::npos) continue;
    const auto wanted = before.at(name).as<float>();
    const TensorFile after = TensorFile::open(songs / "second" / "last.safetensors");
    const auto found = after.at(name).as<float>();
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(found[i], wanted[i], 1e-6) << name;
  }
  const auto status = nlohmann::json::parse(content_of(songs / "second" / "run.json"));
  EXPECT_EQ(status["network"]["init_from"]["file"], "last.safetensors");
  EXPECT_EQ(status["network"]["init_from"]["hash"].get<std::string>().size(), 32U);
}

TEST(InitFrom, RefusesWeightsOfOtherFeatures) {
  ToySongs songs;
  train(songs, songs / "first");
  songs.config.train.init_from = songs / "first" / "last.safetensors";
  songs.config.inputs.mfcc_weight = 0.25;
  EXPECT_THAT(message_of<UsageError>([&] {
                describe_system(songs.config, {4, 0});
              }),
              HasSubstr("made with inputs.mfcc_weight 0.5, while this recipe has 0.25"));
}

TEST(InitFrom, ATaggerWantsItsOwnFrontEnd) {
  RunConfig config;
  config.recipe = tagger_recipe();
  config.recipe.vad.threshold_db = -40;  // VAD is the run's own affair
  config.inputs.standardize_spectrogram = false;
  config.segment.length_s = 3.0;
  config.model.name = "vgg_tagger";
  config.train.init_from = MER_SOURCE_DIR "/data/pretrained/vgg_tagger.safetensors";
  const SystemDescription description = describe_system(config, {4, 0});
  EXPECT_EQ(description.segment_frames, kTaggerPatchFrames);
  config.train.freeze = {"input.*", "conv_*"};
  EXPECT_EQ(describe_system(config, {4, 0}).trained_parameters, 4 * 256 + 4);
  config.inputs.standardize_spectrogram = true;
  EXPECT_THAT(message_of<UsageError>([&] {
                describe_system(config, {4, 0});
              }),
              HasSubstr("made with inputs.standardize_spectrogram false, while this recipe has "
                        "true"));
  config.inputs.standardize_spectrogram = false;
  config.recipe.features.frame.window = WindowKind::kBlackmanHarris;
  EXPECT_THAT(message_of<UsageError>([&] {
                describe_system(config, {4, 0});
              }),
              HasSubstr("vgg_tagger.safetensors: made with features.frame.window \"hann\""));
}

TEST(Freeze, LeavesTheNamedWeightsAndTheirStatisticsAlone) {
  for (const int replicas : {1, 2}) {
    ToySongs songs;
    songs.config.train.replicas = replicas;
    songs.config.train.iterations = 1;
    songs.config.train.evaluate_every = 1;
    songs.config.train.freeze = {"crnn.*"};
    train(songs, songs / "one");
    songs.config.train.iterations = 12;
    train(songs, songs / "many");
    const std::filesystem::path one = songs / "one" / "last.safetensors";
    const std::filesystem::path many = songs / "many" / "last.safetensors";
    for (const std::string& name : TensorFile::open(one).names()) {
      const bool frozen = name.rfind("network.crnn.", 0) == 0;
      const bool trained = name.rfind("network.", 0) == 0 && !frozen;
      if (frozen) {
        EXPECT_EQ(tensor_in(one, name), tensor_in(many, name)) << name;
      }
      if (trained) {
        EXPECT_NE(tensor_in(one, name), tensor_in(many, name)) << name;
      }
    }
  }
}

TEST(Freeze, GoesOnAfterAResumedRun) {
  ToySongs songs;
  songs.config.train.freeze = {"lld.*"};
  songs.config.train.iterations = 20;
  train(songs, songs / "whole");
  RunCallbacks callbacks;
  bool stop = false;
  callbacks.on_step = [&](std::int64_t iteration, std::int64_t, double) { stop = iteration >= 7; };
  callbacks.stop = [&] { return stop; };
  train_run(songs.config, songs.data, songs / "parts", "mer train", callbacks);
  resume_run(songs / "parts", songs.data, {});
  EXPECT_EQ(content_of(songs / "whole" / "last.safetensors").size(),
            content_of(songs / "parts" / "last.safetensors").size());
  for (const char* name :
       {"network.head.classifier.weight", "network.lld.encoder.lstm.weight_ih_l0"}) {
    EXPECT_EQ(tensor_in(songs / "whole" / "last.safetensors", name),
              tensor_in(songs / "parts" / "last.safetensors", name))
        << name;
  }
}

}  // namespace
}  // namespace mer
