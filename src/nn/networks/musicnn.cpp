#include "mer/config/networks/musicnn.hpp"

#include <limits>
#include <string>
#include <vector>

#include "layers/checked_input.hpp"
#include "layers/tagger_head.hpp"
#include "layers/tagger_layers.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

constexpr std::int64_t kBands = 96;
constexpr std::int64_t kTimbralMaps = 204;
constexpr std::int64_t kTemporalMaps = 51;
constexpr std::int64_t kMidMaps = 64;
constexpr std::int64_t kSteps = 7;  // kernels of the timbral branches and the middle
constexpr std::int64_t kFrontMaps = 2 * kTimbralMaps + 3 * kTemporalMaps;
constexpr std::int64_t kAllMaps = kFrontMaps + 3 * kMidMaps;

/// [B, channels, T] → per channel the maximum, then the mean over valid steps: [B, 2 · channels]
torch::Tensor pool_time(const torch::Tensor& maps, const StepMask& mask) {
  const torch::Tensor valid = mask.valid.to(maps.scalar_type()).unsqueeze(1);  // [B, 1, T]
  const torch::Tensor shown =
      mask.all_valid ? maps
                     : maps.masked_fill(valid == 0, -std::numeric_limits<double>::infinity());
  const torch::Tensor mean = mask.all_valid ? maps.mean(2) : (maps * valid).sum(2) / valid.sum(2);
  return torch::stack({shown.amax(2), mean}, 2).flatten(1);
}

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
  /// @throws UsageError when the spectrogram has not 96 bands
  Musicnn(const MusicnnOptions& options, const NetworkShape& shape);
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

Musicnn::Musicnn(const MusicnnOptions& options, const NetworkShape& shape)
    : shape_(shape), head_(*this, options, shape, MusicnnOptions::embedding_size) {
  require_tagger_bands("musicnn", shape);
  input_ = register_module("input", TaggerInput(1));
  for (const std::int64_t bands : {38, 67}) {
    timbral_.push_back(register_module("timbral_" + std::to_string(bands),
                                       TaggerConv(1, kTimbralMaps, kSteps, bands)));
  }
  for (const std::int64_t steps : {128, 64, 32}) {
    temporal_.push_back(register_module("temporal_" + std::to_string(steps),
                                        TaggerConv(1, kTemporalMaps, steps, 1)));
  }
  const auto middle = [&](const char* name, std::int64_t channels) {
    return register_module(name, TaggerConv(1, kMidMaps, kSteps, channels));
  };
  mid_1_ = middle("mid_1", kFrontMaps);
  mid_2_ = middle("mid_2", kMidMaps);
  mid_3_ = middle("mid_3", kMidMaps);
  pool_ = register_module("pool", TaggerInput(2 * kAllMaps));
  dense_ = register_module("dense", MusicnnDense(2 * kAllMaps, MusicnnOptions::embedding_size));
}

/// [B, 1, T, 96] → [B, 561, T]
torch::Tensor Musicnn::front_end(const torch::Tensor& x) {
  std::vector<torch::Tensor> branches;
  for (const std::vector<TaggerConv>* kind : {&timbral_, &temporal_}) {
    for (TaggerConv conv : *kind) branches.push_back(conv->maximum_over_bands(x));
  }
  return torch::cat(branches, 1);
}

NetworkOutput Musicnn::forward(const NetworkInput& input) {
  const Spectrograms spectrograms = spectrograms_of(input, shape_);
  // Time before frequency, and silence (0) where there is padding.
  torch::Tensor x = spectrograms.values.transpose(1, 2);
  if (!spectrograms.mask.all_valid) x = x * spectrograms.mask.valid.unsqueeze(2);
  const torch::Tensor front = front_end(input_->forward(x.unsqueeze(1)));
  const torch::Tensor a = mid_1_->over_all_bands(front);
  const torch::Tensor b = a + mid_2_->over_all_bands(a);
  const torch::Tensor c = b + mid_3_->over_all_bands(b);
  const torch::Tensor pooled =
      pool_->forward(pool_time(torch::cat({front, a, b, c}, 1), spectrograms.mask));
  const torch::Tensor embedding = dense_->embedding(head_.drop_input(pooled, input.keys));
  return head_.forward(embedding, dense_->normalize(embedding), input.keys);
}

}  // namespace

void add_musicnn(NetworkTable& table) { add_network<Musicnn, MusicnnOptions>(table); }

}  // namespace mer
