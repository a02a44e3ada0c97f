#include "networks/light_cnn.hpp"

#include "layers/checked_input.hpp"

namespace mer {

LightCnn::LightCnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      conv_(register_module("conv", ConvStack(ConvStackSizes{.channels = options.light_channels,
                                                             .blocks = options.cnn_blocks,
                                                             .separable = true,
                                                             .dropout = options.conv_dropout}))),
      head_(register_module("head", Head(options, shape, conv_->output_size(), "head"))) {}

NetworkOutput LightCnn::forward(const NetworkInput& input) {
  const auto [spectrograms, mask] = spectrograms_of(input, shape_);
  return head_->forward(conv_->forward(spectrograms, mask, input.keys), input.keys);
}

}  // namespace mer
