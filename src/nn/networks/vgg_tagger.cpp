#include "mer/config/networks/vgg_tagger.hpp"

#include <array>
#include <vector>

#include "layers/checked_input.hpp"
#include "layers/tagger_head.hpp"
#include "layers/tagger_layers.hpp"
#include "mer/core/error.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

constexpr std::int64_t kMaps = 128;

constexpr std::array<TaggerPool, 5> kPools = {
    {{4, 1, 2, 2}, {2, 2, 2, 2}, {2, 2, 2, 2}, {2, 2, 2, 2}, {4, 4, 4, 4}}};

/// The steps that are left after all pools; 0 when there are too few.
std::int64_t pooled_steps(std::int64_t steps) {
  for (const TaggerPool& pool : kPools) {
    if (steps < pool.steps) return 0;
    steps = pool.pooled_steps(steps);
  }
  return steps;
}

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
  /// @throws UsageError when the segments don't give 256 numbers
  VggTagger(const VggTaggerOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  torch::Tensor embed(const torch::Tensor& spectrograms);

  NetworkShape shape_;
  TaggerInput input_{nullptr};
  std::vector<TaggerConv> convs_;
  TaggerHead head_;
};

VggTagger::VggTagger(const VggTaggerOptions& options, const NetworkShape& shape)
    : shape_(shape), head_(*this, options, shape, VggTaggerOptions::embedding_size) {
  require_tagger_bands("vgg_tagger", shape);
  if (pooled_steps(shape.spectrogram_steps) * kMaps != VggTaggerOptions::embedding_size) {
    throw UsageError("'model.name: vgg_tagger' wants segments of 187 frames, they have " +
                         std::to_string(shape.spectrogram_steps),
                     "set segment.length_s=3 with the features of configs/musicnn.yaml");
  }
  input_ = register_module("input", TaggerInput(1));
  for (std::size_t i = 0; i < kPools.size(); ++i) {
    convs_.push_back(register_module("conv_" + std::to_string(i + 1),
                                     TaggerConv(i == 0 ? 1 : kMaps, kMaps, 3, 3)));
  }
}

/// [B, 1, steps, bands] → [B, 256]
torch::Tensor VggTagger::embed(const torch::Tensor& spectrograms) {
  torch::Tensor x = input_->forward(spectrograms);
  for (std::size_t i = 0; i < kPools.size(); ++i) x = convs_[i]->pooled(x, kPools[i]);
  // [B, maps, steps, bands] → [B, steps · bands · maps]
  return x.permute({0, 2, 3, 1}).flatten(1);
}

NetworkOutput VggTagger::forward(const NetworkInput& input) {
  const Spectrograms spectrograms = spectrograms_of(input, shape_);
  torch::Tensor x = spectrograms.values.transpose(1, 2);
  if (!spectrograms.mask.all_valid) x = x * spectrograms.mask.valid.unsqueeze(2);
  x = x.unsqueeze(1);
  torch::Tensor embedding = embed(x);
  embedding = head_.drop_input(embedding, input.keys);
  return head_.forward(embedding, embedding, input.keys);
}

}  // namespace

void add_vgg_tagger(NetworkTable& table) { add_network<VggTagger, VggTaggerOptions>(table); }

}  // namespace mer
