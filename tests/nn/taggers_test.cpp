#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/nn/initial_weights.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network_input.hpp"
#include "mer/nn/network_runner.hpp"
#include "ops/conv_max_over_frequency.hpp"
#include "ops/own_kernels.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::message_of;
using ::testing::HasSubstr;

NetworkShape tagger_shape(int num_classes) {
  NetworkShape shape;
  shape.spectrogram_bands = 96;
  shape.spectrogram_steps = 187;
  shape.num_classes = num_classes;
  return shape;
}

std::shared_ptr<Network> make_tagger(const std::string& name, int num_classes = 4,
                                     std::uint64_t seed = 1) {
  ModelOptions options;
  options.name = name;
  return make_network(options, tagger_shape(num_classes), seed);
}

TensorFile weights_of(const std::string& name) {
  return TensorFile::open(std::string(MER_SOURCE_DIR) + "/data/pretrained/" + name +
                          ".safetensors");
}

TensorFile check_values() { return TensorFile::open(MER_FIXTURES "/taggers.safetensors"); }

NetworkInput input_of(const torch::Tensor& spectrogram) {
  NetworkInput input;
  input.spectrogram = spectrogram;
  input.spectrogram_valid = torch::ones({spectrogram.size(0), spectrogram.size(2)});
  for (std::int64_t row = 0; row < spectrogram.size(0); ++row) {
    input.keys.push_back(static_cast<std::uint64_t>(row));
  }
  return input;
}

/// The 3 s of the check values, [1, 96, 187].
torch::Tensor check_patch() {
  return to_torch(check_values().at("logmel")).t().unsqueeze(0).contiguous();
}

