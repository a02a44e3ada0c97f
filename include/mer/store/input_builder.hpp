#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "mer/config/input_options.hpp"
#include "mer/config/input_parts.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_set.hpp"
#include "mer/store/lld_plan.hpp"
#include "mer/store/segments.hpp"
#include "mer/store/standardization.hpp"

namespace mer {

/// Sizes of one segment's input; 0 for parts that are not made.
struct InputShape {
  int spectrogram_bands = 0;
  int spectrogram_steps = 0;
  int lld_columns = 0;
  int lld_steps = 0;
  int lld_branches = 1;  ///< 2 with combine: score (MFCC + rest, RP + rest)
  int song_vector_columns = 0;
};

/// A batch in plain memory, row-major.
struct InputBatch {
  FloatTensor spectrogram;        ///< [B, bands, steps]
  FloatTensor spectrogram_valid;  ///< [B, steps], 1 = music, 0 = padding
  std::vector<FloatTensor> lld;   ///< one a branch, [B, steps, columns]
  FloatTensor lld_valid;          ///< [B, steps]
  FloatTensor song_vector;        ///< [B, columns], 0 columns where the network looks at none
};

/// Standardizes, combines, pools and pads segments. Means and deviations run over valid frames
/// only; a step without a valid frame is 0 with mask 0. With InputOptions::Padding::kZeros all
/// frames are valid: those after the music are silent ones.
class InputBuilder {
 public:
  /// @param standardization  of the training songs, of their summaries too where parts want one
  /// @throws UsageError as LldPlan::make(), and when nothing is left of the spectrogram or the
  ///         descriptors
  InputBuilder(const FeatureLayout& layout, std::int64_t segment_frames,
               const InputOptions& options, Standardization standardization,
               const InputParts& parts = {});

  const InputShape& shape() const { return shape_; }
  /// Where each group of descriptors lies in the LLD input; with Statistics::kMeanStd the
  /// deviations follow in the same order, `lld_plan().width` columns further on.
  const LldPlan& lld_plan() const { return plan_; }
  InputBatch make_batch(std::int64_t batch_size) const;
  /// Writes one segment into row `row`, all of it (padding becomes zeros); safe from several
  /// threads for different rows.
  /// @throws std::invalid_argument when the segment is not within the song, or longer than a
  /// segment
  void fill(const SongFeatures& song, const Segment& segment, std::int64_t row,
            InputBatch& batch) const;
  /// Writes one segment's song_vector (SongVectorBuilder::compute()), standardized, into row `row`.
  /// @throws std::invalid_argument when it has another width
  void fill_song_vector(const Eigen::VectorXf& song_vector, std::int64_t row,
                        InputBatch& batch) const;

 private:
  using RowArray = Eigen::Array<float, 1, Eigen::Dynamic>;

  /// Frames are rows of these values.
  void fill_spectrogram(const Eigen::Ref<const RowMatrixXf>& values,
                        std::span<const std::int32_t> frames, std::int64_t row,
                        InputBatch& batch) const;
  void fill_lld(const Eigen::Ref<const RowMatrixXf>& values, std::span<const std::int32_t> frames,
                std::int64_t row, InputBatch& batch) const;

  std::int64_t segment_frames_;
  InputOptions options_;
  InputParts parts_;
  int bands_;                                       ///< κ1
  int columns_;                                     ///< D
  RowArray spectrogram_mean_, spectrogram_scale_;   ///< [κ1], scale = 1 / deviation
  RowArray lld_mean_, lld_scale_;                   ///< [D]
  RowMatrixXf pooled_lld_mean_, pooled_lld_scale_;  ///< [branches, columns], or empty
  RowArray silent_spectrogram_, silent_lld_;        ///< of one frame; empty unless padding is zeros
  RowArray song_vector_mean_, song_vector_scale_;   ///< [song_vector columns]
  LldPlan plan_;
  InputShape shape_;
};

/// Fills Standardization::pooled_lld_* with the mean and deviation of every pooled descriptor over
/// the training songs (cut into segments without overlap; the rest of a song counts too). A column
/// that never varies has deviation 1. Nothing without descriptors among the parts. Sums in double
/// precision, in the given order.
void standardize_pooled_lld(const EachSong& songs, const FeatureLayout& layout,
                            std::int64_t segment_frames, const InputOptions& options,
                            const InputParts& parts, Standardization& standardization);

}  // namespace mer
