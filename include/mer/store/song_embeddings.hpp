#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_set.hpp"
#include "mer/store/segments.hpp"

namespace mer {

/// Columns of the matrix that are one network's embedding.
struct EmbeddingGroup {
  std::string network;
  std::int64_t first_column = 0;
  std::int64_t num_columns = 0;
};

/// A song's embeddings by frozen networks (see EmbeddingExtractor), mapped: tensors `embeddings`
/// [P, D], `valid` [P], `time_s` [P, 2]; metadata: the recipe, its fingerprint, the networks'
/// columns, the file's length, remarks, mer's version.
class SongEmbeddings {
 public:
  /// @throws UsageError when it is not a file of embeddings
  static SongEmbeddings open(const std::filesystem::path& file);

  std::int64_t num_patches() const { return num_patches_; }
  /// All networks' embeddings of every patch, [P, D].
  Eigen::Map<const RowMatrixXf> matrix() const;
  const std::vector<EmbeddingGroup>& groups() const { return groups_; }
  /// Patches that count, 1 = VAD keeps at least half of the frames; where no patch has that many,
  /// those with the most. [P], never all 0
  std::span<const std::uint8_t> valid() const;
  /// Start and end of a patch in the source file.
  TimeSpan time_span(std::int64_t patch) const;

  /// What stands for the song: the mean over the patches that count, then their deviation (divided
  /// by their number, 0 for one patch). [2 · D]
  Eigen::VectorXf mean_and_deviation() const;
  /// What stands for a part of the song: the same over the patches that count and have their center
  /// in it; where there is none, of the one that counts and has its center nearest to the part's.
  /// @param span  in the source file
  Eigen::VectorXf mean_and_deviation(const TimeSpan& span) const;

  double duration_s() const { return duration_s_; }  ///< of the source file
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& fingerprint() const { return fingerprint_; }
  /// Everything that decided what the numbers mean.
  const nlohmann::ordered_json& recipe() const { return recipe_; }

 private:
  explicit SongEmbeddings(TensorFile file);

  /// The numbers of the patches that count, ascending.
  std::vector<std::int64_t> valid_patches() const;
  Eigen::VectorXf mean_and_deviation_of(const std::vector<std::int64_t>& patches) const;

  TensorFile file_;
  std::int64_t num_patches_ = 0;
  std::vector<EmbeddingGroup> groups_;
  double duration_s_ = 0.0;
  std::vector<std::string> warnings_;
  std::string fingerprint_;
  nlohmann::ordered_json recipe_;
};

}  // namespace mer
