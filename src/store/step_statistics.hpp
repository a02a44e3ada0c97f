#pragma once

#include <cstdint>
#include <span>

#include "mer/store/lld_plan.hpp"

namespace mer {

// The inner loops of InputBuilder, as vector code of the processor at hand. Each column is computed
// by itself, by the same roundings whatever the width of the vectors.

/// The frames of one step of a segment: rows of a song's matrix.
struct StepFrames {
  const float* values = nullptr;
  std::int64_t columns = 0;
  std::span<const std::int32_t> numbers;  ///< at least one

  const float* row(std::size_t i) const { return values + numbers[i] * columns; }
};

/// x ↦ (x − mean) · scale, column by column.
struct ColumnScaling {
  const float* mean = nullptr;
  const float* scale = nullptr;
};

/// pooled[b] = mean over `pool_bands` neighboring bands of the standardized mean over the frames.
/// @param bands  room for one value a band
void spectrogram_step(const StepFrames& frames, const ColumnScaling& scaling,
                      std::int64_t pool_bands, float* bands, float* pooled);

/// One branch's descriptors of each frame, standardized: [frames, width] in `combined`.
void combine_step(const StepFrames& frames, const ColumnScaling& scaling,
                  const LldPlan::Branch& branch, std::int64_t width, float* combined);

/// Means over the rows of `combined` [num_frames, width]; with `deviations`, those too.
void step_moments(const float* combined, std::int64_t num_frames, std::int64_t width, float* means,
                  float* deviations);

/// values[c] = (values[c] − mean[c]) · scale[c]
void standardize(const ColumnScaling& scaling, std::int64_t width, float* values);

}  // namespace mer