class Tagger : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(EachOne, Tagger, testing::Values("musicnn", "vgg_tagger"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(Tagger, GivesTheEmbeddingAndTheTagsOfItsAuthorsWeights) {
  const std::string name = GetParam();
  const std::string prefix = name == "musicnn" ? "musicnn" : "vgg";
  auto network = make_tagger(name, 50);
  const TensorFile weights = weights_of(name);
  load_initial_weights(*network, weights);
  {
    const torch::NoGradGuard no_grad;  // the tags in the place of the classes
    network->named_parameters()["classifier.weight"].copy_(to_torch(weights.at("tags.weight")));
    network->named_parameters()["classifier.bias"].copy_(to_torch(weights.at("tags.bias")));
  }
  const NetworkOutput output = evaluate(*network, input_of(check_patch()));
  const TensorFile check = check_values();
  const torch::Tensor embedding = to_torch(check.at(prefix + "_embedding")).unsqueeze(0);
  const torch::Tensor tags = to_torch(check.at(prefix + "_tags")).unsqueeze(0);
  EXPECT_GT(embedding.max().item<float>(), 0.5F);
  EXPECT_LT((output.embedding - embedding).abs().max().item<float>(), 1e-4F);
  EXPECT_LT((torch::sigmoid(output.logits) - tags).abs().max().item<float>(), 1e-4F);
}

TEST(Musicnn, GivesTheSameByOwnKernelsAndByLibTorch) {
  auto network = make_tagger("musicnn");
  load_initial_weights(*network, weights_of("musicnn"));
  const torch::NoGradGuard no_grad;
  network->named_parameters()["timbral_67.bn.weight"].mul_(-1.0);  // maxima become minima
  network->named_parameters()["temporal_64.bn.weight"].narrow(0, 10, 20).mul_(-1.0);
  for (const std::int64_t steps : {1, 15, 187, 400}) {  // less than a vector, several blocks
    const torch::Tensor spectrogram =
        torch::rand({2, 96, steps}, at::make_generator<at::CPUGeneratorImpl>(5), torch::kFloat) *
        3.0;
    const torch::Tensor own = evaluate(*network, input_of(spectrogram)).embedding;
    const LibTorchOnly libtorch;
    const torch::Tensor theirs = evaluate(*network, input_of(spectrogram)).embedding;
    EXPECT_GT(theirs.max().item<float>(), 0.1F);
    EXPECT_TRUE(test::near(own, theirs, 1e-4)) << steps;
  }
}

TEST(Musicnn, SeesThatItsWeightsHaveChanged) {
  auto network = make_tagger("musicnn");
  load_initial_weights(*network, weights_of("musicnn"));
  network->eval();
  const torch::NoGradGuard no_grad;
  const NetworkInput input = input_of(torch::ones({1, 96, 20}));
  const torch::Tensor before = network->forward(input).embedding;
  const auto differs_from_libtorch = [&] {
    const torch::Tensor own = network->forward(input).embedding;
    const LibTorchOnly libtorch;
    return (own - network->forward(input).embedding).abs().max().item<float>() > 1e-4F;
  };
  network->named_parameters()["timbral_38.conv.weight"].mul_(-1.0);
  EXPECT_FALSE(test::near(network->forward(input).embedding, before, 1e-3));
  EXPECT_FALSE(differs_from_libtorch());
  network->train();
  network->named_parameters()["timbral_38.conv.weight"].data().mul_(-1.0);  // as optimizers do
  network->eval();
  EXPECT_TRUE(test::near(network->forward(input).embedding, before, 1e-4));
  network->to(torch::kDouble);
  network->to(torch::kFloat);
  network->named_buffers()["timbral_38.bn.running_mean"].add_(0.5);
  EXPECT_FALSE(differs_from_libtorch());
}

TEST(ConvMaxOverFrequency, IsTheLargestOfAllCorrelations) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  const torch::Tensor x = torch::randn({2, 96, 21}, generator, torch::kFloat);
  const torch::Tensor wide = torch::randn({3, 5, 90}, generator, torch::kFloat);
  const torch::Tensor places = torch::conv2d(x.transpose(1, 2).unsqueeze(1), wide.unsqueeze(1), {},
                                             1, torch::IntArrayRef({2, 0}));  // [2, 3, 21, 7]
  EXPECT_TRUE(test::near(ConvMaxOverFrequency(wide)(x), places.amax(3), 1e-4));
  const torch::Tensor along = torch::randn({3, 6}, generator, torch::kFloat);
  const torch::Tensor bands =
      torch::conv2d(torch::constant_pad_nd(x, {2, 3}).unsqueeze(1), along.view({3, 1, 1, 6}));
  EXPECT_TRUE(test::near(ConvMaxOverFrequency(along.unsqueeze(2))(x), bands.amax(2), 1e-4));
}

TEST(ConvMaxOverFrequency, RefusesSizesWithoutATransform) {
  const ConvMaxOverFrequency maxima(torch::zeros({2, 7, 38}));
  EXPECT_THROW(maxima(torch::zeros({1, 128, 9})), std::invalid_argument);
  EXPECT_THROW(ConvMaxOverFrequency(torch::zeros({2, 193, 1})), std::invalid_argument);
}

TEST_P(Tagger, OfPlainMemoryGivesTheSameEmbeddingAloneAndAmongOthers) {
  const std::string name = GetParam();
  const NetworkRunner network = NetworkRunner::pretrained(name, weights_of(name), 96, 187, "cpu");
  const torch::Tensor patch = check_patch();
  const torch::Tensor batch = torch::cat({patch * 0.5, patch, torch::zeros_like(patch)});
  const auto plain = [](const torch::Tensor& x) {
    const torch::Tensor dense = x.contiguous();
    return FloatTensor{dense.sizes().vec(),
                       {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()}};
  };
  const std::vector<float> alone = network.embeddings(plain(patch), plain(torch::ones({1, 187})));
  const std::vector<float> many = network.embeddings(plain(batch), plain(torch::ones({3, 187})));
  const auto size = static_cast<std::size_t>(network.embedding_size());
  ASSERT_EQ(alone.size(), size);
  ASSERT_EQ(many.size(), 3 * size);
  for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(alone[i], many[size + i], 1e-5F) << i;
}

TEST_P(Tagger, TakesPaddingForSilenceWhateverStandsThere) {
  auto network = make_tagger(GetParam());
  load_initial_weights(*network, weights_of(GetParam()));
  NetworkInput zeros = input_of(check_patch());
  zeros.spectrogram_valid.narrow(1, 120, 67).zero_();
  NetworkInput rubbish = zeros;
  zeros.spectrogram.narrow(2, 120, 67).zero_();
  rubbish.spectrogram = check_patch();
  rubbish.spectrogram.narrow(2, 120, 67).fill_(9.0);
  EXPECT_TRUE(
      test::near(evaluate(*network, zeros).embedding, evaluate(*network, rubbish).embedding));
}

TEST_P(Tagger, GradientReachesEveryWeight) {
  auto network = make_tagger(GetParam());
  network->train();
  const NetworkOutput output = network->forward(input_of(torch::rand({2, 96, 187})));
  (output.logits.square().sum() + output.embedding.sum()).backward();
  for (const auto& item : network->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().sum().item<double>(), 0.0) << item.key();
  }
}

