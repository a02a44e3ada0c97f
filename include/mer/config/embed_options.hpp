#pragma once

#include <string>
#include <vector>

#include "mer/config/segment_options.hpp"
#include "mer/core/options.hpp"

namespace mer {

/// Which frozen networks' embeddings are features of a song, and of which patches. Free of
/// LibTorch.
struct EmbedOptions {
  std::vector<std::string> networks;  ///< empty = no embeddings
  double hop_s = 3.0;                 ///< between the starts of patches, which are 3 s long
  /// Music after the last whole patch: a patch filled with silence when at least half of it is
  /// music, or dropped. A song shorter than a patch gives one, filled with silence.
  SegmentOptions::Tail tail = SegmentOptions::Tail::kPad;

  void visit(OptionsVisitor& v);
  // One order, one spelling: it is the columns' and stands in fingerprints.
  void validate() const;
};

}  // namespace mer
