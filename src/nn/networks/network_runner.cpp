#include "mer/nn/network_runner.hpp"

#include <torch/torch.h>

#include "mer/nn/device.hpp"
#include "mer/nn/initial_weights.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_input.hpp"

namespace mer {
namespace {

std::vector<float> plain(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.to(torch::kCPU, torch::kFloat).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

}  // namespace

NetworkRunner::NetworkRunner(const ModelOptions& options, std::shared_ptr<Network> network,
                             const std::string& device)
    : network_(std::move(network)),
      device_(parse_device(device).str()),
      embedding_size_(embedding_size_of(options)) {}

NetworkRunner::NetworkRunner(const ModelOptions& options, const NetworkShape& shape,
                             const TensorFile& weights, const std::string& prefix,
                             const std::string& device)
    : NetworkRunner(options, make_network(options, shape, 0), device) {
  load_module_from(*network_, prefix, weights);
  network_->to(torch::Device(device_));
  network_->eval();
}

NetworkRunner NetworkRunner::pretrained(const std::string& network, const TensorFile& weights,
                                        int bands, int steps, const std::string& device) {
  ModelOptions options;
  options.name = network;
  NetworkShape shape;
  shape.spectrogram_bands = bands;
  shape.spectrogram_steps = steps;
  shape.num_classes = 2;  // the head is there but of no use
  NetworkRunner runner(options, make_network(options, shape, 0), device);
  load_initial_weights(*runner.network_, weights);
  runner.network_->to(torch::Device(runner.device_));
  runner.network_->eval();
  return runner;
}

NetworkRunner::Answer NetworkRunner::answer(const FloatTensor& spectrogram,
                                            const FloatTensor& spectrogram_valid,
                                            const std::vector<FloatTensor>& lld,
                                            const FloatTensor& lld_valid,
                                            const FloatTensor& song_vector) const {
  at::init_num_threads();  // OpenMP counts its threads for each calling thread anew
  const torch::NoGradGuard no_grad;
  const NetworkInput input = to_network_input(spectrogram, spectrogram_valid, lld, lld_valid,
                                              song_vector, torch::Device(device_));
  const NetworkOutput output = network_->answer(input);
  return {class_probabilities(output.logits), plain(output.embedding), plain_doubles(output.values),
          tag_probabilities(output.tag_logits)};
}

std::vector<float> NetworkRunner::embeddings(const FloatTensor& spectrogram,
                                             const FloatTensor& valid) const {
  at::init_num_threads();
  const torch::NoGradGuard no_grad;
  NetworkInput input;
  input.spectrogram = to_device(spectrogram, torch::Device(device_));
  input.spectrogram_valid = to_device(valid, torch::Device(device_));
  return plain(network_->forward(input).embedding);
}

void set_torch_threads(int num_threads) { torch::set_num_threads(num_threads); }

}  // namespace mer
