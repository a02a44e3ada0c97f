#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// Stacked Bi-LSTM layers on the MFCC: see nn/networks/drnn.cpp.
struct DrnnOptions : HeadOptions {
  static constexpr const char* kName = "drnn";
  static constexpr const char* kHelp = "stacked Bi-LSTM layers on the MFCC";
  static constexpr InputParts kReads = {.spectrogram = false, .lld = InputParts::Lld::kMfcc};

  double lld_input_dropout = 0.0;
  int drnn_lstm_units = 128;  ///< each direction
  int drnn_lstm_layers = 3;
  Pooling pooling = Pooling::kLast;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
