#include "mer/features/descriptors.hpp"

#include <algorithm>
#include <stdexcept>

#include "descriptors/dynamics.hpp"
#include "descriptors/family.hpp"
#include "descriptors/melody.hpp"
#include "descriptors/modulation.hpp"
#include "descriptors/rhythm.hpp"
#include "descriptors/texture.hpp"
#include "descriptors/tonality.hpp"
#include "feature_layout.hpp"
#include "mer/core/error.hpp"

namespace mer {

using descriptors::Family;
using descriptors::Frames;
using descriptors::Writer;

void DescriptorOptions::visit(OptionsVisitor& v) {
  v.field("families", families, "families of descriptors");
  v.field("dynamic_range_db", dynamic_range_db, between(10, 120), "range");
  v.field("min_bpm", min_bpm, between(20, 400), "slowest tempo looked for");
  v.field("max_bpm", max_bpm, between(20, 400), "fastest");
  v.field("key_window_s", key_window_s, between(0.5, 60), "");
  v.field("modulation_window_s", modulation_window_s, between(0.5, 60), "");
}
void DescriptorOptions::validate() const {}

struct MusicalDescriptors::Impl {
  Impl(const DescriptorOptions& options_in, const FeatureOptions& features, int sample_rate_hz)
      : options(options_in),
        layout(make_feature_layout(features, sample_rate_hz)),
        min_voicing(static_cast<float>(features.pitch.min_voicing)) {
    const int count = layout.spectrogram_columns();
    const double top_hz = features.mel.max_hz > 0.0 ? features.mel.max_hz : sample_rate_hz / 2.0;
    const double low = hz_to_mel(features.mel.min_hz, features.mel.scale);
    const double step = (hz_to_mel(top_hz, features.mel.scale) - low) / (count + 1);
    Eigen::ArrayXd band_hz(count);
    for (int i = 0; i < count; ++i)
      band_hz[i] = mel_to_hz(low + (i + 1) * step, features.mel.scale);
    Frames silence = prepare(RowMatrixXf::Constant(1, count, -100.0F),
                             RowMatrixXf::Zero(1, layout.lld_width()), std::vector<float>{-120.0F});
    for (const std::string& name : options.families) {
      families.push_back(make(name, band_hz));
      Writer names(name, list);
      families.back()->compute(silence, names);
    }
  }
  std::unique_ptr<Family> make(const std::string& name, const Eigen::ArrayXd& band_hz) {
    if (name == "onset") return std::make_unique<descriptors::Onset>(band_hz);
    if (name == "tempo") return std::make_unique<descriptors::Tempo>(options, band_hz);
    if (name == "dynamics") return std::make_unique<descriptors::Dynamics>();
    if (name == "loudness") return std::make_unique<descriptors::Loudness>();
    if (name == "texture") return std::make_unique<descriptors::Texture>(band_hz);
    if (name == "tonality") return std::make_unique<descriptors::Tonality>(options);
    if (name == "chroma_shape") return std::make_unique<descriptors::ChromaShape>();
    if (name == "modulation") return std::make_unique<descriptors::Modulation>(options);
    if (name == "melody") return std::make_unique<descriptors::Melody>();
    throw UsageError("no family " + name, "");
  }
  Frames prepare(const Eigen::Ref<const RowMatrixXf>& spectrogram,
                 const Eigen::Ref<const RowMatrixXf>& lld, std::span<const float> energy_db) const {
    const auto range = static_cast<float>(options.dynamic_range_db);
    const auto columns = [&](const char* name) {
      const ColumnGroup& group = layout.group(name);
      return lld.middleCols(group.first_column, group.num_columns).array();
    };
    const Eigen::Map<const Eigen::ArrayXf> level(energy_db.data(),
                                                 static_cast<Eigen::Index>(energy_db.size()));
    Frames frames;
    frames.per_s = static_cast<double>(layout.sample_rate_hz) / layout.hop_samples;
    frames.mel_db = (spectrogram.array() - spectrogram.maxCoeff()).max(-range);
    frames.level_dbfs = level;
    frames.level_db = (level - level.maxCoeff()).max(-range);
    frames.chroma = columns("chroma");
    frames.contrast_db = columns("contrast");
    frames.pitch_semitones = columns("f0");
    frames.voicing = columns("voicing");
    frames.min_voicing = min_voicing;
    return frames;
  }

  DescriptorOptions options;
  FeatureLayout layout;
  float min_voicing;
  std::vector<std::unique_ptr<Family>> families;
  std::vector<Descriptor> list;
};

MusicalDescriptors::MusicalDescriptors(const DescriptorOptions& options,
                                       const FeatureOptions& features, int sample_rate_hz)
    : impl_(std::make_unique<Impl>(options, features, sample_rate_hz)) {}
MusicalDescriptors::~MusicalDescriptors() = default;
MusicalDescriptors::MusicalDescriptors(MusicalDescriptors&&) noexcept = default;
MusicalDescriptors& MusicalDescriptors::operator=(MusicalDescriptors&&) noexcept = default;

const std::vector<Descriptor>& MusicalDescriptors::descriptors() const { return impl_->list; }

Eigen::VectorXf MusicalDescriptors::compute(const Eigen::Ref<const RowMatrixXf>& spectrogram,
                                            const Eigen::Ref<const RowMatrixXf>& lld,
                                            std::span<const float> energy_db) const {
  const Frames frames = impl_->prepare(spectrogram, lld, energy_db);
  Eigen::VectorXf values(size());
  Writer out(values);
  for (const auto& family : impl_->families) family->compute(frames, out);
  return values;
}

}  // namespace mer
