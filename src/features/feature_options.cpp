#include "mer/features/feature_options.hpp"

#include <algorithm>

#include "mer/core/text.hpp"

namespace mer {

FeatureOptions::FeatureOptions(const FrameFeatureTable& table)
    : lld(table.names()), table_(std::make_shared<FrameFeatureTable>(table)) {
  for (const auto& [name, family] : table) {
    for (const OptionSection& section : family.sections) {
      const auto known =
          std::find_if(sections_.begin(), sections_.end(),
                       [&section](const OptionSection& other) { return other.key == section.key; });
      if (known == sections_.end()) sections_.push_back(section);
    }
  }
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
  for (OptionSection& section : sections_) v.section(section.key, section.options);
}

// One list, one spelling: the columns' order is fixed, and so is the list's in fingerprints.
void FeatureOptions::validate() const { require_ordered_words("lld", lld, table_->names()); }

}  // namespace mer
