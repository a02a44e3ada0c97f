#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// The same blocks, depthwise-separable: see nn/networks/light_cnn.cpp.
struct LightCnnOptions : HeadOptions {
  static constexpr const char* kName = "light_cnn";
  static constexpr const char* kHelp = "cnn's blocks of depthwise-separable convolutions";
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  int light_channels = 8;  ///< of the first block; each has twice the maps of the one before
  int cnn_blocks = 5;
  double conv_dropout = 0.0;  ///< after the last pooling

  void visit(OptionsVisitor& v);
};

}  // namespace mer
