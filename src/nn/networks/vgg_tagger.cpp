#include "networks/vgg_tagger.hpp"

#include <array>

#include "layers/checked_input.hpp"
#include "mer/core/error.hpp"

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

}  // namespace

VggTagger::VggTagger(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape), head_(*this, options, shape, kEmbeddingSize) {
  require_tagger_bands("vgg_tagger", shape);
  if (pooled_steps(shape.spectrogram_steps) * kMaps != kEmbeddingSize) {
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

}  // namespace mer
