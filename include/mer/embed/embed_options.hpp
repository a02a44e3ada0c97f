#pragma once

#include <string>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/data/segments.hpp"

namespace mer {

/// Which frozen networks' embeddings are features of a song, and of which patches. Free of
/// LibTorch.
struct EmbedOptions {
  std::vector<std::string> networks;  ///< empty = no embeddings
  double hop_seconds = 3.0;           ///< between the starts of patches, which are 3 s long
  /// Music after the last whole patch: a patch filled with silence when at least half of it is
  /// music, or dropped. A song shorter than a patch gives one, filled with silence.
  SegmentOptions::Tail tail = SegmentOptions::Tail::kPad;

  void visit(OptionsVisitor& v) {
    v.field("networks", networks, "frozen networks: musicnn, vgg_tagger; [] for none");
    v.field("hop_seconds", hop_seconds, above_up_to(0, 3), "between the starts of 3 s patches");
    v.choice("tail", tail,
             {{"pad", SegmentOptions::Tail::kPad}, {"drop", SegmentOptions::Tail::kDrop}},
             "music after the last whole patch");
  }
  // One order, one spelling: it is the columns' and stands in fingerprints.
  void validate() const { require_ordered_words("networks", networks, {"musicnn", "vgg_tagger"}); }
};

}  // namespace mer
