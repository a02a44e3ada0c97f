// What holds for every network of the registry.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "../support/temporary_folder.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_input.hpp"
#include "small_network.hpp"

namespace mer {
namespace {

using test::message_of;
using test::near;
using test::random_input;
using test::rows_of;
using test::small_options;
using test::small_shape;
using test::Variant;

class EveryVariant : public testing::TestWithParam<Variant> {};

TEST_P(EveryVariant, PutsOutClassesAndEmbedding) {
  const Variant& variant = GetParam();
  const auto network = make_network(variant.options, variant.shape, 1);
  const NetworkOutput output = network->forward(random_input(variant.shape, 4, 1));
  EXPECT_EQ(output.logits.sizes(), (std::vector<std::int64_t>{4, 3}));
  EXPECT_EQ(output.embedding.sizes(), (std::vector<std::int64_t>{4, 6}));
  EXPECT_TRUE(torch::isfinite(output.logits).all().item<bool>());
}

TEST_P(EveryVariant, SendsAGradientToEveryParameter) {
  const Variant& variant = GetParam();
  const auto network = make_network(variant.options, variant.shape, 1);
  NetworkInput input = random_input(variant.shape, 4, 1);
  for (const bool padded : {false, true}) {
    if (padded) test::pad_row(input, 2, 6, 4);
    network->zero_grad();
    torch::log_softmax(network->forward(input).logits, 1).select(1, 0).sum().backward();
    for (const auto& item : network->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      EXPECT_TRUE(torch::isfinite(item.value().grad()).all().item<bool>()) << item.key();
      EXPECT_GT(item.value().grad().abs().max().item<float>(), 0.0F) << item.key();
    }
  }
}

TEST_P(EveryVariant, TakesNoNoticeOfPadding) {
  const Variant& variant = GetParam();
  const auto network = make_network(variant.options, variant.shape, 1);
  network->forward(random_input(variant.shape, 4, 3));  // running statistics other than 0 and 1
  NetworkInput batch = random_input(variant.shape, 3, 1);
  test::pad_row(batch, 1, 6, 4);
  test::pad_row(batch, 2, 1, 1);
  const NetworkOutput together = evaluate(*network, batch);
  const std::vector<std::pair<int, int>> lengths = {{13, 9}, {6, 4}, {1, 1}};
  for (std::int64_t row = 0; row < 3; ++row) {
    const auto [spectrogram_steps, lld_steps] = lengths[static_cast<std::size_t>(row)];
    const NetworkOutput alone =
        evaluate(*network, rows_of(batch, {row}, spectrogram_steps, lld_steps));
    EXPECT_TRUE(near(together.logits[row], alone.logits[0])) << "row " << row;
    EXPECT_TRUE(near(together.embedding[row], alone.embedding[0])) << "row " << row;
  }
}

TEST_P(EveryVariant, TrainsOnPaddedSegmentsAsOnShorterOnes) {
  const Variant& variant = GetParam();
  NetworkInput batch = random_input(variant.shape, 2, 1);
  test::pad_row(batch, 0, 6, 4);
  test::pad_row(batch, 1, 6, 4);
  std::vector<torch::Tensor> gradients;
  for (const NetworkInput& input : {batch, rows_of(batch, {0, 1}, 6, 4)}) {
    const auto network = make_network(variant.options, variant.shape, 1);
    network->forward(input).logits.square().sum().backward();
    for (const torch::Tensor& parameter : network->parameters()) {
      gradients.push_back(parameter.grad());
    }
  }
  const std::size_t half = gradients.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    EXPECT_TRUE(near(gradients[i], gradients[i + half], 1e-4)) << "parameter " << i;
  }
}

TEST_P(EveryVariant, LearnsFourSongsByHeart) {
  const Variant& variant = GetParam();
  const auto network = make_network(variant.options, variant.shape, 1);
  const NetworkInput input = random_input(variant.shape, 8, 1);  // two segments a song
  const torch::Tensor labels = torch::tensor({0, 0, 1, 1, 2, 2, 0, 0}, torch::kLong);
  torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(0.03));
  for (int step = 0; step < 60; ++step) {
    optimizer.zero_grad();
    torch::nll_loss(torch::log_softmax(network->forward(input).logits, 1), labels).backward();
    optimizer.step();
  }
  const torch::Tensor predicted = network->forward(input).logits.argmax(1);
  // With dropout the training pass itself is noisy: one segment may still be wrong.
  const bool drops = to_json(variant.options).at("head_dropout") > 0.0;
  EXPECT_GE((predicted == labels).sum().item<int>(), drops ? 7 : 8);
}

