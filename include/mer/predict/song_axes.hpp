#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <optional>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/metrics/embedding_scores.hpp"

namespace mer {

struct SongFiles;

/// The axes along which a model's songs differ most, kept in its file, so that a song's place among
/// others is the same whenever and with whatever songs it is predicted.
///
/// Of what a network has before its last layer, or of what a classical system's classifiers see
/// (mean over segments), the principal axes of training songs.
class SongAxes {
 public:
  static constexpr Eigen::Index kMaxAxes = 24;
  static constexpr std::size_t kMaxSongs = 512;  ///< that the axes are found from

  explicit SongAxes(const PrincipalAxes& axes);
  /// Tensors `axes.mean` [D] and `axes.directions` [K, D]; none in a file without them.
  /// @throws UsageError when they don't fit each other
  static std::optional<SongAxes> from(const TensorFile& file);
  void add_to(NamedTensors& tensors) const;

  /// Coordinates, in units of the first axis' deviation among the training songs.
  /// @throws std::invalid_argument unless the vector has the axes' size
  std::vector<double> coordinates(const std::vector<double>& vector) const;

 private:
  SongAxes() = default;

  std::vector<float> mean_;
  RowMatrixXf directions_;  ///< [K, D]
};

/// Finds a trained model's axes and writes them into its file. Nothing happens where the songs have
/// no two different places.
/// @param songs  of its training, in any number: kMaxSongs of them, evenly chosen, count
void add_song_axes(const std::filesystem::path& model_file, const std::vector<SongFiles>& songs,
                   const std::string& device, const WeightFiles& weights);

}  // namespace mer
