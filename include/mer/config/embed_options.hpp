#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/config/segment_options.hpp"
#include "mer/core/options.hpp"

namespace mer {

/// Which embeddings are features of a song, and of which patches: those of pre-trained networks, of
/// a network that another program exported, or vectors that another program made. One of these.
/// Free of LibTorch.
struct EmbedOptions {
  std::vector<std::string> networks;  ///< empty = none
  std::filesystem::path exported;     ///< a TorchScript file with its card beside it; empty = none
  std::filesystem::path files;        ///< folder with a .npy a song; empty = none
  double hop_s = 3.0;                 ///< between the starts of patches, which are 3 s long
  /// Music after the last whole patch: a patch filled with silence when at least half of it is
  /// music, or dropped. A song shorter than a patch gives one, filled with silence.
  SegmentOptions::Tail tail = SegmentOptions::Tail::kPad;

  /// What makes columns, in their order: the networks, the exported file's stem, or "files"; empty
  /// = no embeddings.
  std::vector<std::string> sources() const;

  void visit(OptionsVisitor& v);
  // One order, one spelling: it is the columns' and stands in fingerprints.
  void validate() const;
};

}  // namespace mer
