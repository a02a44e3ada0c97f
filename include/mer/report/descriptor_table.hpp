#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/report/feature_view.hpp"

namespace mer {

/// Musical descriptors of songs: a row a song, a column a descriptor.
struct DescriptorTable {
  std::vector<Descriptor> columns;
  std::vector<std::string> paths;  ///< the songs, in the order of the rows
  RowMatrixXf values;              ///< [songs, descriptors]
  TensorMetadata metadata;         ///< what made them: "recipe", "descriptors" (options), …
};

/// Collects the descriptors of songs, a row a song that could be read, in the order of the paths.
class DescriptorRows {
 public:
  DescriptorRows(MusicalDescriptors descriptors, std::vector<std::string> paths,
                 TensorMetadata metadata);

  /// Songs may be added by several threads at once.
  void add(std::size_t index, const FeatureView& view);
  DescriptorTable table() const;

 private:
  MusicalDescriptors descriptors_;
  std::vector<std::string> paths_;
  TensorMetadata metadata_;
  std::vector<Eigen::VectorXf> rows_;  // parallel to the paths
};

/// The table as CSV: `path` and the descriptors' names, then a row a song.
std::string descriptors_csv(const DescriptorTable& table);

/// The table as NumPy's .npz:
///
///   path [N] str    descriptors [N, D] f4    names [D] str    families [D] str    units [D] str
///   metadata str: the metadata as JSON
///
/// @throws Error when the file can't be written
void write_descriptors_npz(const std::filesystem::path& file, const DescriptorTable& table);

/// The table as a tensor file: `descriptors` [N, D]; in its metadata, beside the table's, "paths",
/// "names", "families" and "units" as JSON.
/// @throws Error when the file can't be written
void write_descriptors_tensor(const std::filesystem::path& file, const DescriptorTable& table);

/// The table in a file; beside a CSV, in `<file>.json`, the metadata with family and unit of each
/// column under "columns".
/// @param format  csv, npz or safetensors
void write_descriptors(const DescriptorTable& table, const std::filesystem::path& file,
                       const std::string& format);

}  // namespace mer
