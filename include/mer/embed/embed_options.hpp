#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "mer/core/error.hpp"
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
  void validate() const {
    const std::vector<std::string> known = {"musicnn", "vgg_tagger"};
    auto place = known.begin();
    for (const std::string& network : networks) {
      const auto found = std::find(place, known.end(), network);
      if (found == known.end()) {
        throw UsageError("'networks' has '" + network + "', allowed: musicnn, vgg_tagger",
                         "name each once, in this order");
      }
      place = found + 1;
    }
  }
};

}  // namespace mer
