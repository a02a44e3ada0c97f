#include "feature_layout.hpp"

#include <stdexcept>
#include <utility>

namespace mer {
namespace {

/// Adds a family's columns when the options ask for it.
void add_group(FeatureLayout& layout, const FeatureOptions& options, ColumnGroup group,
               std::vector<std::string> columns) {
  if (!options.has(group.name)) return;
  group.first_column = layout.lld_width();
  group.num_columns = static_cast<int>(columns.size());
  layout.lld.push_back(std::move(group));
  for (std::string& column : columns) layout.lld_columns.push_back(std::move(column));
}

std::vector<std::string> numbered(const std::string& prefix, int count, const std::string& suffix) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i) + suffix);
  return names;
}

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
  const int num_cepstrum = options.mfcc.num_coefficients;
  add_group(layout, options,
            {"mfcc", 0, 0, "dB", "Davis & Mermelstein (1980)",
             "orthonormal DCT-II of the log-mel spectrum: the shape of the spectrum"},
            numbered("mfcc_", num_cepstrum, ""));
  add_group(layout, options,
            {"residual_phase", 0, 0, "dB", "Nalini & Palanivel (2015)",
             "mel-cepstrum of the cosine of the linear-prediction residual's phase"},
            numbered("residual_phase_", num_cepstrum, ""));
  add_group(
      layout, options,
      {"f0", 0, 0, "semitones above 55 Hz", "de Cheveigné & Kawahara (2002)",
       "pitch of the dominant periodicity; held in unvoiced frames, 0 before the first voiced"},
      {"f0_semitones"});
  add_group(layout, options,
            {"voicing", 0, 0, "0…1", "de Cheveigné & Kawahara (2002)",
             "how periodic the frame is: 1 less YIN's aperiodicity"},
            {"voicing"});
  std::vector<std::string> formants;
  for (int i = 1; i <= Formants::kCount; ++i) {
    formants.push_back("formant_" + std::to_string(i) + "_hz");
    formants.push_back("bandwidth_" + std::to_string(i) + "_hz");
  }
  add_group(layout, options,
            {"formants", 0, 0, "Hz", "Markel & Gray (1976); Boersma & Weenink (Praat)",
             "frequency and bandwidth of the three lowest resonances; the last one where missing"},
            std::move(formants));
  add_group(layout, options,
            {"contrast", 0, 0, "dB", "Jiang et al. (2002)",
             "peaks over valleys of the spectrum below the first octave and in each octave band"},
            numbered("contrast_", options.contrast.num_bands + 1, "_db"));
  std::vector<std::string> chroma;
  for (const char* name : {"C", "Cs", "D", "Ds", "E", "F", "Fs", "G", "Gs", "A", "As", "B"}) {
    chroma.push_back(std::string("chroma_") + name);
  }
  add_group(layout, options,
            {"chroma", 0, 0, "0…1", "Ellis (2007)",
             "energy in each pitch class, divided by the frame's largest"},
            std::move(chroma));
  return layout;
}

}  // namespace mer
