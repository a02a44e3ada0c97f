#include "mer/config/embed_options.hpp"

#include "mer/config/model_options.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void EmbedOptions::visit(OptionsVisitor& v) {
  v.field("networks", networks,
          "frozen networks: " + join(pretrained_networks(), ", ") + "; [] for none");
  v.field("exported", exported,
          "TorchScript file of a network from elsewhere, NAME.pt with its card NAME.yaml, in the "
          "place of networks");
  v.field("files", files,
          "folder of vectors that another program made, a .npy a song, in the place of networks");
  v.field("hop_s", hop_s, above_up_to(0, 3),
          "distance between the starts of 3 s patches, in seconds");
  v.choice("tail", tail,
           {{"pad", SegmentOptions::Tail::kPad}, {"drop", SegmentOptions::Tail::kDrop}},
           "music after the last whole patch");
}

std::vector<std::string> EmbedOptions::sources() const {
  if (!exported.empty()) return {exported.stem().string()};
  if (!files.empty()) return {"files"};
  return networks;
}

void EmbedOptions::validate() const {
  if ((networks.empty() ? 0 : 1) + (exported.empty() ? 0 : 1) + (files.empty() ? 0 : 1) > 1) {
    throw UsageError("'networks', 'exported' and 'files' are three kinds of embeddings, one counts",
                     "leave the others empty; systems of several kinds can answer together");
  }
  require_ordered_words("networks", networks, pretrained_networks());
}

}  // namespace mer
