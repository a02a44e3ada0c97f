#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <optional>
#include <string>
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
///
/// They also tell how unlike the training songs a song is. Of its vector x with the coordinates c
/// [K] on the axes, whose variances among the training songs are λ, and what is left over, r, whose
/// mean variance a column is σ²:
///
///   distance² = Σ_k c_k² / λ_k  +  |r|² / σ²
///
/// (probabilistic PCA; Tipping & Bishop 1999). `unlike` is the share of held-out songs that are
/// nearer: training songs that were left out, in five folds by groups, of axes found from the rest.
class SongAxes {
 public:
  static constexpr Eigen::Index kMaxAxes = 24;
  static constexpr std::size_t kMaxSongs = 512;  ///< that the axes are found from
  /// Fewer held-out songs say nothing of a share; there are no distances then.
  static constexpr Eigen::Index kFewestHeldOut = 50;

  /// @param rows    of training songs, [N, D], in which something varies
  /// @param groups  of the songs, N
  static std::optional<SongAxes> fit(const Eigen::MatrixXd& rows,
                                     const std::vector<std::string>& groups);
  /// Tensors `axes.mean` [D] and `axes.directions` [K, D]; none in a file without them. In older
  /// files there are no `axes.variances` [K + 1] (σ² at the end) and `axes.held_out` (percentiles
  /// of the distances, 0…100): such models don't say how unlike a song is.
  /// @throws UsageError when they don't fit each other
  static std::optional<SongAxes> from(const TensorFile& file);
  void add_to(NamedTensors& tensors) const;

  /// Coordinates, in units of the first axis' deviation among the training songs.
  /// @throws std::invalid_argument unless the vector has the axes' size
  std::vector<double> coordinates(const std::vector<double>& vector) const;

  /// Share of held-out songs that are nearer to the training songs, 0…1; NaN where it isn't known.
  /// @throws std::invalid_argument as coordinates()
  double unlike(const std::vector<double>& vector) const;

 private:
  SongAxes() = default;
  explicit SongAxes(const PrincipalAxes& axes);
  Eigen::VectorXd centered(const std::vector<double>& vector) const;
  double distance(const Eigen::VectorXd& centered) const;
  void learn_distances(const Eigen::MatrixXd& rows, const std::vector<std::string>& groups);

  std::vector<float> mean_;
  RowMatrixXf directions_;         ///< [K, D], each divided by √λ_1
  std::vector<double> variances_;  ///< λ, then σ²; empty = not known
  std::vector<double> held_out_;   ///< ascending
};

/// Finds a trained model's axes and writes them into its file. Nothing happens where the songs have
/// no two different places.
/// @param songs   of its training, in any number: kMaxSongs of them, evenly chosen, count
/// @param groups  of the songs, parallel to them
void add_song_axes(const std::filesystem::path& model_file, const std::vector<SongFiles>& songs,
                   const std::vector<std::string>& groups, const std::string& device,
                   const WeightFiles& weights);

}  // namespace mer
