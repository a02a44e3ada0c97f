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

const char* name_of_values(const DescriptorTable& table) {
  return table.parts.empty() ? "descriptors" : "embeddings";
}

/// The parts column by column.
struct PartColumns {
  explicit PartColumns(const DescriptorTable& table) {
    for (const PartOfSong& part : table.parts) {
      start_s.push_back(part.start_s);
      end_s.push_back(part.end_s);
      valid.push_back(part.valid ? 1 : 0);
    }
  }

  std::vector<double> start_s;
  std::vector<double> end_s;
  std::vector<std::uint8_t> valid;
};

std::span<const float> values_of(const DescriptorTable& table) {
  return {table.values.data(), static_cast<std::size_t>(table.values.size())};
}

template <class Number>
std::string shortest(Number value) {
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
  if (!table.parts.empty()) cells.insert(cells.begin(), {"start_s", "end_s", "valid"});
  cells.insert(cells.begin(), "path");
  std::string text = csv_line(cells);
  const std::vector<std::string> paths = readable_paths(table);
  for (std::size_t row = 0; row < paths.size(); ++row) {
    cells = {paths[row]};
    if (!table.parts.empty()) {
      const PartOfSong& part = table.parts[row];
      cells.insert(cells.end(),
                   {shortest(part.start_s), shortest(part.end_s), part.valid ? "1" : "0"});
    }
    for (const float value : table.values.row(static_cast<Eigen::Index>(row))) {
      cells.push_back(shortest(value));
    }
    text += csv_line(cells);
  }
  return text;
}

void write_descriptors_npz(const std::filesystem::path& file, const DescriptorTable& table) {
  const Columns columns = columns_of(table);
  const PartColumns parts(table);
  NpzFile npz(file, {});
  npz.add_texts("path", readable_paths(table));
  if (!table.parts.empty()) {
    const auto num_rows = static_cast<std::int64_t>(table.parts.size());
    npz.add("start_s", "<f8", {num_rows}, std::as_bytes(std::span(parts.start_s)));
    npz.add("end_s", "<f8", {num_rows}, std::as_bytes(std::span(parts.end_s)));
    npz.add("valid", "|b1", {num_rows}, std::as_bytes(std::span(parts.valid)));
  }
  npz.add(name_of_values(table), "<f4", {table.values.rows(), table.values.cols()},
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
  NamedTensors tensors = {{name_of_values(table),
                           view_of(values_of(table), {table.values.rows(), table.values.cols()})}};
  const PartColumns parts(table);
  if (!table.parts.empty()) {
    const auto num_rows = static_cast<std::int64_t>(table.parts.size());
    tensors.insert(tensors.end(),
                   {{"start_s", view_of(std::span<const double>(parts.start_s), {num_rows})},
                    {"end_s", view_of(std::span<const double>(parts.end_s), {num_rows})},
                    {"valid", view_of(std::span<const std::uint8_t>(parts.valid), {num_rows})}});
  }
  write_tensor_file(file, tensors, metadata);
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
