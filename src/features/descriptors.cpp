#include "mer/features/descriptors.hpp"

#include <algorithm>
#include <numbers>
#include <stdexcept>
#include <string>

#include "descriptors/dynamics.hpp"
#include "descriptors/family.hpp"
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

namespace {

using MakeFamily = std::unique_ptr<Family> (*)(const DescriptorOptions&, const Eigen::ArrayXd&);

struct Entry {
  DescriptorFamily family;
  MakeFamily make;  // from the options and the centers of the mel bands in Hz
};

template <class Made>
std::unique_ptr<Family> make_plain(const DescriptorOptions&, const Eigen::ArrayXd&) {
  return std::make_unique<Made>();
}
template <class Made>
std::unique_ptr<Family> make_of_options(const DescriptorOptions& options, const Eigen::ArrayXd&) {
  return std::make_unique<Made>(options);
}
template <class Made>
std::unique_ptr<Family> make_of_bands(const DescriptorOptions&, const Eigen::ArrayXd& band_hz) {
  return std::make_unique<Made>(band_hz);
}
std::unique_ptr<Family> make_tempo(const DescriptorOptions& options,
                                   const Eigen::ArrayXd& band_hz) {
  return std::make_unique<descriptors::Tempo>(options, band_hz);
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {{"onset", "Bello et al. (2005)", "strength, density and regularity of note onsets"},
       make_of_bands<descriptors::Onset>},
      {{"tempo", "Lartillot et al. (2008)", "tempo and how clear the pulse is"}, make_tempo},
      {{"dynamics", "Tzanetakis & Cook (2002)", "range, steadiness and course of the level"},
       make_plain<descriptors::Dynamics>},
      {{"texture", "Peeters (2004)", "brightness, noisiness and their movement"},
       make_of_bands<descriptors::Texture>},
      {{"tonality", "Krumhansl & Kessler (1982), Harte et al. (2006)",
        "mode, key clarity, degrees, chords, harmonic movement"},
       make_of_options<descriptors::Tonality>},
      {{"chroma_shape", "Bernardes et al. (2016)",
        "how many pitch classes sound and their intervals"},
       make_plain<descriptors::ChromaShape>},
      {{"modulation", "Pampalk (2001)", "fluctuation of eight groups of bands, 0.33 to 21 Hz"},
       make_of_options<descriptors::Modulation>},
      {{"melody", "Salamon et al. (2012)", "voiced share, range and movement of the pitch"},
       make_plain<descriptors::Melody>},
      {{"loudness", "-", "level of the recording in dBFS"}, make_plain<descriptors::Loudness>}};
  return all;
}

const Entry* find_entry(const std::string& name) {
  const auto found = std::find_if(entries().begin(), entries().end(), [&name](const Entry& entry) {
    return entry.family.name == name;
  });
  return found == entries().end() ? nullptr : &*found;
}

}  // namespace

const std::vector<DescriptorFamily>& descriptor_families() {
  static const std::vector<DescriptorFamily> families = [] {
    std::vector<DescriptorFamily> all;
    for (const Entry& entry : entries()) all.push_back(entry.family);
    return all;
  }();
  return families;
}

void DescriptorOptions::visit(OptionsVisitor& v) {
  v.field("families", families,
          "onset, tempo, dynamics, texture, tonality, chroma_shape, modulation, melody, loudness");
  v.field("max_hz", max_hz, between(1000, 400000),
          "mel bands with their center above this frequency are left out");
  v.field("dynamic_range_db", dynamic_range_db, between(10, 120),
          "what lies further below the largest band or the loudest frame counts as so far below");
  v.field("min_bpm", min_bpm, between(20, 400), "slowest tempo, in beats a minute");
  v.field("max_bpm", max_bpm, between(20, 400), "fastest tempo, in beats a minute");
  v.field("key_window_s", key_window_s, between(0.5, 60),
          "windows in which the key is looked for, in seconds");
  v.field("modulation_window_s", modulation_window_s, between(0.5, 60),
          "windows of the modulation spectrum, in seconds");
}

void DescriptorOptions::validate() const {
  if (families.empty()) throw UsageError("families is empty", "name at least one family");
  for (auto family = families.begin(); family != families.end(); ++family) {
    if (find_entry(*family) == nullptr) {
      std::string known;
      for (const Entry& entry : entries()) {
        known += (known.empty() ? "" : ", ") + entry.family.name;
      }
      throw UsageError("families has '" + *family + "': there is no such family",
                       "known are " + known);
    }
    if (std::find(families.begin(), family, *family) != family) {
      throw UsageError("families has '" + *family + "' twice", "leave one out");
    }
  }
  if (min_bpm >= max_bpm) {
    throw UsageError("min_bpm is " + format_number(min_bpm) + ": it must be below max_bpm, " +
                         format_number(max_bpm),
                     "40 and 240 are usual");
  }
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
      min_voicing(static_cast<float>(features.pitch.min_voicing)) {
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
    families.push_back(find_entry(name)->make(options, band_hz));
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