TEST_P(Tagger, TrainsTheSameInTwoSharesOfABatch) {
  // Batch norm over both shares: summed over one worker, they are the whole batch's.
  auto shared = make_tagger(GetParam());
  auto plain = make_tagger(GetParam());
  share_batch(*shared, [](const torch::Tensor&) {});
  shared->train();
  plain->train();
  const NetworkInput input =
      input_of(check_patch().repeat({2, 1, 1}) * torch::tensor({1.0F, 0.7F}).view({2, 1, 1}));
  EXPECT_TRUE(test::near(shared->forward(input).embedding, plain->forward(input).embedding, 1e-3));
  for (const auto& item : plain->named_buffers()) {
    EXPECT_TRUE(test::near(shared->named_buffers()[item.key()], item.value(), 1e-3)) << item.key();
  }
}

TEST(Musicnn, WantsItsBands) {
  ModelOptions options;
  options.name = "musicnn";
  NetworkShape shape = tagger_shape(4);
  shape.spectrogram_bands = 128;
  EXPECT_EQ(message_of<UsageError>([&] { make_network(options, shape, 0); }),
            "'model.name: musicnn' wants 96 bands, the spectrogram has 128 | configs/musicnn.yaml "
            "has the features that it was trained on");
}

TEST(VggTagger, WantsSegmentsOf3Seconds) {
  ModelOptions options;
  options.name = "vgg_tagger";
  NetworkShape shape = tagger_shape(4);
  shape.spectrogram_steps = 625;
  EXPECT_THAT(message_of<UsageError>([&] { make_network(options, shape, 0); }),
              HasSubstr("wants segments of 187 frames, they have 625"));
}

/// The file's tensors, changed.
TensorFile changed_file(const std::filesystem::path& path,
                        const std::function<void(NamedTensors&)>& change) {
  const TensorFile file = weights_of("vgg_tagger");
  NamedTensors tensors;
  for (const std::string& name : file.names()) tensors.emplace_back(name, file.at(name));
  change(tensors);
  write_tensor_file(path, tensors, {});
  return TensorFile::open(path);
}

TEST(LoadInitialWeights, NamesAMissingAnExtraAndAMisshapenTensor) {
  const test::TemporaryFolder folder;
  auto network = make_tagger("vgg_tagger");
  const auto message = [&](const std::function<void(NamedTensors&)>& change) {
    const TensorFile file = changed_file(folder / "w.safetensors", change);
    return message_of<UsageError>([&] { load_initial_weights(*network, file); });
  };
  EXPECT_THAT(message([](NamedTensors& tensors) { tensors.erase(tensors.begin()); }),
              HasSubstr("w.safetensors: tensor 'conv_1.bn.bias' is missing"));
  EXPECT_THAT(message([](NamedTensors& tensors) {
                tensors.emplace_back("conv_6.conv.bias", tensors.front().second);
              }),
              HasSubstr("tensor 'conv_6.conv.bias' is left over"));
  EXPECT_THAT(message([](NamedTensors& tensors) {
                tensors.front().second.shape = {64, 2};
              }),
              HasSubstr("tensor 'conv_1.bn.bias' has shape [64, 2], the network wants [128]"));
}

TEST(LoadInitialWeights, OfAPretrainedNetworkLeaveTheHeadsOfOtherTasksAsTheyAre) {
  NetworkShape shape = tagger_shape(4);
  shape.num_values = 2;
  shape.num_tags = 3;
  ModelOptions options;
  options.name = "musicnn";
  auto network = make_network(options, shape, 1);
  std::map<std::string, torch::Tensor> heads;
  for (const auto& item : network->named_parameters()) {
    for (const char* head : {"valence_arousal.", "tag_scores."}) {
      if (item.key().starts_with(head)) heads[item.key()] = item.value().clone();
    }
  }
  ASSERT_EQ(heads.size(), 4U);
  load_initial_weights(*network, weights_of("musicnn"));
  for (const auto& [name, value] : heads) {
    EXPECT_TRUE(torch::equal(network->named_parameters()[name], value)) << name;
  }
  EXPECT_TRUE(torch::equal(network->named_parameters()["timbral_67.bn.weight"],
                           to_torch(weights_of("musicnn").at("timbral_67.bn.weight"))));
}

