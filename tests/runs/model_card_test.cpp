#include "mer/runs/model_card.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/temporary_folder.hpp"
#include "mer/config/losses/inter_center.hpp"
#include "mer/config/networks/improved_cnn.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

ModelCard small_card() {
  ModelCard card;
  card.mer_version = "1.2.3";
  card.run_name = "Größe 1";
  card.config = R"({"seed":4})";
  card.recipe = R"({"audio":{"duration_s":30.0}})";
  card.recipe_shared = R"({"audio":{}})";
  card.recipe_fingerprint = "0123456789ab";
  card.segment = R"({"length_s":10.0})";
  card.inputs = R"({"combine":"sum"})";
  card.model.choose<ImprovedCnnOptions>().c1_channels = 3;
  card.loss.choose<InterCenterLossOptions>().tau = 0.25;
  card.shape = {.spectrogram_bands = 64,
                .spectrogram_steps = 108,
                .lld_columns = 40,
                .lld_steps = 54,
                .lld_branches = 2,
                .lld_weight = 0.25,
                .song_vector_columns = 9,
                .num_classes = 2};
  card.layout = R"({"hop_samples":1024})";
  card.classes = {"happy", "sad"};
  card.training_counts = {7, 5};
  card.iteration = 120;
  card.validation.accuracy = 0.1;
  card.validation.macro_f1 = 1.0 / 3.0;
  return card;
}

std::string message_of_reading(const TensorMetadata& metadata) {
  const test::TemporaryFolder folder;
  write_tensor_file(folder / "m.safetensors", {}, metadata);
  const TensorFile file = TensorFile::open(folder / "m.safetensors");
  const std::string message = test::message_of<UsageError>([&] { ModelCard::read(file); });
  const std::string name = (folder / "m.safetensors").string();
  EXPECT_EQ(message.substr(0, name.size()), name);
  return message.substr(std::min(message.size(), name.size()));
}

TEST(ModelCard, ReadsBackWhatItWrote) {
  const test::TemporaryFolder folder;
  const ModelCard card = small_card();
  write_tensor_file(folder / "m.safetensors", {}, card.to_metadata());
  const ModelCard read = ModelCard::read(TensorFile::open(folder / "m.safetensors"));
  EXPECT_EQ(read.to_metadata(), card.to_metadata());
  EXPECT_EQ(read.run_name, card.run_name);
  EXPECT_EQ(read.model.as<ImprovedCnnOptions>().c1_channels, 3);
  EXPECT_EQ(read.loss.as<InterCenterLossOptions>().tau, 0.25);
  EXPECT_EQ(read.shape.lld_branches, 2);
  EXPECT_EQ(read.shape.lld_weight, 0.25);
  EXPECT_EQ(read.classes, card.classes);
  EXPECT_EQ(read.training_counts, card.training_counts);
  EXPECT_EQ(read.iteration, 120);
  EXPECT_EQ(read.validation.macro_f1, 1.0 / 3.0);
  EXPECT_TRUE(std::isnan(read.validation.loss));
}

TEST(ModelCard, HasTheTemperatureThatWasFittedElseOne) {
  const test::TemporaryFolder folder;
  ModelCard card = small_card();
  EXPECT_FALSE(card.to_metadata().contains("calibration"));
  write_tensor_file(folder / "old.safetensors", {}, card.to_metadata());
  EXPECT_EQ(ModelCard::read(TensorFile::open(folder / "old.safetensors")).calibration.temperature,
            1.0);
  card.calibration = {1.75, 90, 1.25, 1.0 / 3.0, "songs"};
  write_tensor_file(folder / "m.safetensors", {}, card.to_metadata());
  const ModelCard read = ModelCard::read(TensorFile::open(folder / "m.safetensors"));
  EXPECT_EQ(read.to_metadata(), card.to_metadata());
  EXPECT_EQ(read.calibration.temperature, 1.75);
  EXPECT_EQ(read.calibration.songs, 90);
  EXPECT_EQ(read.calibration.nll_after, 1.0 / 3.0);
}

TEST(ModelCard, RefusesATemperatureThatIsNone) {
  for (const char* temperature : {"0", "-1", "null", "\"warm\""}) {
    TensorMetadata metadata = small_card().to_metadata();
    metadata["calibration"] = std::string("{\"songs\": 30, \"temperature\": ") + temperature + "}";
    EXPECT_NE(message_of_reading(metadata).find("'calibration' has no "), std::string::npos)
        << temperature;
  }
}

TEST(ModelCard, RefusesOtherTensorFiles) {
  EXPECT_NE(message_of_reading({{"recipe", "{}"}}).find("a tensor file of another kind"),
            std::string::npos);
}

TEST(ModelCard, RefusesANewerSchema) {
  TensorMetadata metadata = small_card().to_metadata();
  metadata["schema"] = "2";
  EXPECT_NE(message_of_reading(metadata).find("its schema is 2, this mer reads 1"),
            std::string::npos);
}

TEST(ModelCard, NamesWhatIsMissingOrOdd) {
  for (const char* key : {"classes", "shape", "inputs", "iteration", "validation"}) {
    TensorMetadata metadata = small_card().to_metadata();
    metadata.erase(key);
    EXPECT_NE(message_of_reading(metadata).find(std::string("it has no '") + key + "'"),
              std::string::npos)
        << key;
    metadata[key] = "{";
    EXPECT_NE(message_of_reading(metadata).find(std::string("'") + key + "' is not JSON"),
              std::string::npos)
        << key;
  }
}

TEST(ModelCard, RefusesClassesThatDoNotFitTheOutputs) {
  TensorMetadata metadata = small_card().to_metadata();
  metadata["classes"] = R"(["happy","sad","anger"])";
  EXPECT_NE(message_of_reading(metadata).find("differ in number"), std::string::npos);
}

}  // namespace
}  // namespace mer
