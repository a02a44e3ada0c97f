#include "mer/config/embed_options.hpp"

#include "mer/config/model_options.hpp"
#include "mer/core/text.hpp"

namespace mer {

void EmbedOptions::visit(OptionsVisitor& v) {
  v.field("networks", networks,
          "frozen networks: " + join(pretrained_networks(), ", ") + "; [] for none");
  v.field("hop_s", hop_s, above_up_to(0, 3),
          "distance between the starts of 3 s patches, in seconds");
  v.choice("tail", tail,
           {{"pad", SegmentOptions::Tail::kPad}, {"drop", SegmentOptions::Tail::kDrop}},
           "music after the last whole patch");
}

void EmbedOptions::validate() const {
  require_ordered_words("networks", networks, pretrained_networks());
}

}  // namespace mer
