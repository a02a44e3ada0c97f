// Agreement of the whole network with plain NumPy: tests/fixtures/independent.py.

#include <gtest/gtest.h>

#include "mer/config/networks/improved_cnn.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network.hpp"

namespace mer {
namespace {

class Independent : public testing::TestWithParam<std::tuple<Pooling, bool>> {
 protected:
  Independent() : file_(TensorFile::open(MER_FIXTURES "/network.safetensors")) {}

  torch::Tensor tensor(const std::string& name) const {
    const TensorView& view = file_.at(name);
    const auto values = view.as<float>();
    return torch::tensor(std::vector<float>(values.begin(), values.end())).view(view.shape);
  }

  TensorFile file_;
};

TEST_P(Independent, NetworkWithPaddingGivesTheSameEmbeddingsAndLogits) {
  const auto [pooling, training] = GetParam();
  ModelOptions options;
  auto& own = options.choose<ImprovedCnnOptions>();
  own.c1_channels = 2;
  own.c1_time_kernel = own.c1_frequency_kernel = 5;
  own.c2_channels = 3;
  own.c3_channels = 0;
  own.pool_frequency = own.pool_time = 2;
  own.crnn_lstm_units = own.lld_lstm_units = 4;
  own.crnn_lstm_layers = own.lld_lstm_layers = 1;
  own.conv_dropout = own.lld_input_dropout = own.head_dropout = 0.0;
  own.embedding_size = 6;
  own.embedding_relu = true;
  own.pooling = pooling;
  NetworkShape shape;
  shape.spectrogram_bands = 10;
  shape.spectrogram_steps = 17;
  shape.lld_columns = 5;
  shape.lld_steps = 8;
  shape.num_classes = 4;
  const auto network = make_network(options, shape, 1);
  if (pooling == Pooling::kAttention) {
    load_module_from(*network, "network", file_);
  } else {  // has no attention to load
    for (auto& item : network->named_parameters()) {
      const torch::NoGradGuard no_grad;
      item.value().copy_(tensor("network." + item.key()));
    }
    for (auto& item : network->named_buffers()) item.value().copy_(tensor("network." + item.key()));
  }
  network->train(training);

  NetworkInput input;
  input.spectrogram = tensor("input.spectrogram");
  input.spectrogram_valid = tensor("input.spectrogram_valid");
  input.lld = {tensor("input.lld")};
  input.lld_valid = tensor("input.lld_valid");
  const NetworkOutput output = network->forward(input);
  const std::string name = std::string(pooling == Pooling::kLast ? "last." : "attention.") +
                           (training ? "training." : "evaluation.");
  const auto largest = [](const torch::Tensor& one, const torch::Tensor& other) {
    return (one - other).abs().max().item<double>();
  };
  EXPECT_LT(largest(output.embedding, tensor(name + "embedding")), 1e-5);
  EXPECT_LT(largest(output.logits, tensor(name + "logits")), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(PoolingAndMode, Independent,
                         testing::Combine(testing::Values(Pooling::kLast, Pooling::kAttention),
                                          testing::Bool()));

}  // namespace
}  // namespace mer
