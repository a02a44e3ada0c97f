#pragma once

#include <optional>
#include <span>
#include <vector>

#include "mer/config/classic_options.hpp"
#include "mer/config/input_options.hpp"
#include "mer/store/lld_plan.hpp"
#include "mer/store/segments.hpp"
#include "mer/store/song_features.hpp"
#include "mer/store/standardization.hpp"

namespace mer {

/// Below this share of the mean a deviation is rounding of single-precision values.
inline constexpr double kRoundingFraction = 1e-6;

/// Statistics of a column over frames.
///
///   mean, deviation s = sqrt(Σ (x − mean)² / n), skewness Σ (x − mean)³ / (n s³), percentiles,
///   mean |x[t+1] − x[t]| over frames that follow each other in the source
///
/// A column that does not vary has skewness 0; without two neighboring frames the change is 0.
/// Percentiles are linear between neighbors (Hyndman & Fan's type 7).
struct ColumnStatistics {
  double mean = 0.0;
  double deviation = 0.0;
  double skewness = 0.0;
  double mean_change = 0.0;
  std::vector<double> percentiles;  ///< in the order asked for
};
/// @param values        at least one; reordered
/// @param follows       follows[t] tells whether frame t + 1 is t's neighbor; values.size() − 1
/// @param percentiles   each in 0…100
ColumnStatistics column_statistics(std::span<float> values, std::span<const std::uint8_t> follows,
                                   std::span<const double> percentiles);

/// Turns frames into what a classical system sees: the statistics of every descriptor that
/// inputs.leave_out keeps and of every band of the spectrogram.
///
/// combine: sum adds standardized MFCC and residual phase before their statistics are taken;
/// combine: score gives two rows, as it gives networks two branches; concat's weight says nothing
/// here, because every column is standardized later.
class FrameStatistics {
 public:
  /// @param standardization  of the training songs' frames; wanted where needs_standardization()
  /// @throws UsageError as LldPlan::make(), and when everything is left out
  FrameStatistics(const FeatureLayout& layout, const InputOptions& inputs,
                  std::vector<double> percentiles, std::optional<Standardization> standardization);

  /// Whether frames must be standardized before columns are added up.
  static bool needs_standardization(const FeatureLayout& layout, const InputOptions& inputs);

  int num_branches() const { return static_cast<int>(plan_.branches.size()); }
  int num_columns() const { return num_sources() * num_statistics(); }
  const std::optional<Standardization>& standardization() const { return standardization_; }

  /// @param segment  of the song's kept frames, at least one
  /// @return         [branches, columns]: all columns' means, then all their deviations, …
  RowMatrixXf compute(const SongFeatures& song, const Segment& segment) const;

 private:
  int num_sources() const { return plan_.width + num_bands_; }
  int num_statistics() const { return 4 + static_cast<int>(percentiles_.size()); }
  /// Columns as rows, so that each lies together: [sources, frames].
  RowMatrixXf gather(const SongFeatures& song, std::span<const std::int32_t> frames,
                     const LldPlan::Branch& branch) const;

  LldPlan plan_;
  int lld_width_;
  int spectrogram_width_;
  int num_bands_;  ///< 0 when the spectrogram is left out
  std::vector<double> percentiles_;
  std::optional<Standardization> standardization_;
};

}  // namespace mer
