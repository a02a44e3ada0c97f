#pragma once

#include "mer/config/input_parts.hpp"
#include "mer/config/network_parts.hpp"

namespace mer {

/// A network pre-trained on music tags: see nn/networks/vgg_tagger.cpp.
struct VggTaggerOptions : TaggerHeadOptions {
  static constexpr const char* kName = "vgg_tagger";
  static constexpr const char* kHelp = "a VGG-like network, pre-trained on music tags";
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};
  static constexpr bool kPretrained = true;
  static constexpr int embedding_size = 256;
};

}  // namespace mer
