#include "descriptor_rows.hpp"

#include <nlohmann/json.hpp>

#include "mer/core/text.hpp"
#include "mer/core/version.hpp"

namespace mer::app {

DescriptorRows::DescriptorRows(const FeatureSettings& settings, const std::vector<Input>& inputs)
    : descriptors_(settings.descriptors, settings.recipe.features,
                   settings.recipe.audio.sample_rate_hz),
      settings_(settings),
      inputs_(inputs),
      rows_(inputs.size()) {}

void DescriptorRows::add(std::size_t index, const FeatureView& view) {
  rows_[index] = describe(descriptors_, view.spectrogram, view.lld, view.energy_db, view.kept);
}

DescriptorTable DescriptorRows::table() const {
  DescriptorTable table;
  table.columns = descriptors_.descriptors();
  table.metadata = {{"recipe", to_json(settings_.recipe).dump()},
                    {"fingerprint", settings_.recipe.fingerprint()},
                    {"descriptors", to_json(settings_.descriptors).dump()},
                    {"mer_version", kVersion}};
  table.values.resize(static_cast<Eigen::Index>(rows_.size()), descriptors_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].size() == 0) continue;  // this song could not be read
    table.values.row(static_cast<Eigen::Index>(table.paths.size())) = rows_[i].transpose();
    table.paths.push_back(inputs_[i].path.string());
  }
  table.values.conservativeResize(static_cast<Eigen::Index>(table.paths.size()), Eigen::NoChange);
  return table;
}

void write_descriptors(const DescriptorTable& table, const std::filesystem::path& file,
                       const std::string& format) {
  if (format == "csv") {
    write_text_file(file, descriptors_csv(table));
  } else if (format == "npz") {
    write_descriptors_npz(file, table);
  } else {
    write_descriptors_tensor(file, table);
  }
}

}  // namespace mer::app
