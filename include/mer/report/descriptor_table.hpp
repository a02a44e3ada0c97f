#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/report/feature_view.hpp"

namespace mer {

/// What a row is of, where it is not of a whole song.
struct PartOfSong {
  double start_s = 0.0;  ///< in the source file
  double end_s = 0.0;
  bool valid = true;  ///< whether VAD hears music in it
};

/// Musical descriptors of songs: a row a song, a column a descriptor. Or embeddings: a row a part
/// of a song, a column a number of a network.
struct DescriptorTable {
  std::vector<Descriptor> columns;
  std::vector<std::string> paths;  ///< the songs, in the order of the rows
  std::vector<PartOfSong> parts;   ///< parallel to paths; empty for descriptors
  RowMatrixXf values;              ///< [rows, columns]
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

/// The table as CSV: `path`, `start_s,end_s,valid` where it has parts, and the columns' names, then
/// the rows.
std::string descriptors_csv(const DescriptorTable& table);

/// The table as NumPy's .npz:
///
///   path [N] str    descriptors [N, D] f4    names [D] str    families [D] str    units [D] str
///   metadata str: the metadata as JSON
///
/// With parts `start_s` [N] f8, `end_s` [N] f8 and `valid` [N] bool besides, and `embeddings` in
/// the place of `descriptors`.
/// @throws Error when the file can't be written
void write_descriptors_npz(const std::filesystem::path& file, const DescriptorTable& table);

/// The table as a tensor file: `descriptors` [N, D], or `embeddings`, `start_s`, `end_s`, `valid`;
/// in its metadata, beside the table's, "paths", "names", "families" and "units" as JSON.
/// @throws Error when the file can't be written
void write_descriptors_tensor(const std::filesystem::path& file, const DescriptorTable& table);

/// The table in a file; beside a CSV, in `<file>.json`, the metadata with family and unit of each
/// column under "columns".
/// @param format  csv, npz or safetensors
void write_descriptors(const DescriptorTable& table, const std::filesystem::path& file,
                       const std::string& format);

}  // namespace mer
