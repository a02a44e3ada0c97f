// What docs/extending.md shows, from outside the library: a network, a loss and an importer of
// one's own in a few lines each.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/config/network_parts.hpp"
#include "mer/config/run_config.hpp"
#include "mer/corpus/corpus_import.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/nn/loss.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_input.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::HasSubstr;

// ---- A network: its options, its body ----

struct BandMeansOptions {
  static constexpr const char* kName = "band_means";
  static constexpr const char* kHelp = "each band's mean → fully connected → softmax";
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  int embedding_size = 16;

  void visit(OptionsVisitor& v) {
    v.field("embedding_size", embedding_size, between(1, 4096), "length of the embedding");
  }
};

class BandMeans : public Network {
 public:
  BandMeans(const BandMeansOptions& options, const NetworkShape& shape) {
    embedding_ = register_module(
        "embedding", torch::nn::Linear(shape.spectrogram_bands, options.embedding_size));
    classes_ =
        register_module("classes", torch::nn::Linear(options.embedding_size, shape.num_classes));
  }

  NetworkOutput forward(const NetworkInput& input) override {
    NetworkOutput output;
    output.embedding = embedding_->forward(input.spectrogram.mean(2));
    output.logits = classes_->forward(output.embedding);
    return output;
  }

 private:
  torch::nn::Linear embedding_{nullptr}, classes_{nullptr};
};

// ---- A loss: its options, its body ----

struct PowerLossOptions {
  static constexpr const char* kName = "power";
  static constexpr const char* kHelp = "a power of the probabilities' errors";
  static constexpr auto kClassScores = NetworkShape::ClassScores::kLinear;

  double power = 2.0;

  void visit(OptionsVisitor& v) { v.field("power", power, above(0), "of each error"); }
};

class PowerLoss : public Loss {
 public:
  PowerLoss(const PowerLossOptions& options, const LossSizes&) : power_(options.power) {}

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override {
    LossValue value;
    value.total = (torch::softmax(output.logits, 1) - targets).abs().pow(power_).sum(1).mean();
    value.softmax = value.printed.softmax = value.total.item<double>();
    return value;
  }

 private:
  double power_;
};

/// A config of both, as a file would have it.
RunConfig toy_config(const std::string& yaml) {
  SystemTable systems = builtin_systems();
  systems.add<BandMeansOptions>();
  LossKinds losses = builtin_loss_kinds();
  losses.add<PowerLossOptions>();
  RunConfig config;
  config.model = ModelOptions(systems);
  config.loss = LossOptions(losses);
  ConfigDocument::parse(yaml, "toy.yaml", {}).read(config);
  return config;
}

TEST(Extending, ANetworkAndALossOfOnesOwnLearnAndAreStored) {
  NetworkTable networks = builtin_networks();
  add_network<BandMeans, BandMeansOptions>(networks);
  LossTable losses = builtin_losses();
  add_loss<PowerLoss, PowerLossOptions>(losses);
  const RunConfig config =
      toy_config("model: {name: band_means, embedding_size: 3}\nloss: {name: power, power: 1.5}\n");
  NetworkShape shape;
  shape.spectrogram_bands = 4;
  shape.spectrogram_steps = 5;
  shape.num_classes = 2;
  const auto network = make_network(config.model, shape, 1, networks);
  const auto loss = make_loss(config.loss, 2, embedding_size_of(config.model), 1, losses);

  // A step of training.
  torch::manual_seed(1);
  NetworkInput input;
  input.spectrogram = torch::randn({6, 4, 5});
  input.spectrogram_valid = torch::ones({6, 5});
  const torch::Tensor targets = torch::eye(2).repeat({3, 1});
  torch::optim::SGD optimizer(network->parameters(), torch::optim::SGDOptions(0.1));
  const LossValue before = loss->forward(network->forward(input), targets);
  before.total.backward();
  optimizer.step();
  EXPECT_LT(loss->forward(network->forward(input), targets).softmax, before.softmax);

  // Into a file and back, by the options that the file's card has.
  const TemporaryFolder folder;
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(*network, kNetworkPrefix, tensors, keep_alive);
  write_tensor_file(folder / "m.safetensors", tensors, {{"model", to_json(config.model).dump()}});
  const TensorFile file = TensorFile::open(folder / "m.safetensors");
  const auto options = options_from_json(nlohmann::ordered_json::parse(file.metadata().at("model")),
                                         "m", ModelOptions(config.model.kinds()));
  const auto again = make_network(options, shape, 2, networks);
  load_module_from(*again, kNetworkPrefix, file);
  EXPECT_TRUE(torch::equal(evaluate(*again, input).logits, evaluate(*network, input).logits));
}

