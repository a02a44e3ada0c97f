#include "mer/features/feature_options.hpp"

namespace mer {

void FeatureOptions::visit(OptionsVisitor& v) {
  v.choice("spectrogram", spectrogram,
           {{"logmel", SpectrogramKind::kLogMel},
            {"mel", SpectrogramKind::kMel},
            {"linear", SpectrogramKind::kLinear}},
           "mel bands in dB, mel bands as power, or the plain power spectrum");
  v.section("frame", frame);
  v.section("mel", mel);
  v.section("mfcc", mfcc);
  v.section("residual_phase", residual_phase);
  v.section("pitch", pitch);
  v.section("formants", formants);
  v.section("contrast", contrast);
  v.section("chroma", chroma);
}

}  // namespace mer
