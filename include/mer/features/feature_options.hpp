#pragma once

#include "mer/core/options.hpp"
#include "mer/features/chroma.hpp"
#include "mer/features/contrast.hpp"
#include "mer/features/formants.hpp"
#include "mer/features/frames.hpp"
#include "mer/features/mel.hpp"
#include "mer/features/mfcc.hpp"
#include "mer/features/pitch.hpp"
#include "mer/features/residual_phase.hpp"
#include "mer/features/vad.hpp"

namespace mer {

/// What the spectrogram matrix holds: mel bands in dB, mel bands as power, or the power spectrum
/// itself (window / 2 + 1 bins, linear in frequency and in power).
enum class SpectrogramKind { kLogMel, kMel, kLinear };

/// Everything that decides what the features of a signal are (its rate apart).
struct FeatureOptions {
  SpectrogramKind spectrogram = SpectrogramKind::kLogMel;
  FrameOptions frame;
  MelOptions mel;
  MfccOptions mfcc;
  ResidualPhaseOptions residual_phase;
  PitchOptions pitch;
  FormantOptions formants;
  ContrastOptions contrast;
  ChromaOptions chroma;

  void visit(OptionsVisitor& v);
};

}  // namespace mer
