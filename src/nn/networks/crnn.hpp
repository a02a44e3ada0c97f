#pragma once

#include "layers/branches.hpp"
#include "layers/head.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// The paper's network without its LLD branch.
class Crnn : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  Crnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  NetworkShape shape_;
  ConvBranch crnn_;
  Head head_;
};

}  // namespace mer
