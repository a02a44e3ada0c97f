#include "mer/features/descriptors.hpp"

#include <algorithm>
#include <numbers>
#include <stdexcept>
#include <string>

#include "descriptors/dynamics.hpp"
#include "descriptors/melody.hpp"
#include "descriptors/modulation.hpp"
#include "descriptors/rhythm.hpp"
#include "descriptors/texture.hpp"
#include "descriptors/tonality.hpp"
#include "feature_layout.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

using descriptors::Family;
using descriptors::Frames;
using descriptors::Writer;

DescriptorFamilyTable builtin_descriptors() {
  DescriptorFamilyTable table;
  table.add("onset", descriptors::onset_family());
  table.add("tempo", descriptors::tempo_family());
  table.add("dynamics", descriptors::dynamics_family());
  table.add("texture", descriptors::texture_family());
  table.add("tonality", descriptors::tonality_family());
  table.add("chroma_shape", descriptors::chroma_shape_family());
  table.add("modulation", descriptors::modulation_family());
  table.add("melody", descriptors::melody_family());
  table.add("loudness", descriptors::loudness_family());
  return table;
}

DescriptorOptions::DescriptorOptions(const DescriptorFamilyTable& table)
    : table_(std::make_shared<DescriptorFamilyTable>(table)) {
  for (const auto& [name, family] : table) {
    if (family.is_default) families.push_back(name);
    sections_.insert(sections_.end(), family.sections.begin(), family.sections.end());
  }
}

void DescriptorOptions::visit(OptionsVisitor& v) {
  v.field("families", families, join(table_->names(), ", "));
  v.field("max_hz", max_hz, between(1000, 400000),
          "mel bands with their center above this frequency are left out");
  v.field("dynamic_range_db", dynamic_range_db, between(10, 120),
          "what lies further below the largest band or the loudest frame counts as so far below");
  for (OptionSection& section : sections_) section.options.visit(v);
}

void DescriptorOptions::validate() const {
  if (families.empty()) throw UsageError("families is empty", "name at least one family");
  for (auto family = families.begin(); family != families.end(); ++family) {
    if (table_->find(*family) == nullptr) {
      throw UsageError("families has '" + *family + "': there is no such family",
                       "known are " + join(table_->names(), ", "));
    }
    if (std::find(families.begin(), family, *family) != family) {
      throw UsageError("families has '" + *family + "' twice", "leave one out");
    }
  }
  for (const OptionSection& section : sections_) section.options.validate();
}

struct MusicalDescriptors::Impl {
  Impl(const DescriptorOptions& options, const FeatureOptions& features, int sample_rate_hz);

  Frames prepare(const Eigen::Ref<const RowMatrixXf>& spectrogram,
                 const Eigen::Ref<const RowMatrixXf>& lld, std::span<const float> energy_db) const;

  FeatureLayout layout;
  Eigen::Index num_bands;  // up to max_hz
  SpectrogramKind spectrogram_kind;
  float dynamic_range_db;
  float min_voicing;
  std::vector<std::unique_ptr<Family>> families;
  std::vector<Descriptor> list;
};

MusicalDescriptors::Impl::Impl(const DescriptorOptions& options, const FeatureOptions& features,
                               int sample_rate_hz)
    : layout(make_feature_layout(features, sample_rate_hz)),
      spectrogram_kind(features.spectrogram),
      dynamic_range_db(static_cast<float>(options.dynamic_range_db)),
      min_voicing(static_cast<float>(features.of<PitchOptions>().min_voicing)) {
  options.validate();
  if (features.spectrogram == SpectrogramKind::kLinear) {
    throw UsageError("features.spectrogram is linear: musical descriptors need mel bands",
                     "set features.spectrogram=logmel");
  }
  for (const char* family : {"f0", "voicing", "contrast", "chroma"}) {
    if (features.has(family)) continue;
    throw UsageError(
        std::string("features.lld leaves out ") + family + ", which musical descriptors need",
        "set features.lld=[f0, voicing, contrast, chroma], or leave it at its default");
  }
  Eigen::ArrayXd band_hz = mel_band_hz(features.mel, sample_rate_hz);
  num_bands = (band_hz <= options.max_hz).count();
  if (num_bands == 0) {
    throw UsageError("descriptors.max_hz is " + format_number(options.max_hz) +
                         ": the lowest mel band is centered at " + format_number(band_hz[0]) +
                         " Hz",
                     "set descriptors.max_hz to a higher frequency");
  }
  band_hz.conservativeResize(num_bands);
  const float silence_dbfs = -120.0F;
  const Frames silence = prepare(RowMatrixXf::Zero(1, layout.spectrogram_columns()),
                                 RowMatrixXf::Zero(1, layout.lld_width()), {&silence_dbfs, 1});
  for (const std::string& name : options.families) {
    families.push_back(options.table().find(name)->make(options, band_hz));
    Writer names(name, list);
    families.back()->compute(silence, names);
  }
}

