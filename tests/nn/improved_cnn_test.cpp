#include "mer/config/networks/improved_cnn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "../support/temporary_folder.hpp"
#include "layers/branches.hpp"
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

TEST(TimeFrequencyConv, HalvesBandsAndStepsRoundingUp) {
  auto options = small_options().as<ImprovedCnnOptions>();
  const StepMask mask = StepMask::of(torch::ones({2, 13}), 2, 13);
  MaskedMaps output = TimeFrequencyConv(options)->forward({torch::randn({2, 1, 7, 13}), mask});
  EXPECT_EQ(output.maps.sizes(), (std::vector<std::int64_t>{2, 4, 4, 7}));
  options.pool_frequency = 1;  // the paper's letter
  output = TimeFrequencyConv(options)->forward({torch::randn({2, 1, 7, 13}), mask});
  EXPECT_EQ(output.maps.sizes(), (std::vector<std::int64_t>{2, 4, 7, 7}));
}

TEST(SquareConv, OfSeparableKindHasFewerWeightsAndTheSameShape) {
  const MaskedMaps input{torch::randn({2, 4, 4, 7}), StepMask::of(torch::ones({2, 7}), 2, 7)};
  SquareConvSizes sizes{.in_channels = 4, .out_channels = 6, .pool = {2, 2}};
  SquareConv plain(sizes);
  sizes.separable = true;
  SquareConv separable(sizes);
  EXPECT_EQ(plain->forward(input).maps.sizes(), (std::vector<std::int64_t>{2, 6, 2, 4}));
  EXPECT_EQ(separable->forward(input).maps.sizes(), (std::vector<std::int64_t>{2, 6, 2, 4}));
  EXPECT_EQ(num_parameters(*plain), 4 * 6 * 9 + 2 * 6);
  EXPECT_EQ(num_parameters(*separable), 4 * 9 + 4 * 6 + 2 * 6);
}

TEST(ConvBranch, PutsOutBothDirectionsStates) {
  ConvBranch branch(small_options().as<ImprovedCnnOptions>(), Pooling::kLast, 7);
  const StepMask mask = StepMask::of(torch::ones({2, 13}), 2, 13);
  EXPECT_EQ(branch->forward(torch::randn({2, 7, 13}), mask, {}).sizes(),
            (std::vector<std::int64_t>{2, 6}));
}

TEST(LldBranch, PutsOutMeanAndDeviationOfBothDirections) {
  LldBranch branch(small_options().as<ImprovedCnnOptions>(), Pooling::kMeanStd, 5, "lld");
  const StepMask mask = StepMask::of(torch::ones({2, 9}), 2, 9);
  EXPECT_EQ(branch->forward(torch::randn({2, 9, 5}), mask, {}).sizes(),
            (std::vector<std::int64_t>{2, 12}));
}

TEST(ImprovedCnn, RowsDropTheSameElementsInWhicheverOrder) {
  Variant variant = test::variants().front();
  test::change(variant.options, "{conv_dropout: 0.5, lld_input_dropout: 0.5, head_dropout: 0.5}");
  const auto network = make_network(variant.options, variant.shape, 1);
  const NetworkInput batch = random_input(variant.shape, 3, 1);
  // Batch statistics are the same for the same rows in another order; so must be all else.
  const torch::Tensor straight = network->forward(batch).logits;
  const torch::Tensor turned = network->forward(rows_of(batch, {2, 0, 1}, 13, 9)).logits;
  EXPECT_TRUE(near(straight[0], turned[1]));
  EXPECT_TRUE(near(straight[1], turned[2]));
  EXPECT_TRUE(near(straight[2], turned[0]));

  NetworkInput other_keys = batch;
  other_keys.keys[0] += 1;
  EXPECT_FALSE(near(network->forward(other_keys).logits[0], straight[0]));
}

TEST(ImprovedCnn, WeightsTheProbabilitiesOfTwoLldBranches) {
  NetworkShape shape = small_shape();
  shape.lld_branches = 2;
  const NetworkInput input = random_input(shape, 4, 1);
  // The same seed gives the same weights; a weight of 1 or 0 lets one branch speak alone.
  const auto probabilities = [&](double weight) {
    shape.lld_weight = weight;
    return torch::softmax(evaluate(*make_network(small_options(), shape, 1), input).logits, 1);
  };
  EXPECT_FALSE(near(probabilities(1.0), probabilities(0.0), 1e-3));
  EXPECT_TRUE(near(probabilities(0.3), 0.3 * probabilities(1.0) + 0.7 * probabilities(0.0)));

  shape.lld_weight = 0.3;
  const NetworkOutput output = evaluate(*make_network(small_options(), shape, 1), input);
  EXPECT_TRUE(near(output.logits.exp().sum(1), torch::ones(4)));  // already log-probabilities
}

