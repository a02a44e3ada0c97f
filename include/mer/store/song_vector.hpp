#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>

#include "mer/config/recipe.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/store/segments.hpp"
#include "mer/store/song_inputs.hpp"

namespace mer {

/// What a SongVectorBuilder is made of.
struct SongVectorSources {
  Recipe recipe;                                 ///< of the songs' features
  std::optional<DescriptorOptions> descriptors;  ///< none = no musical descriptors
  std::int64_t embedding_columns = 0;            ///< of a patch; 0 = no embeddings
  bool over_songs = false;                       ///< of the whole song, whichever segment is asked
};

/// One vector that sums up a song or a segment: musical descriptors of its kept frames, then the
/// mean and the deviation of frozen networks' embeddings. Numbers stand in their own units.
class SongVectorBuilder {
 public:
  /// @throws UsageError as MusicalDescriptors does
  explicit SongVectorBuilder(const SongVectorSources& sources);

  int num_columns() const;  ///< 0 when it is made of nothing
  bool sees_embeddings() const { return embedding_columns_ > 0; }
  bool over_songs() const { return over_songs_; }

  /// May be called by several threads at once.
  ///
  /// @param segment  of the song's kept frames, at least one
  /// @return         [num_columns()]
  /// @throws std::invalid_argument when the segment is empty or outside the song, or when
  ///         embeddings are seen and the song has none, or others
  Eigen::VectorXf compute(const SongInputs& song, const Segment& segment) const;

 private:
  Eigen::VectorXf descriptors_of(const SongFeatures& song, const Segment& segment) const;
  Eigen::VectorXf embeddings_of(const SongInputs& song, const Segment& segment) const;

  bool over_songs_;
  int sample_rate_hz_;
  int window_samples_;
  std::int64_t embedding_columns_;
  std::optional<MusicalDescriptors> descriptors_;
};

}  // namespace mer
