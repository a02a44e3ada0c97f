#include "mer/features/feature_options.hpp"

#include <algorithm>

namespace mer {

std::vector<std::string> lld_families() {
  return {"mfcc", "residual_phase", "f0", "voicing", "formants", "contrast", "chroma"};
}

bool FeatureOptions::has(const std::string& family) const {
  return std::find(lld.begin(), lld.end(), family) != lld.end();
}

void FeatureOptions::visit(OptionsVisitor& v) {
  v.choice("spectrogram", spectrogram,
           {{"logmel", SpectrogramKind::kLogMel},
            {"mel", SpectrogramKind::kMel},
            {"linear", SpectrogramKind::kLinear},
            {"compressed_mel", SpectrogramKind::kCompressedMel}},
           "mel bands in dB, mel bands as power, the plain power spectrum, or mel bands as log10(1 "
           "+ 10000 power)");
  v.field("lld", lld, "frame features to compute; [] for none");
  v.section("frame", frame);
  v.section("mel", mel);
  v.section("mfcc", mfcc);
  v.section("residual_phase", residual_phase);
  v.section("pitch", pitch);
  v.section("formants", formants);
  v.section("contrast", contrast);
  v.section("chroma", chroma);
}

// One list, one spelling: the columns' order is fixed, and so is the list's in fingerprints.
void FeatureOptions::validate() const { require_ordered_words("lld", lld, lld_families()); }

}  // namespace mer
