#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>
#include <vector>

#include "feature_settings.hpp"
#include "inputs.hpp"
#include "mer/report/descriptor_table.hpp"
#include "mer/report/feature_view.hpp"

namespace mer::app {

/// The songs' musical descriptors, a row a song that could be read, in the order of the inputs.
class DescriptorRows {
 public:
  /// What is given must outlive this object.
  DescriptorRows(const FeatureSettings& settings, const std::vector<Input>& inputs);

  /// Songs may be added by several threads at once.
  void add(std::size_t index, const FeatureView& view);

  DescriptorTable table() const;

 private:
  MusicalDescriptors descriptors_;
  const FeatureSettings& settings_;
  const std::vector<Input>& inputs_;
  std::vector<Eigen::VectorXf> rows_;  // parallel to the inputs
};

/// @param format  csv, npz or safetensors
void write_descriptors(const DescriptorTable& table, const std::filesystem::path& file,
                       const std::string& format);

}  // namespace mer::app