TEST(Extending, ReadsAndPrintsItsOptionsLikeAllOthers) {
  const RunConfig config = toy_config("model: {name: band_means}\nloss: {name: power}\n");
  EXPECT_EQ(embedding_size_of(config.model), 16);
  EXPECT_THAT(to_yaml(config, false),
              HasSubstr("model:\n  name: band_means\n  embedding_size: 16"));
  EXPECT_THAT(
      message_of<UsageError>([] { toy_config("model: {name: band_means, embeding_size: 3}\n"); }),
      HasSubstr("did you mean 'model.embedding_size'?"));
  EXPECT_THAT(message_of<UsageError>([] { toy_config("model: {name: band_means, kernel: 3}\n"); }),
              HasSubstr("band_means has no option 'model.kernel'"));
}

TEST(Extending, LeavesTheLibrarysOwnTablesAsTheyAre) {
  NetworkTable networks = builtin_networks();
  add_network<BandMeans, BandMeansOptions>(networks);
  EXPECT_EQ(builtin_networks().find("band_means"), nullptr);
  EXPECT_EQ(builtin_systems().find("band_means"), nullptr);
}

TEST(BuiltinTables, HaveABodyForEachNetworkAndLossThatAConfigCanName) {
  std::vector<std::string> networks;
  for (const auto& [name, system] : builtin_systems()) {
    if (system.facts.is_network) networks.push_back(name);
  }
  EXPECT_EQ(builtin_networks().names(), networks);
  EXPECT_EQ(builtin_losses().names(), builtin_loss_kinds().names());
}

// ---- An importer ----

struct ListOptions {
  std::string ending = "mp3";

  void visit(OptionsVisitor& v) { v.field("ending", ending, "of the audio files"); }
};

/// A list of "song class" lines beside the songs.
ImportReport import_list(const ImportJob& job, const ListOptions& options) {
  std::string csv = "path,label\n";
  ImportReport report;
  std::istringstream lines(read_text_file(job.folder / "list.txt"));
  for (std::string song, label; lines >> song >> label; ++report.songs) {
    csv += song + "." + options.ending + "," + label + "\n";
  }
  write_text_file(job.manifest, csv);
  return report;
}

TEST(Extending, AnImporterOfOnesOwnWritesAManifest) {
  ImporterTable importers = builtin_importers();
  importers.add("list", importer<ListOptions>("a list of songs and classes", import_list));
  const TemporaryFolder folder;
  folder.write("list.txt", "one happy\ntwo sad\n");
  folder.write("one.wav", "");
  folder.write("two.wav", "");
  ConfigDocument options = ConfigDocument::parse("ending: wav", "--ending wav", {});
  const ImportJob job{folder.path(), folder / "m.csv"};
  EXPECT_EQ(importers.at("list", "list").run(job, options).songs, 2U);
  const Manifest manifest = Manifest::load(folder / "m.csv");
  EXPECT_THAT(manifest.classes, testing::ElementsAre("happy", "sad"));
  EXPECT_EQ(manifest.songs.at(1).listed_path, "two.wav");

  ConfigDocument wrong = ConfigDocument::parse("neutral: 0.2", "--neutral 0.2", {});
  EXPECT_THAT(message_of<UsageError>([&] { importers.at("list", "list").run(job, wrong); }),
              HasSubstr("unknown key 'neutral'"));
}

}  // namespace
}  // namespace mer
