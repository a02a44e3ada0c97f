#include "feature_layout.hpp"

#include <stdexcept>

namespace mer {
namespace {

ColumnGroup spectrogram_group(const FeatureOptions& options) {
  ColumnGroup group;
  if (options.spectrogram == SpectrogramKind::kLinear) {
    group.name = "power_spectrum";
    group.num_columns = options.frame.window_samples / 2 + 1;
    group.unit = "power";
    group.source = "Harris (1978)";
    group.description = "power spectrum of the windowed frame, bins rate/window Hz apart";
    return group;
  }
  group.num_columns = options.mel.num_bands;
  group.source = options.mel.scale == MelScale::kSlaney ? "Slaney (1998)" : "Young et al. (HTK)";
  switch (options.spectrogram) {
    case SpectrogramKind::kLogMel:
      group.name = "logmel";
      group.unit = "dB";
      group.description = "10 log10 of the power in each mel band, at least -100";
      break;
    case SpectrogramKind::kCompressedMel:
      group.name = "compressed_mel";
      group.unit = "log10";
      group.description = "log10(1 + 10000 power) of each mel band, 0 in silence";
      break;
    default:
      group.name = "mel";
      group.unit = "power";
      group.description = "power in each mel band";
  }
  return group;
}

}  // namespace

const ColumnGroup& FeatureLayout::group(const std::string& name) const {
  for (const ColumnGroup& candidate : lld) {
    if (candidate.name == name) return candidate;
  }
  throw std::invalid_argument("there is no group of columns '" + name + "'");
}

double FeatureLayout::frame_time_s(std::int64_t frame) const {
  return (static_cast<double>(frame) * hop_samples - padding_samples + window_samples / 2.0) /
         sample_rate_hz;
}

FeatureLayout make_feature_layout(const FeatureOptions& options, int sample_rate_hz) {
  FeatureLayout layout;
  layout.spectrogram = spectrogram_group(options);
  layout.sample_rate_hz = sample_rate_hz;
  layout.window_samples = options.frame.window_samples;
  layout.hop_samples = options.frame.hop_samples;
  layout.padding_samples = options.frame.padding_samples();
  for (const auto& [name, family] : options.table()) {
    if (!options.has(name)) continue;
    const std::vector<std::string> columns = family.columns(options);
    layout.lld.push_back({name, layout.lld_width(), static_cast<int>(columns.size()), family.unit,
                          family.source, family.description});
    layout.lld_columns.insert(layout.lld_columns.end(), columns.begin(), columns.end());
  }
  return layout;
}

}  // namespace mer
