#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// The paper's network without its LLD branch: see nn/networks/crnn.cpp.
struct CrnnOptions : ConvBranchOptions, HeadOptions {
  static constexpr const char* kName = "crnn";
  static constexpr const char* kHelp = "the CRNN branch alone";
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  Pooling pooling = Pooling::kLast;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
