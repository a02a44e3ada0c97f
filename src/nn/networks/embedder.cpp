#include "mer/nn/embedder.hpp"

#include <torch/torch.h>

#include "mer/core/error.hpp"
#include "mer/nn/device.hpp"
#include "mer/nn/initial_weights.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_input.hpp"

namespace mer {
namespace {

std::shared_ptr<Network> build(const std::string& name, int bands, int steps) {
  ModelOptions options;
  options.name = name;
  const InputParts parts = inputs_of(options);
  if (!parts.spectrogram || parts.lld != InputParts::Lld::kNone) {
    throw UsageError("network '" + name + "' wants more than a spectrogram",
                     "musicnn and vgg_tagger make embeddings");
  }
  NetworkShape shape;
  shape.spectrogram_bands = bands;
  shape.spectrogram_steps = steps;
  shape.num_classes = 2;  // the head is there but of no use
  return make_network(options, shape, 0);
}

}  // namespace

Embedder::Embedder(const std::string& network, const TensorFile& weights, int bands, int steps,
                   const std::string& device)
    : network_(build(network, bands, steps)), device_(parse_device(device).str()) {
  size_ = size_of(network);
  load_initial_weights(*network_, weights);
  network_->to(torch::Device(device_));
  network_->eval();
}

int Embedder::size_of(const std::string& network) {
  ModelOptions options;
  options.name = network;
  return embedding_size_of(options);
}

std::vector<float> Embedder::embeddings(const FloatTensor& spectrogram,
                                        const FloatTensor& valid) const {
  at::init_num_threads();  // OpenMP counts its threads for each calling thread anew
  const torch::NoGradGuard no_grad;
  NetworkInput input;
  input.spectrogram = to_device(spectrogram, torch::Device(device_));
  input.spectrogram_valid = to_device(valid, torch::Device(device_));
  const torch::Tensor embedding =
      network_->forward(input).embedding.to(torch::kCPU, torch::kFloat).contiguous();
  const auto* values = embedding.data_ptr<float>();
  return {values, values + embedding.numel()};
}

}  // namespace mer