TEST(ImprovedCnn, SeesTheSongVectorWhereThereIsOne) {
  NetworkShape shape = small_shape();
  const std::int64_t without = num_parameters(*make_network(small_options(), shape, 1));
  shape.song_vector_columns = 4;
  const auto network = make_network(small_options(), shape, 1);
  // 4 · 5 + 5 of the projection, and its 5 values into the embedding of 6.
  EXPECT_EQ(num_parameters(*network), without + 4 * 5 + 5 + 5 * 6);
  NetworkInput input = random_input(shape, 2, 1);
  const torch::Tensor before = evaluate(*network, input).logits;
  input.song_vector[0] += 1.0;
  const torch::Tensor after = evaluate(*network, input).logits;
  EXPECT_FALSE(near(after[0], before[0], 1e-4));
  EXPECT_TRUE(near(after[1], before[1]));
}

TEST(ImprovedCnn, RefusesASummaryOfAnotherWidth) {
  NetworkShape shape = small_shape();
  shape.song_vector_columns = 4;
  const auto network = make_network(small_options(), shape, 1);
  NetworkInput input = random_input(shape, 2, 1);
  input.song_vector = torch::zeros({2, 3});
  EXPECT_THROW(network->forward(input), std::invalid_argument);
  input.song_vector = torch::Tensor();
  EXPECT_THROW(network->forward(input), std::invalid_argument);
  EXPECT_THAT(message_of<UsageError>([&] { make_network(small_options("crnn"), shape, 1); }),
              testing::HasSubstr("a song_vector, which this network does not look at"));
}

TEST(ImprovedCnn, HasWeightsThatOnlyTheSeedDecides) {
  torch::manual_seed(1);
  const auto first = make_network(small_options(), small_shape(), 5);
  torch::manual_seed(2);
  const auto second = make_network(small_options(), small_shape(), 5);
  const auto other = make_network(small_options(), small_shape(), 6);
  const NetworkInput input = random_input(small_shape(), 2, 1);
  EXPECT_TRUE(torch::equal(first->forward(input).logits, second->forward(input).logits));
  EXPECT_FALSE(near(first->forward(input).logits, other->forward(input).logits));
}

TEST(ImprovedCnn, NamesItsLayersAsThePapersFigure) {
  const ModelOptions options = small_options("improved_cnn", "c3_channels: 5, conv: separable");
  const auto names = make_network(options, small_shape(), 1)->named_parameters().keys();
  EXPECT_THAT(names,
              testing::IsSupersetOf(
                  {"crnn.c1.time.weight", "crnn.c1.frequency.weight", "crnn.c1.pool.norm.weight",
                   "crnn.c2.depthwise.weight", "crnn.c3.pointwise.weight",
                   "crnn.encoder.lstm.weight_ih_l0_reverse", "lld.encoder.lstm.weight_hh_l0",
                   "head.embedding.weight", "head.classifier.bias"}));
}

TEST(ImprovedCnn, OfThePrototypesSizesHasItsNumberOfParameters) {
  const auto options = test::of_kind<ModelOptions>(
      "improved_cnn",
      "{c1_channels: 8, c2_channels: 24, c3_channels: 48, pool_frequency: 2, crnn_lstm_units: 32, "
      "lld_lstm_units: 32, lld_lstm_layers: 1, pooling: attention}");
  NetworkShape shape;
  shape.spectrogram_bands = 64;
  shape.spectrogram_steps = 108;
  shape.lld_columns = 122;
  shape.lld_steps = 54;
  shape.num_classes = 4;
  const std::int64_t convolutions = 2 * 8 * 9 + 16 * 24 * 9 + 24 * 48 * 9;
  const std::int64_t norms = 2 * (16 + 24 + 48);
  const auto bi_lstm = [](std::int64_t inputs) {
    return 2 * 4 * 32 * (inputs + 32 + 2) + 2 * 32;  // and the attention's vector
  };
  const std::int64_t lstms = bi_lstm(48 * 8) + bi_lstm(122);  // 64 bands / 2³ = 8
  const std::int64_t head = 128 * 128 + 128 + 128 * 4 + 4;
  EXPECT_EQ(num_parameters(*make_network(options, shape, 1)),
            convolutions + norms + lstms + head);  // 178 532; the prototype says 182 k
}

TEST(ImprovedCnn, SaysWhichInputHasWhichWrongShape) {
  const auto network = make_network(small_options(), small_shape(), 1);
  NetworkInput input = random_input(small_shape(), 2, 1);
  input.spectrogram = input.spectrogram.narrow(1, 0, 6);
  try {
    network->forward(input);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(
        error.what(),
        "the spectrogram has shape [2, 6, 13], it must be [batch, bands, steps] with batch "
        "2 and 7 in dimension 1");
  }
}

}  // namespace
}  // namespace mer
