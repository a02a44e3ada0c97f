#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mer/classic/statistics.hpp"
#include "mer/config/classic_options.hpp"
#include "mer/config/input_options.hpp"
#include "mer/config/recipe.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/features/feature_set.hpp"
#include "mer/store/segments.hpp"
#include "mer/store/song_inputs.hpp"
#include "mer/store/song_vector.hpp"
#include "mer/store/standardization.hpp"

namespace mer {

/// What the songs that a classical system sees are made of.
struct SongSources {
  Recipe recipe;
  FeatureLayout layout;                ///< that the recipe gives
  InputOptions inputs;                 ///< of the statistics
  DescriptorOptions descriptors;       ///< of the descriptors
  std::int64_t embedding_columns = 0;  ///< of a patch; 0 = songs have no embeddings
};

/// Turns songs into the rows of a classical system: the blocks that ClassicOptions::inputs names,
/// side by side. Numbers stand in their own units; ClassicModel standardizes each column.
class ClassicInputs {
 public:
  /// @param standardization  of the training songs' frames; wanted where needs_standardization()
  /// @throws UsageError as FrameStatistics and MusicalDescriptors do
  ClassicInputs(const ClassicOptions& options, const SongSources& sources,
                std::optional<Standardization> standardization);

  /// Whether frames must be standardized first, see FrameStatistics.
  static bool needs_standardization(const ClassicOptions& options, const SongSources& sources);

  /// Rows for each song or segment; more than one only where statistics have branches.
  int num_branches() const { return statistics_ ? statistics_->num_branches() : 1; }
  int num_columns() const;
  bool sees_embeddings() const { return song_vector_.sees_embeddings(); }
  const std::optional<Standardization>& standardization() const { return standardization_; }

  /// @param segment  of the song's kept frames, at least one; the whole song when
  ///                 song_vector_over is song
  /// @return         [branches, columns]: statistics, which alone differ between branches, then
  ///                 descriptors, then the embeddings' mean and deviation
  /// @throws std::invalid_argument when embeddings are seen and the song has none, or others
  RowMatrixXf compute(const SongInputs& song, const Segment& segment) const;

 private:
  std::optional<Standardization> standardization_;
  std::optional<FrameStatistics> statistics_;
  SongVectorBuilder song_vector_;
};

}  // namespace mer
