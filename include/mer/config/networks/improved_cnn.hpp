#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// The paper's network: see nn/networks/improved_cnn.cpp.
struct ImprovedCnnOptions : ConvBranchOptions,
                            LldBranchOptions,
                            SongVectorBranchOptions,
                            HeadOptions {
  static constexpr const char* kName = "improved_cnn";
  static constexpr const char* kHelp =
      "the paper's: CRNN on the spectrogram beside a Bi-LSTM on the descriptors";
  static constexpr InputParts kReads = {
      .spectrogram = true, .lld = InputParts::Lld::kAll, .song_vector = true};

  Pooling pooling = Pooling::kLast;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
