#include "mer/nn/classifier.hpp"

#include <torch/torch.h>

#include "mer/nn/device.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_input.hpp"

namespace mer {

Classifier::Classifier(const ModelOptions& options, const NetworkShape& shape,
                       const TensorFile& weights, const std::string& prefix,
                       const std::string& device)
    : network_(make_network(options, shape, 0)),
      device_(parse_device(device).str()),
      num_classes_(shape.num_classes) {
  load_module_from(*network_, prefix, weights);
  network_->to(torch::Device(device_));
  network_->eval();
}

std::vector<double> Classifier::probabilities(const FloatTensor& spectrogram,
                                              const FloatTensor& spectrogram_valid,
                                              const std::vector<FloatTensor>& lld,
                                              const FloatTensor& lld_valid,
                                              const FloatTensor& song_vector) const {
  at::init_num_threads();  // OpenMP counts its threads for each calling thread anew
  const torch::NoGradGuard no_grad;
  const NetworkInput input = to_network_input(spectrogram, spectrogram_valid, lld, lld_valid,
                                              song_vector, torch::Device(device_));
  return class_probabilities(network_->forward(input).logits);
}

void set_torch_threads(int num_threads) { torch::set_num_threads(num_threads); }

}  // namespace mer
