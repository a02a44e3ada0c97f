#pragma once

#include <string>
#include <vector>

#include "layers/tagger_head.hpp"
#include "layers/tagger_layers.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// A fully connected layer → ReLU (the embedding), and the batch norm after it.
class MusicnnDenseImpl : public torch::nn::LinearImpl {
 public:
  MusicnnDenseImpl(std::int64_t in_features, std::int64_t out_features)
      : LinearImpl(in_features, out_features),
        bn_(register_module("bn", TaggerNorm(out_features))) {}
  torch::Tensor embedding(const torch::Tensor& x) { return torch::relu(LinearImpl::forward(x)); }
  torch::Tensor normalize(const torch::Tensor& embedding) { return bn_->forward(embedding); }

 private:
  TaggerNorm bn_;
};
TORCH_MODULE(MusicnnDense);

/// MusiCNN: musically motivated kernels in front of a small CNN (Pons & Serra 2019), as
/// pre-trained on the tags of the Million Song Dataset, with class scores in the place of the
/// tags'.
///
///   spectrogram [B, 96, T] → batch norm → five branches side by side, each with its maximum over
///   the bands that are left: kernels of 7 steps × 38 and × 67 bands (204 maps each), of 128, 64
///   and 32 steps × 1 band (51 each) → front [B, 561, T] → a = mid_1, b = a + mid_2(a), c = b +
///   mid_3(b) (64 maps each, 7 steps) → [front, a, b, c] [B, 753, T] → maximum and mean over time
///   of each channel [B, 1506] → batch norm → 200 + ReLU, the embedding → batch norm → class scores
///
/// Wants the front end of tagger_recipe(), not standardized. Padded steps are silence to the
/// convolutions and take no part in the maximum and mean over time.
class Musicnn : public Network {
 public:
  static constexpr InputParts kReads = {.spectrogram = true, .lld = InputParts::Lld::kNone};
  static constexpr int kEmbeddingSize = 200;

  /// @throws UsageError when the spectrogram has not 96 bands
  Musicnn(const ModelOptions& options, const NetworkShape& shape);
  NetworkOutput forward(const NetworkInput& input) override;

 private:
  torch::Tensor front_end(const torch::Tensor& x);

  NetworkShape shape_;
  TaggerInput input_{nullptr};
  std::vector<TaggerConv> timbral_, temporal_;
  TaggerConv mid_1_{nullptr}, mid_2_{nullptr}, mid_3_{nullptr};
  TaggerInput pool_{nullptr};
  MusicnnDense dense_{nullptr};
  TaggerHead head_;
};

}  // namespace mer
