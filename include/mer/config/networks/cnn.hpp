#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// Blocks of convolutions on the spectrogram: see nn/networks/cnn.cpp.
struct CnnOptions : HeadOptions {
  static constexpr const char* kName = "cnn";
  static constexpr const char* kHelp = "blocks of convolutions on the spectrogram, as in VGG";
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};

  int cnn_channels = 16;  ///< of the first block; each has twice the maps of the one before
  int cnn_blocks = 5;
  int cnn_block_convs = 1;    ///< convolutions of a block
  double conv_dropout = 0.0;  ///< after the last pooling

  void visit(OptionsVisitor& v);
};

}  // namespace mer
