#pragma once

#include <string>
#include <vector>

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

/// What the spectrogram matrix holds: mel bands in dB, mel bands as power, the power spectrum
/// itself (window / 2 + 1 bins, linear in frequency and in power), or mel bands compressed as the
/// networks of Pons & Serra (2019) want them, log10(1 + 10000 · mel power): 0 in silence.
enum class SpectrogramKind { kLogMel, kMel, kLinear, kCompressedMel };

/// Every family of descriptors that FeatureOptions::lld can name, in the order of their columns.
std::vector<std::string> lld_families();

/// Everything that decides what the features of a signal are (its rate apart).
struct FeatureOptions {
  SpectrogramKind spectrogram = SpectrogramKind::kLogMel;
  std::vector<std::string> lld = lld_families();  ///< which, in this order; may be empty
  FrameOptions frame;
  MelOptions mel;
  MfccOptions mfcc;
  ResidualPhaseOptions residual_phase;
  PitchOptions pitch;
  FormantOptions formants;
  ContrastOptions contrast;
  ChromaOptions chroma;

  bool has(const std::string& family) const;

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