Frames MusicalDescriptors::Impl::prepare(const Eigen::Ref<const RowMatrixXf>& spectrogram,
                                         const Eigen::Ref<const RowMatrixXf>& lld,
                                         std::span<const float> energy_db) const {
  const auto columns = [&](const char* name) {
    const ColumnGroup& group = layout.group(name);
    return lld.middleCols(group.first_column, group.num_columns).array();
  };
  Frames frames;
  frames.per_s = static_cast<double>(layout.sample_rate_hz) / layout.hop_samples;
  frames.mel_db = spectrogram.leftCols(num_bands).array();
  if (spectrogram_kind == SpectrogramKind::kCompressedMel) {
    frames.mel_db = 1e-4F * (std::numbers::ln10_v<float> * frames.mel_db).expm1();
  }
  if (spectrogram_kind != SpectrogramKind::kLogMel) {
    frames.mel_db = 10.0F * frames.mel_db.max(1e-10F).log10();
  }
  frames.mel_db = (frames.mel_db - frames.mel_db.maxCoeff()).max(-dynamic_range_db);
  frames.level_dbfs = Eigen::Map<const Eigen::ArrayXf>(energy_db.data(), spectrogram.rows());
  frames.level_db = (frames.level_dbfs - frames.level_dbfs.maxCoeff()).max(-dynamic_range_db);
  frames.chroma = columns("chroma");
  frames.contrast_db = columns("contrast");
  frames.pitch_semitones = columns("f0");
  frames.voicing = columns("voicing");
  frames.min_voicing = min_voicing;
  return frames;
}

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
  const Eigen::Index num_frames = spectrogram.rows();
  if (num_frames < 1 || spectrogram.cols() != impl_->layout.spectrogram_columns() ||
      lld.rows() != num_frames || lld.cols() != impl_->layout.lld_width() ||
      static_cast<Eigen::Index>(energy_db.size()) != num_frames) {
    throw std::invalid_argument("musical descriptors need one to many frames of " +
                                std::to_string(impl_->layout.spectrogram_columns()) +
                                " bands and " + std::to_string(impl_->layout.lld_width()) +
                                " LLDs, got spectrogram [" + std::to_string(num_frames) + ", " +
                                std::to_string(spectrogram.cols()) + "], lld [" +
                                std::to_string(lld.rows()) + ", " + std::to_string(lld.cols()) +
                                "], energies [" + std::to_string(energy_db.size()) + "]");
  }
  const Frames frames = impl_->prepare(spectrogram, lld, energy_db);
  Eigen::VectorXf values(size());
  Writer out(values);
  for (const std::unique_ptr<Family>& family : impl_->families) family->compute(frames, out);
  return values;
}

Eigen::VectorXf describe(const MusicalDescriptors& descriptors,
                         const Eigen::Ref<const RowMatrixXf>& spectrogram,
                         const Eigen::Ref<const RowMatrixXf>& lld, std::span<const float> energy_db,
                         std::span<const std::uint8_t> kept) {
  const auto num_kept = static_cast<Eigen::Index>(std::count(kept.begin(), kept.end(), 1));
  if (num_kept == 0) return Eigen::VectorXf::Zero(descriptors.size());
  if (num_kept == spectrogram.rows()) return descriptors.compute(spectrogram, lld, energy_db);
  RowMatrixXf kept_spectrogram(num_kept, spectrogram.cols());
  RowMatrixXf kept_lld(num_kept, lld.cols());
  std::vector<float> kept_energy_db;
  for (std::size_t frame = 0; frame < kept.size(); ++frame) {
    if (kept[frame] == 0) continue;
    const auto row = static_cast<Eigen::Index>(kept_energy_db.size());
    kept_spectrogram.row(row) = spectrogram.row(static_cast<Eigen::Index>(frame));
    kept_lld.row(row) = lld.row(static_cast<Eigen::Index>(frame));
    kept_energy_db.push_back(energy_db[frame]);
  }
  return descriptors.compute(kept_spectrogram, kept_lld, kept_energy_db);
}

}  // namespace mer
