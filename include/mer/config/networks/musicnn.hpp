#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// A network pre-trained on music tags: see nn/networks/musicnn.cpp.
struct MusicnnOptions : TaggerHeadOptions {
  static constexpr const char* kName = "musicnn";
  static constexpr const char* kHelp = "MusiCNN, pre-trained on music tags";
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};
  static constexpr bool kPretrained = true;
  static constexpr int embedding_size = 200;
};

}  // namespace mer
