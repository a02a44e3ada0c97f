#include "networks/crnn.hpp"

#include "layers/checked_input.hpp"

namespace mer {

Crnn::Crnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      crnn_(register_module("crnn", ConvBranch(options, shape.spectrogram_bands))),
      head_(register_module("head", Head(options, shape, crnn_->output_size(), "head"))) {}

NetworkOutput Crnn::forward(const NetworkInput& input) {
  const auto [spectrograms, mask] = spectrograms_of(input, shape_);
  return head_->forward(crnn_->forward(spectrograms, mask, input.keys), input.keys);
}

}  // namespace mer
