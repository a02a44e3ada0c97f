#pragma once

#include "layers/head.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// The paper's network without its CRNN branch; two LLD branches are weighted as there.
class LldBiLstm : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = false, .lld = InputParts::Lld::kAll};

  LldBiLstm(const ModelOptions& options, const NetworkShape& shape)
      : lld_(*this, options, shape, /*beside_size=*/0) {}
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  LldHeads lld_;
};

}  // namespace mer
