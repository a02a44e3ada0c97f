#include "mer/nn/network_input.hpp"

#include <stdexcept>

#include "mer/nn/device.hpp"

namespace mer {

torch::Tensor to_device(const FloatTensor& plain, torch::Device device) {
  std::int64_t num_elements = 1;
  for (const std::int64_t size : plain.shape) num_elements *= size;
  if (num_elements != static_cast<std::int64_t>(plain.values.size())) {
    throw std::invalid_argument("a tensor's shape holds " + std::to_string(num_elements) +
                                " elements, there are " + std::to_string(plain.values.size()));
  }
  // from_blob() wants a pointer to non-const; networks don't write to their input.
  return to_device(
      torch::from_blob(const_cast<float*>(plain.values.data()), plain.shape, torch::kFloat),
      device);
}

namespace {

/// Puts a network back into the mode it was in, also after an exception.
class EvaluationMode {
 public:
  explicit EvaluationMode(Network& network) : network_(network), was_(network.is_training()) {
    network_.eval();
  }
  ~EvaluationMode() { network_.train(was_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Network& network_;
  bool was_;
};

}  // namespace

NetworkInput to_network_input(const FloatTensor& spectrogram, const FloatTensor& spectrogram_valid,
                              const std::vector<FloatTensor>& lld, const FloatTensor& lld_valid,
                              const FloatTensor& song_vector, torch::Device device) {
  NetworkInput input;
  input.spectrogram = to_device(spectrogram, device);
  input.spectrogram_valid = to_device(spectrogram_valid, device);
  for (const FloatTensor& branch : lld) input.lld.push_back(to_device(branch, device));
  input.lld_valid = to_device(lld_valid, device);
  input.song_vector = to_device(song_vector, device);
  return input;
}

NetworkOutput evaluate(Network& network, const NetworkInput& input) {
  const torch::NoGradGuard no_grad;
  const EvaluationMode mode(network);
  return network.answer(input);
}

std::vector<double> plain_doubles(const torch::Tensor& tensor) {
  if (!tensor.defined()) return {};
  const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kDouble).contiguous();
  const auto* values = plain.data_ptr<double>();
  return {values, values + plain.numel()};
}

std::vector<double> class_probabilities(const torch::Tensor& logits) {
  return plain_doubles(torch::softmax(logits.detach().to(torch::kCPU, torch::kDouble), 1));
}

std::vector<double> tag_probabilities(const torch::Tensor& tag_logits) {
  if (!tag_logits.defined()) return {};
  return plain_doubles(torch::sigmoid(tag_logits.detach().to(torch::kCPU, torch::kDouble)));
}

}  // namespace mer
