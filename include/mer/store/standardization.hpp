#pragma once

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "mer/config/recipe.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/store/song_features.hpp"

namespace mer {

/// Mean and deviation of every column over the kept frames of the training songs; each song counts
/// its frames once, whatever its segments. A column that never varies has deviation 1.
struct Standardization {
  std::vector<float> spectrogram_mean, spectrogram_deviation;  ///< [κ1]
  std::vector<float> lld_mean, lld_deviation;                  ///< [D]

  /// Of the pooled descriptors as a network sees them, branch after branch [branches × columns];
  /// empty unless inputs.standardize_pooled_lld (standardize_pooled_lld() fills them).
  std::vector<float> pooled_lld_mean, pooled_lld_deviation;

  /// Of the summaries that a network sees (fit_song_vectors()); empty where it sees none.
  std::vector<float> song_vector_mean, song_vector_deviation;

  /// A frame of digital silence, before standardization [κ1], [D]; empty unless inputs.padding is
  /// zeros (take_silence() fills them).
  std::vector<float> silent_spectrogram, silent_lld;

  /// Sums in double precision, song by song in the given order.
  static Standardization fit(const EachSong& songs);
  /// Fills song_vector_*: every vector counts once. A column that never varies has deviation 1.
  /// @param vectors  calls what it is given with each vector, in an order of its own
  void fit_song_vectors(
      const std::function<void(const std::function<void(const Eigen::VectorXf&)>&)>& vectors);
  /// Fills silent_*.
  void take_silence(const Recipe& recipe);
  /// Tensors `standardization.spectrogram.mean` and so on.
  void add_to(NamedTensors& tensors) const;
  static Standardization from(const TensorFile& file);
};

}  // namespace mer
