#pragma once

#include "layers/conv_stack.hpp"
#include "layers/head.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// The lightweight network: the classical one's blocks with depthwise-separable convolutions
/// (Howard et al. 2017, MobileNets) and fewer maps.
class LightCnn : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  LightCnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  NetworkShape shape_;
  ConvStack conv_;
  Head head_;
};

}  // namespace mer
