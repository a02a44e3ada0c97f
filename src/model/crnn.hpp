#pragma once

#include "branches.hpp"
#include "head.hpp"
#include "mer/core/input_parts.hpp"
#include "mer/model/network.hpp"

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
