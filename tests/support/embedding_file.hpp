#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_set.hpp"

namespace mer::test {

/// A file of embeddings without any audio behind it. Patch p lies at 3 p … 3 p + 3 seconds.
struct EmbeddingFile {
  RowMatrixXf matrix;                                                       ///< [patches, columns]
  std::vector<std::uint8_t> valid;                                          ///< [patches]
  std::vector<std::pair<std::string, int>> networks = {{"vgg_tagger", 3}};  ///< name, columns
  nlohmann::ordered_json recipe = {{"embed", {{"networks", {"vgg_tagger"}}}}};

  TensorMetadata metadata() const {
    nlohmann::ordered_json groups = nlohmann::ordered_json::array();
    int first = 0;
    for (const auto& [name, columns] : networks) {
      groups.push_back({{"name", name}, {"first_column", first}, {"num_columns", columns}});
      first += columns;
    }
    return {{"networks", groups.dump()},
            {"recipe", recipe.dump()},
            {"fingerprint", "\"abc\""},
            {"duration_s", "9"},
            {"warnings", "[]"}};
  }

  std::filesystem::path write(const std::filesystem::path& file) const {
    std::vector<double> times;
    for (Eigen::Index patch = 0; patch < matrix.rows(); ++patch) {
      times.push_back(3.0 * static_cast<double>(patch));
      times.push_back(times.back() + 3.0);
    }
    const std::int64_t count = matrix.rows();
    const std::span<const float> values(matrix.data(), static_cast<std::size_t>(matrix.size()));
    write_tensor_file(file,
                      {{"embeddings", view_of(values, {count, matrix.cols()})},
                       {"valid", view_of(std::span<const std::uint8_t>(valid), {count})},
                       {"time_s", view_of(std::span<const double>(times), {count, 2})}},
                      metadata());
    return file;
  }
};

}  // namespace mer::test
