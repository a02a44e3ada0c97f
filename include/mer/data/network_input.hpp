#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mer/core/input_parts.hpp"
#include "mer/core/options.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/data/segments.hpp"
#include "mer/data/standardisation.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// From standardised frames to what a network sees.
struct InputOptions {
  /// How MFCC and residual phase come together: beside each other [w·MFCC, (1−w)·RP], summed, or as
  /// two LLD branches whose class probabilities are weighted.
  enum class Combine { kConcat, kSum, kScore } combine = Combine::kConcat;
  double mfcc_weight = 0.5;  ///< w; the residual phase has 1 − w
  /// Bring each band to mean 0 and deviation 1 over the training songs. Networks that were trained
  /// on the bands as they are (musicnn, vgg_tagger) want false.
  bool standardise_spectrogram = true;
  int spectrogram_pool_bands = 1;   ///< mean over this many neighbouring mel bands
  int spectrogram_pool_frames = 1;  ///< … and this many frames
  int lld_pool_frames = 1;          ///< LLD statistics over this many frames
  enum class Statistics { kMean, kMeanDeviation } lld_statistics = Statistics::kMean;
  /// Standardise the pooled descriptors once more: a mean over frames varies less than a frame, and
  /// a deviation has another mean than 0. Undoes mfcc_weight, but for combine: sum and score.
  bool standardise_pooled_lld = false;

  void visit(OptionsVisitor& v);
};

/// Sizes of one segment's input; 0 for parts that are not made.
struct InputShape {
  int spectrogram_bands = 0;
  int spectrogram_steps = 0;
  int lld_columns = 0;
  int lld_steps = 0;
  int lld_branches = 1;  ///< 2 with combine: score (MFCC + rest, RP + rest)
};

/// A batch in plain memory, row-major.
struct InputBatch {
  FloatTensor spectrogram;        ///< [B, bands, steps]
  FloatTensor spectrogram_valid;  ///< [B, steps], 1 = music, 0 = padding
  std::vector<FloatTensor> lld;   ///< one a branch, [B, steps, columns]
  FloatTensor lld_valid;          ///< [B, steps]
};

/// Standardises, combines, pools and pads segments. Means and deviations run over valid frames
/// only; a step without a valid frame is 0 with mask 0.
class InputBuilder {
 public:
  InputBuilder(const FeatureLayout& layout, std::int64_t segment_frames,
               const InputOptions& options, Standardisation standardisation,
               const InputParts& parts = {});

  const InputShape& shape() const { return shape_; }
  InputBatch make_batch(std::int64_t batch_size) const;
  /// Writes one segment into row `row`, all of it (padding becomes zeros); safe from several
  /// threads for different rows.
  /// @throws std::invalid_argument when the segment is not within the song, or longer than a
  /// segment
  void fill(const SongFeatures& song, const Segment& segment, std::int64_t row,
            InputBatch& batch) const;

 private:
  using RowArray = Eigen::Array<float, 1, Eigen::Dynamic>;
  /// Columns of the feature file that become columns of a branch, times `gain`.
  struct Block {
    int source = 0;
    int target = 0;
    int width = 0;
    float gain = 1.0F;
    bool adds = false;  ///< to what an earlier block has put there
  };
  using Branch = std::vector<Block>;

  void plan_branches(const FeatureLayout& layout);
  void plan_mfcc(const FeatureLayout& layout);
  void fill_spectrogram(const SongFeatures& song, std::span<const std::int32_t> frames,
                        std::int64_t row, InputBatch& batch) const;
  /// Means of neighbouring bands.
  void pool_bands(const RowArray& bands, Eigen::Ref<Eigen::RowVectorXf> pooled) const;
  /// One frame's descriptors [D], standardised, as a branch wants them [branch_width_].
  void combine(const Branch& branch, const float* columns, float* combined) const;
  void fill_lld(const SongFeatures& song, std::span<const std::int32_t> frames, std::int64_t row,
                InputBatch& batch) const;

  std::int64_t segment_frames_;
  InputOptions options_;
  InputParts parts_;
  int bands_;                                       ///< κ1
  int columns_;                                     ///< D
  RowArray spectrogram_mean_, spectrogram_scale_;   ///< [κ1], scale = 1 / deviation
  RowArray lld_mean_, lld_scale_;                   ///< [D]
  RowMatrixXf pooled_lld_mean_, pooled_lld_scale_;  ///< [branches, columns], or empty
  std::vector<Branch> branches_;
  int branch_width_ = 0;
  InputShape shape_;
};

/// Fills Standardisation::pooled_lld_* with the mean and deviation of every pooled descriptor over
/// the training songs (cut into segments without overlap; the rest of a song counts too). A column
/// that never varies has deviation 1. Nothing without descriptors among the parts. Sums in double
/// precision, in the given order.
void standardise_pooled_lld(const EachSong& songs, const FeatureLayout& layout,
                            std::int64_t segment_frames, const InputOptions& options,
                            const InputParts& parts, Standardisation& standardisation);

}  // namespace mer