TEST(LoadInitialWeights, OfAModelFileTakesTheClassHeadToo) {
  const test::TemporaryFolder folder;
  auto trained = make_tagger("vgg_tagger", 4, 7);
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(*trained, "network", tensors, keep_alive);
  const std::vector<float> centers(4 * 256, 0.0F);  // are not the network's
  tensors.emplace_back("loss.centers", view_of(std::span<const float>(centers), {4, 256}));
  write_tensor_file(folder / "best.safetensors", tensors, {});
  const TensorFile file = TensorFile::open(folder / "best.safetensors");
  auto network = make_tagger("vgg_tagger", 4, 8);
  load_initial_weights(*network, file);
  for (const auto& item : trained->named_parameters()) {
    EXPECT_TRUE(torch::equal(network->named_parameters()[item.key()], item.value())) << item.key();
  }
  auto other_classes = make_tagger("vgg_tagger", 5);
  EXPECT_THAT(message_of<UsageError>([&] { load_initial_weights(*other_classes, file); }),
              HasSubstr("tensor 'network.classifier.weight' has shape [4, 256], the network wants "
                        "[5, 256]"));
}

TEST(FitsPattern, StarIsAnyTextAndQuestionMarkOneCharacter) {
  EXPECT_TRUE(fits_pattern("timbral_38.conv.weight", "timbral_*"));
  EXPECT_TRUE(fits_pattern("timbral_38.conv.weight", "*.weight"));
  EXPECT_TRUE(fits_pattern("mid_1.bn.bias", "mid_?.bn.*"));
  EXPECT_TRUE(fits_pattern("a", "*a*"));
  EXPECT_FALSE(fits_pattern("timbral_38.conv.weight", "timbral"));
  EXPECT_FALSE(fits_pattern("mid_10", "mid_?"));
  EXPECT_FALSE(fits_pattern("", "?"));
  EXPECT_TRUE(fits_pattern("", "*"));
}

TEST(FrozenWeights, StayAndKeepTheirStatisticsWhileTheRestMoves) {
  auto network = make_tagger("vgg_tagger");
  const FrozenWeights frozen(*network, {"input.*", "conv_?.*"});
  const auto before = network->named_buffers();
  std::map<std::string, torch::Tensor> statistics;
  for (const auto& item : before) statistics[item.key()] = item.value().clone();
  frozen.train();
  network->forward(input_of(torch::rand({2, 96, 187}))).logits.square().sum().backward();
  for (const auto& item : network->named_parameters()) {
    const bool is_head = item.key().rfind("classifier.", 0) == 0;
    EXPECT_EQ(item.value().grad().defined(), is_head) << item.key();
  }
  for (const auto& item : network->named_buffers()) {
    EXPECT_TRUE(torch::equal(item.value(), statistics.at(item.key()))) << item.key();
  }
  EXPECT_EQ(frozen.num_parameters(), num_parameters(*network) - (4 * 256 + 4));
}

TEST(FrozenWeights, OfANormWithATrainedBiasFollowTheBatch) {
  auto network = make_tagger("vgg_tagger");
  const FrozenWeights frozen(*network, {"conv_1.*", "conv_2.bn.weight"});
  frozen.train();
  network->forward(input_of(torch::rand({2, 96, 187})));
  const auto buffers = network->named_buffers();
  EXPECT_EQ(buffers["conv_1.bn.running_mean"].abs().sum().item<float>(), 0.0F);
  EXPECT_GT(buffers["conv_2.bn.running_mean"].abs().sum().item<float>(), 0.0F);
}

TEST(FrozenWeights, RefusePatternsThatFitNothingOrEverything) {
  auto network = make_tagger("vgg_tagger");
  EXPECT_THAT(message_of<UsageError>([&] { FrozenWeights(*network, {"convs.*"}); }),
              HasSubstr("'train.freeze' has 'convs.*', which fits no weight of the network"));
  EXPECT_THAT(message_of<UsageError>([&] { FrozenWeights(*network, {"*"}); }),
              HasSubstr("'train.freeze' leaves nothing to train"));
}

}  // namespace
}  // namespace mer
