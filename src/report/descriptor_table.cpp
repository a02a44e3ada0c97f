#include "mer/report/descriptor_table.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "mer/core/json.hpp"
#include "mer/core/text.hpp"
#include "mer/report/feature_view.hpp"
#include "npz_file.hpp"

namespace mer {
namespace {

struct Columns {
  std::vector<std::string> names;
  std::vector<std::string> families;
  std::vector<std::string> units;
};

Columns columns_of(const DescriptorTable& table) {
  Columns columns;
  for (const Descriptor& descriptor : table.columns) {
    columns.names.push_back(descriptor.name);
    columns.families.push_back(descriptor.family);
    columns.units.push_back(descriptor.unit);
  }
  return columns;
}

std::vector<std::string> readable_paths(const DescriptorTable& table) {
  std::vector<std::string> paths;
  for (const std::string& path : table.paths) paths.push_back(to_valid_utf8(path));
  return paths;
}

std::span<const float> values_of(const DescriptorTable& table) {
  return {table.values.data(), static_cast<std::size_t>(table.values.size())};
}

std::string shortest(float value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof(digits), value).ptr};
}

}  // namespace

DescriptorRows::DescriptorRows(MusicalDescriptors descriptors, std::vector<std::string> paths,
                               TensorMetadata metadata)
    : descriptors_(std::move(descriptors)),
      paths_(std::move(paths)),
      metadata_(std::move(metadata)),
      rows_(paths_.size()) {}

void DescriptorRows::add(std::size_t index, const FeatureView& view) {
  rows_[index] = describe(descriptors_, view.spectrogram, view.lld, view.energy_db, view.kept);
}

DescriptorTable DescriptorRows::table() const {
  DescriptorTable table;
  table.columns = descriptors_.descriptors();
  table.metadata = metadata_;
  table.values.resize(static_cast<Eigen::Index>(rows_.size()), descriptors_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].size() == 0) continue;  // this song could not be read
    table.values.row(static_cast<Eigen::Index>(table.paths.size())) = rows_[i].transpose();
    table.paths.push_back(paths_[i]);
  }
  table.values.conservativeResize(static_cast<Eigen::Index>(table.paths.size()), Eigen::NoChange);
  return table;
}

std::string descriptors_csv(const DescriptorTable& table) {
  std::vector<std::string> cells = columns_of(table).names;
  cells.insert(cells.begin(), "path");
  std::string text = csv_line(cells);
  const std::vector<std::string> paths = readable_paths(table);
  for (std::size_t song = 0; song < paths.size(); ++song) {
    cells = {paths[song]};
    for (const float value : table.values.row(static_cast<Eigen::Index>(song))) {
      cells.push_back(shortest(value));
    }
    text += csv_line(cells);
  }
  return text;
}

void write_descriptors_npz(const std::filesystem::path& file, const DescriptorTable& table) {
  const Columns columns = columns_of(table);
  NpzFile npz(file, {});
  npz.add_texts("path", readable_paths(table));
  npz.add("descriptors", "<f4", {table.values.rows(), table.values.cols()},
          std::as_bytes(values_of(table)));
  npz.add_texts("names", columns.names);
  npz.add_texts("families", columns.families);
  npz.add_texts("units", columns.units);
  npz.add_text("metadata", metadata_json(table.metadata).dump());
  npz.finish();
}

void write_descriptors_tensor(const std::filesystem::path& file, const DescriptorTable& table) {
  const Columns columns = columns_of(table);
  TensorMetadata metadata = table.metadata;
  metadata["paths"] = nlohmann::json(readable_paths(table)).dump();
  metadata["names"] = nlohmann::json(columns.names).dump();
  metadata["families"] = nlohmann::json(columns.families).dump();
  metadata["units"] = nlohmann::json(columns.units).dump();
  write_tensor_file(
      file,
      {{"descriptors", view_of(values_of(table), {table.values.rows(), table.values.cols()})}},
      metadata);
}

void write_descriptors(const DescriptorTable& table, const std::filesystem::path& file,
                       const std::string& format) {
  if (format == "csv") {
    nlohmann::ordered_json description = metadata_json(table.metadata);
    for (const Descriptor& column : table.columns) {
      description["columns"].push_back(
          {{"name", column.name}, {"family", column.family}, {"unit", column.unit}});
    }
    write_text_file(file.string() + ".json", json_text(description, 2) + "\n");
    write_text_file(file, descriptors_csv(table));
  } else if (format == "npz") {
    write_descriptors_npz(file, table);
  } else {
    write_descriptors_tensor(file, table);
  }
}

}  // namespace mer
