#include "networks/cnn.hpp"

#include "layers/checked_input.hpp"

namespace mer {

Cnn::Cnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      conv_(register_module("conv", ConvStack(ConvStackSizes{.channels = options.cnn_channels,
                                                             .blocks = options.cnn_blocks,
                                                             .block_convs = options.cnn_block_convs,
                                                             .dropout = options.conv_dropout}))),
      head_(register_module("head", Head(options, shape, conv_->output_size(), "head"))) {}

NetworkOutput Cnn::forward(const NetworkInput& input) {
  const auto [spectrograms, mask] = spectrograms_of(input, shape_);
  return head_->forward(conv_->forward(spectrograms, mask, input.keys), input.keys);
}

}  // namespace mer
