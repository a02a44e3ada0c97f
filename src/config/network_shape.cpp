#include "mer/config/network_shape.hpp"

namespace mer {

void NetworkShape::visit(OptionsVisitor& v) {
  v.field("spectrogram_bands", spectrogram_bands, at_least(0), "bands of a segment's spectrogram");
  v.field("spectrogram_steps", spectrogram_steps, at_least(0), "its steps in time");
  v.field("lld_columns", lld_columns, at_least(0), "descriptors of a step");
  v.field("lld_steps", lld_steps, at_least(0), "a segment's steps of descriptors");
  v.field("lld_branches", lld_branches, between(0, 2), "LLD matrices of a segment");
  v.field("lld_weight", lld_weight, between(0, 1), "weight of the first of two LLD branches");
  v.field("song_vector_columns", song_vector_columns, at_least(0),
          "of the vector beside the branches");
  v.field("num_classes", num_classes, at_least(0), "classes");
  v.choice("class_scores", class_scores,
           {{"linear", ClassScores::kLinear}, {"angular", ClassScores::kAngular}},
           "how the last layer scores classes");
  v.field("num_values", num_values, between(0, 2), "2: valence and arousal");
  v.field("num_tags", num_tags, at_least(0), "labels of which a song may have several");
}

}  // namespace mer
