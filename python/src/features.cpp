#include <nlohmann/json.hpp>

#include "bindings.hpp"
#include "mer/core/version.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/features/mel.hpp"
#include "mer/store/song_features.hpp"

namespace mer::python {
namespace {

using Matrix = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Mask = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;

py::dict to_dict(const ColumnGroup& group) {
  using namespace py::literals;
  return py::dict("name"_a = group.name, "first_column"_a = group.first_column,
                  "num_columns"_a = group.num_columns, "unit"_a = group.unit,
                  "source"_a = group.source, "description"_a = group.description);
}

/// What stands on the axis of the spectrogram.
std::vector<double> band_hz(const FeatureLayout& layout, const FeatureOptions& options) {
  if (options.spectrogram != SpectrogramKind::kLinear) {
    const Eigen::ArrayXd centers = mel_band_hz(options.mel, layout.sample_rate_hz);
    return {centers.begin(), centers.end()};
  }
  std::vector<double> hz;
  for (int bin = 0; bin < layout.spectrogram_columns(); ++bin) {
    hz.push_back(static_cast<double>(bin) * layout.sample_rate_hz / layout.window_samples);
  }
  return hz;
}

py::dict to_dict(const FeatureLayout& layout, const FeatureOptions& options) {
  py::list groups;
  for (const ColumnGroup& group : layout.lld) groups.append(to_dict(group));
  using namespace py::literals;
  return py::dict(
      "spectrogram_group"_a = to_dict(layout.spectrogram),
      "spectrogram_hz"_a = to_array(band_hz(layout, options), {layout.spectrogram_columns()}),
      "groups"_a = groups, "columns"_a = layout.lld_columns);
}

py::dict layout_of(const Settings& settings) {
  const Recipe& recipe = settings.recipe;
  return to_dict(FeatureExtractor(recipe.features, recipe.audio.sample_rate_hz).layout(),
                 recipe.features);
}

/// Grows row by row, as frames become complete.
struct Rows {
  std::vector<float> spectrogram, lld, energy_db;
  std::vector<double> time_s;

  void add(const FeatureSet& rows, const FeatureLayout& layout, double start_s) {
    const auto append = [](std::vector<float>& all, const auto& more) {
      all.insert(all.end(), more.data(), more.data() + more.size());
    };
    append(spectrogram, rows.spectrogram);
    append(lld, rows.lld);
    append(energy_db, rows.energy_db);
    for (std::int64_t i = 0; i < rows.num_frames(); ++i) {
      time_s.push_back(start_s + layout.frame_time_s(static_cast<std::int64_t>(time_s.size())));
    }
  }
};

py::dict extract(const Settings& settings, Sound sound) {
  const OpenSound open(std::move(sound));
  const Recipe& recipe = settings.recipe;
  Rows rows;
  SongAnalysis analysis;
  {
    const py::gil_scoped_release unlocked;
    const std::unique_ptr<AudioReader> reader = open.read(recipe.audio);
    analysis = analyse_song(
        *reader, open.name(), recipe,
        [&](const FeatureSet& more, const FeatureLayout& layout) {
          rows.add(more, layout, recipe.audio.start_s);
        },
        OpenSound::check_signals);
  }
  const FeatureLayout& layout = analysis.layout;
  const auto num_frames = static_cast<py::ssize_t>(rows.time_s.size());
  using namespace py::literals;
  return py::dict("time_s"_a = to_array(std::move(rows.time_s), {num_frames}),
                  "kept"_a = to_array(std::move(analysis.kept), {num_frames}),
                  "energy_db"_a = to_array(std::move(rows.energy_db), {num_frames}),
                  "spectrogram"_a = to_array(std::move(rows.spectrogram),
                                             {num_frames, layout.spectrogram_columns()}),
                  "lld"_a = to_array(std::move(rows.lld), {num_frames, layout.lld_width()}),
                  "layout"_a = to_dict(layout, recipe.features),
                  "metadata"_a = py::dict(
                      "duration_s"_a = analysis.duration_s, "warnings"_a = analysis.warnings,
                      "fingerprint"_a = recipe.fingerprint(), "mer_version"_a = kVersion));
}

py::array_t<float> describe_frames(const Settings& settings, const Matrix& spectrogram,
                                   const Matrix& lld, const Matrix& energy_db, const Mask& kept) {
  const auto matrix = [](const Matrix& array) {
    if (array.ndim() != 2) throw std::invalid_argument("a matrix of features has two axes");
    return Eigen::Map<const RowMatrixXf>(array.data(), array.shape(0), array.shape(1));
  };
  const auto values = [](const auto& array) {
    return std::span(array.data(), static_cast<std::size_t>(array.size()));
  };
  const auto frames = matrix(spectrogram);
  const auto columns = matrix(lld);
  const auto energies = values(energy_db);
  const auto mask = values(kept);
  if (columns.rows() != frames.rows() || energy_db.size() != frames.rows() ||
      kept.size() != frames.rows()) {
    throw std::invalid_argument("features of different numbers of frames");
  }
  Eigen::VectorXf numbers;
  {
    const py::gil_scoped_release unlocked;
    const MusicalDescriptors descriptors(settings.descriptors, settings.recipe.features,
                                         settings.recipe.audio.sample_rate_hz);
    numbers = describe(descriptors, frames, columns, energies, mask);
  }
  return to_array(std::vector<float>(numbers.begin(), numbers.end()), {numbers.size()});
}

py::list descriptor_table(const Settings& settings) {
  const MusicalDescriptors descriptors(settings.descriptors, settings.recipe.features,
                                       settings.recipe.audio.sample_rate_hz);
  py::list table;
  for (const Descriptor& one : descriptors.descriptors()) {
    using namespace py::literals;
    const DescriptorFamily& family =
        settings.descriptors.table().at(one.family, "family '" + one.family + "'");
    table.append(py::dict("name"_a = one.name, "family"_a = one.family, "unit"_a = one.unit,
                          "source"_a = family.source));
  }
  return table;
}

}  // namespace

void bind_features(py::module_& module) {
  module.def("extract", &extract, py::arg("settings"), py::arg("sound"),
             "Features of a file, or of (samples, rate): arrays, layout and metadata.");
  module.def("layout", &layout_of, py::arg("settings"), "What the columns of features are.");
  module.def("describe", &describe_frames, py::arg("settings"), py::arg("spectrogram"),
             py::arg("lld"), py::arg("energy_db"), py::arg("kept"),
             "The numbers of descriptor_table() for a song's frames.");
  module.def("descriptor_table", &descriptor_table, py::arg("settings"),
             "Name, family, unit and source of each descriptor.");
}

}  // namespace mer::python