INSTANTIATE_TEST_SUITE_P(Variants, EveryVariant, testing::ValuesIn(test::variants()),
                         [](const auto& variant) { return variant.param.name; });

TEST_P(EveryVariant, ReadsNoOtherPartThanItSays) {
  const Variant& variant = GetParam();
  const auto network = make_network(variant.options, variant.shape, 1);
  const NetworkInput whole = random_input(variant.shape, 3, 1);
  NetworkInput part = whole;
  const InputParts reads = inputs_of(variant.options);
  if (!reads.spectrogram) part.spectrogram = part.spectrogram_valid = torch::Tensor();
  if (reads.lld == InputParts::Lld::kNone) {
    part.lld.clear();
    part.lld_valid = torch::Tensor();
  }
  EXPECT_TRUE(torch::equal(evaluate(*network, part).logits, evaluate(*network, whole).logits));
}

TEST_P(EveryVariant, RefusesABatchWithoutThePartsThatItReads) {
  const Variant& variant = GetParam();
  const auto network = make_network(variant.options, variant.shape, 1);
  const InputParts reads = inputs_of(variant.options);
  NetworkInput input = random_input(variant.shape, 3, 1);
  if (reads.spectrogram) {
    input.spectrogram = torch::Tensor();
  } else {
    input.lld.clear();
  }
  EXPECT_THROW(evaluate(*network, input), std::invalid_argument);
}

TEST(LightCnn, HasAtMostATenthOfTheCnnsParameters) {
  NetworkShape shape = small_shape();
  shape.num_classes = 4;
  ModelOptions options;
  const auto parameters_of = [&](const char* name) {
    options.name = name;
    return num_parameters(*make_network(options, shape, 1));
  };
  const std::int64_t embedding = 128;
  const auto head = [&](std::int64_t maps) { return (maps + 1) * embedding + 4 * embedding + 4; };
  const auto norm = [](std::int64_t first) { return 2 * (1 + 2 + 4 + 8 + 16) * first; };
  // 3 × 3 kernels from 1 to 16, 16 to 32 … 128 to 256 maps.
  const std::int64_t cnn =
      9 * (16 + 16 * 32 + 32 * 64 + 64 * 128 + 128 * 256) + norm(16) + head(256);
  // One kernel a map, then 1 × 1, from 8 to 16 … 64 to 128 maps behind a first full one.
  const std::int64_t light = 9 * 8 + 9 * (8 + 16 + 32 + 64) +
                             (8 * 16 + 16 * 32 + 32 * 64 + 64 * 128) + norm(8) + head(128);
  EXPECT_EQ(parameters_of("cnn"), cnn);
  EXPECT_EQ(parameters_of("light_cnn"), light);
  EXPECT_LE(10 * light, cnn);
}

