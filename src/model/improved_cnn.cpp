#include "improved_cnn.hpp"

#include "checked_input.hpp"

namespace mer {

ImprovedCnn::ImprovedCnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      crnn_(register_module("crnn", ConvBranch(options, shape.spectrogram_bands))),
      lld_(*this, options, shape, crnn_->output_size()) {}

NetworkOutput ImprovedCnn::forward(const NetworkInput& input) {
  const auto [spectrograms, mask] = spectrograms_of(input, shape_);
  return lld_.forward(input, crnn_->forward(spectrograms, mask, input.keys));
}

}  // namespace mer
