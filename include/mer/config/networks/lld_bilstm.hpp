#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// The paper's network without its CRNN branch: see nn/networks/lld_bilstm.cpp.
struct LldBiLstmOptions : LldBranchOptions, HeadOptions {
  static constexpr const char* kName = "lld_bilstm";
  static constexpr const char* kHelp = "the Bi-LSTM on the descriptors alone";
  static constexpr InputParts kReads = {.spectrogram = false, .lld = InputParts::Lld::kAll};

  Pooling pooling = Pooling::kLast;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