TEST(Cnn, AveragesWhatItsBlocksLeaveOverBandsAndValidSteps) {
  // One block whose kernel passes its input on: max-pooled input, batch norm at its first running
  // statistics (mean 0, variance 1), mean. 2 × 2 windows of [[1, 2, 5], [3, 4, 6]]: 4 and 6.
  const auto options =
      test::of_kind<ModelOptions>("cnn", "{cnn_channels: 1, cnn_blocks: 1, embedding_size: 1}");
  NetworkShape shape = small_shape();
  shape.spectrogram_bands = 2;
  shape.spectrogram_steps = 3;
  const auto network = make_network(options, shape, 1);
  const torch::NoGradGuard no_grad;
  for (auto& item : network->named_parameters()) {
    if (item.key() == "conv.block1_1.conv.weight") {
      item.value().zero_();
      item.value()[0][0][1][1] = 1.0F;
    }
    if (item.key() == "head.embedding.weight") item.value().fill_(1.0);
    if (item.key() == "head.embedding.bias") item.value().zero_();
  }
  NetworkInput input = random_input(shape, 2, 1);
  input.spectrogram =
      torch::tensor({1.0F, 2.0F, 5.0F, 3.0F, 4.0F, 6.0F}).view({1, 2, 3}).repeat({2, 1, 1});
  input.spectrogram_valid[1][2] = 0.0F;
  const torch::Tensor embedding = evaluate(*network, input).embedding;
  EXPECT_NEAR(embedding[0].item<double>(), 5.0, 1e-4);  // (4 + 6) / 2
  EXPECT_NEAR(embedding[1].item<double>(), 4.0, 1e-4);  // the second window is padding
}

TEST(AngularHead, ScoresByTheAngleToAWeightOfLengthOne) {
  NetworkShape shape = small_shape();
  shape.class_scores = NetworkShape::ClassScores::kAngular;
  const auto network = make_network(small_options(), shape, 1);
  const NetworkInput input = random_input(shape, 4, 1);
  const NetworkOutput output = evaluate(*network, input);
  ASSERT_EQ(output.angular.size(), 1U);
  EXPECT_TRUE(near(output.angular[0].norm, output.embedding.norm(2, 1, true)));

  torch::Tensor weight = network->named_parameters()["head.classifier.weight"];
  EXPECT_FALSE(network->named_parameters().contains("head.classifier.bias"));
  const torch::Tensor cosine =
      torch::cosine_similarity(output.embedding.unsqueeze(1), weight.detach().unsqueeze(0), 2);
  EXPECT_TRUE(near(output.logits, output.angular[0].norm * cosine));
  const torch::NoGradGuard no_grad;
  weight.mul_(7.0);
  EXPECT_TRUE(near(evaluate(*network, input).logits, output.logits)) << "only directions count";
}

TEST(MakeNetwork, NamesTheNearestNetworkForATypingError) {
  ModelOptions options = small_options();
  options.name = "improved_cn";
  EXPECT_EQ(message_of<UsageError>([&] { make_network(options, small_shape(), 1); }),
            "unknown network 'model.name: improved_cn', known: improved_cnn, cnn, light_cnn, "
            "crnn, lld_bilstm, drnn, musicnn, vgg_tagger | did you mean 'improved_cnn'?");
}

TEST(MakeNetwork, RefusesAnEmptyInput) {
  NetworkShape shape = small_shape();
  shape.lld_columns = 0;
  EXPECT_THAT(message_of<UsageError>([&] { make_network(small_options(), shape, 1); }),
              testing::HasSubstr("lld_columns 0, allowed: at least 1"));
}

TEST(MakeNetwork, AsksForNoSizeOfWhatTheNetworkDoesNotRead) {
  NetworkShape shape = small_shape();
  shape.lld_columns = shape.lld_steps = shape.lld_branches = 0;
  EXPECT_NO_THROW(make_network(small_options("cnn"), shape, 1));
  const ModelOptions options = small_options("drnn");
  EXPECT_THAT(message_of<UsageError>([&] { make_network(options, shape, 1); }),
              testing::HasSubstr("lld_columns 0, allowed: at least 1"));
  shape = small_shape();
  shape.lld_branches = 2;
  EXPECT_THAT(message_of<UsageError>([&] { make_network(options, shape, 1); }),
              testing::HasSubstr("lld_branches 2, allowed: 1"));
}

}  // namespace
}  // namespace mer
