#include "mer/config/networks/cnn.hpp"

#include "layers/checked_input.hpp"
#include "layers/conv_stack.hpp"
#include "layers/head.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

/// The classical network that the paper compares with: spectrogram → blocks of 3 × 3 convolutions
/// and 2 × 2 pooling as in VGG (Simonyan & Zisserman 2015) → global mean → fully connected →
/// softmax.
class Cnn : public Network {
 public:
  Cnn(const CnnOptions& options, const NetworkShape& shape) : shape_(shape) {
    conv_ = register_module("conv", ConvStack(ConvStackSizes{.channels = options.cnn_channels,
                                                             .blocks = options.cnn_blocks,
                                                             .block_convs = options.cnn_block_convs,
                                                             .dropout = options.conv_dropout}));
    head_ = register_module("head", Head(options, shape, conv_->output_size(), "head"));
  }

  NetworkOutput forward(const NetworkInput& input) override {
    const auto [spectrograms, mask] = spectrograms_of(input, shape_);
    return head_->forward(conv_->forward(spectrograms, mask, input.keys), input.keys);
  }

 private:
  NetworkShape shape_;
  ConvStack conv_{nullptr};
  Head head_{nullptr};
};

}  // namespace

void add_cnn(NetworkTable& table) { add_network<Cnn, CnnOptions>(table); }

}  // namespace mer
