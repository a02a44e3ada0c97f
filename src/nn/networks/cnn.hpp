#pragma once

#include "layers/conv_stack.hpp"
#include "layers/head.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// The classical network that the paper compares with, on the spectrogram alone: blocks of 3 × 3
/// convolutions and 2 × 2 pooling as in VGG (Simonyan & Zisserman 2015), global mean, head.
class Cnn : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  Cnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  NetworkShape shape_;
  ConvStack conv_;
  Head head_;
};

}  // namespace mer
