#pragma once

#include "layers/branches.hpp"
#include "layers/head.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// A deep recurrent network on the MFCC alone, after Rajesh & Nalini (2020), "Musical instrument
/// emotion recognition using deep recurrent neural network": stacked Bi-LSTM layers, head.
class Drnn : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = false, .lld = InputParts::Lld::kMfcc};

  Drnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  NetworkShape shape_;
  LldBranch mfcc_;
  Head head_;
};

}  // namespace mer
