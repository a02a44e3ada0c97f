#pragma once

#include <vector>

#include "layers/tagger_head.hpp"
#include "layers/tagger_layers.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// The VGG-like network beside MusiCNN (Pons & Serra 2019), as pre-trained on the tags of the
/// Million Song Dataset, with class scores in the place of the tags'.
///
///   spectrogram [B, 96, 187] → batch norm → five times [3 × 3 convolution, 128 maps → ReLU → batch
///   norm → max-pool] → [B, steps 2, bands 1, 128 maps] flattened to 256, the embedding → class
///   scores
///
/// Wants the front end of tagger_recipe(), not standardized, in segments of 3 s. Padded steps are
/// silence.
class VggTagger : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};
  static constexpr int kEmbeddingSize = 256;

  /// @throws UsageError when the segments don't give 256 numbers
  VggTagger(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  torch::Tensor embed(const torch::Tensor& spectrograms);

  NetworkShape shape_;
  TaggerInput input_{nullptr};
  std::vector<TaggerConv> convs_;
  TaggerHead head_;
};

}  // namespace mer
