#pragma once

#include "mer/config/recipe.hpp"

namespace mer {

/// The front end that the pre-trained taggers (networks musicnn and vgg_tagger) were trained with:
/// 16 kHz; centered frames of 512 samples every 256, Hann; 96 Slaney bands to 8 kHz;
/// log10(1 + 10000 · power); no descriptors. VAD and the part of the song that is read are as
/// usual.
/// Source: Pons & Serra (2019), "musicnn: Pre-trained convolutional neural networks for music audio
/// tagging".
Recipe tagger_recipe();

/// Frames of the patches that the taggers were trained on: 3 s.
inline constexpr int kTaggerPatchFrames = 187;

}  // namespace mer
