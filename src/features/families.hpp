#pragma once

#include "mer/features/frame_features.hpp"

// The entries of builtin_frame_features(); each stands in the file of its feature.
namespace mer {

FrameFeatureFamily mfcc_family();
FrameFeatureFamily residual_phase_family();
FrameFeatureFamily f0_family();
FrameFeatureFamily voicing_family();
FrameFeatureFamily formant_family();
FrameFeatureFamily contrast_family();
FrameFeatureFamily chroma_family();

}  // namespace mer
