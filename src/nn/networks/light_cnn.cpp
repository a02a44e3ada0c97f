#include "mer/config/networks/light_cnn.hpp"

#include "layers/checked_input.hpp"
#include "layers/conv_stack.hpp"
#include "layers/head.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

/// The lightweight network: the classical one's blocks with depthwise-separable convolutions
/// (Howard et al. 2017, MobileNets) and fewer maps.
class LightCnn : public Network {
 public:
  LightCnn(const LightCnnOptions& options, const NetworkShape& shape) : shape_(shape) {
    conv_ = register_module("conv", ConvStack(ConvStackSizes{.channels = options.light_channels,
                                                             .blocks = options.cnn_blocks,
                                                             .separable = true,
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

void add_light_cnn(NetworkTable& table) { add_network<LightCnn, LightCnnOptions>(table); }

}  // namespace mer
