#include "mer/store/tagger_recipe.hpp"

#include <nlohmann/json.hpp>

namespace mer {

Recipe tagger_recipe() {
  constexpr int kBands = 96;
  Recipe recipe;
  recipe.audio.sample_rate_hz = 16000;
  FeatureOptions& features = recipe.features;
  features.spectrogram = SpectrogramKind::kCompressedMel;
  features.lld.clear();
  features.frame.window_samples = 512;
  features.frame.hop_samples = 256;
  features.frame.window = WindowKind::kHann;
  features.frame.padding = FramePadding::kCenter;
  features.mel.num_bands = kBands;
  return recipe;
}

}  // namespace mer
