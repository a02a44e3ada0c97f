#include "step_statistics.hpp"

#include <algorithm>
#include <cmath>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

MER_INLINE void add_columns(const float* x, std::int64_t width, float* __restrict sum) {
  for (std::int64_t c = 0; c < width; ++c) sum[c] += x[c];
}

/// Means over `pool` neighbors; the last may have fewer.
MER_INLINE void pool_neighbors(const float* x, std::int64_t width, std::int64_t pool,
                               float* __restrict pooled) {
  const std::int64_t whole = width / pool;
  for (std::int64_t i = 0; i < whole; ++i) {
    float sum = 0.0F;
    for (std::int64_t k = 0; k < pool; ++k) sum += x[i * pool + k];
    pooled[i] = sum / static_cast<float>(pool);
  }
  if (whole * pool == width) return;
  float sum = 0.0F;
  for (std::int64_t c = whole * pool; c < width; ++c) sum += x[c];
  pooled[whole] = sum / static_cast<float>(width - whole * pool);
}

}  // namespace

MER_VECTOR_CLONES
void spectrogram_step(const StepFrames& frames, const ColumnScaling& scaling,
                      std::int64_t pool_bands, float* bands, float* pooled) {
  const std::int64_t width = frames.columns;
  float* __restrict mean = bands;
  std::copy_n(frames.row(0), width, mean);
  for (std::size_t i = 1; i < frames.numbers.size(); ++i) {
    add_columns(frames.row(i), width, mean);
  }
  // Standardizing is linear, so the mean of the frames may be taken before it.
  const float share = 1.0F / static_cast<float>(frames.numbers.size());
  for (std::int64_t c = 0; c < width; ++c) {
    mean[c] = (mean[c] * share - scaling.mean[c]) * scaling.scale[c];
  }
  // The usual numbers as constants make vector code.
  if (pool_bands == 1) {
    std::copy_n(mean, width, pooled);
  } else if (pool_bands == 2) {
    pool_neighbors(mean, width, 2, pooled);
  } else {
    pool_neighbors(mean, width, pool_bands, pooled);
  }
}

MER_VECTOR_CLONES
void combine_step(const StepFrames& frames, const ColumnScaling& scaling,
                  const LldPlan::Branch& branch, std::int64_t width, float* combined) {
  for (const LldPlan::Block& block : branch) {
    const float* const mean = scaling.mean + block.source;
    const float* const scale = scaling.scale + block.source;
    for (std::size_t i = 0; i < frames.numbers.size(); ++i) {
      const float* const source = frames.row(i) + block.source;
      float* __restrict target = combined + static_cast<std::int64_t>(i) * width + block.target;
      if (block.adds) {
        for (int c = 0; c < block.width; ++c) {
          target[c] += block.gain * ((source[c] - mean[c]) * scale[c]);
        }
      } else {
        for (int c = 0; c < block.width; ++c) {
          target[c] = block.gain * ((source[c] - mean[c]) * scale[c]);
        }
      }
    }
  }
}

MER_VECTOR_CLONES
void step_moments(const float* combined, std::int64_t num_frames, std::int64_t width, float* means,
                  float* deviations) {
  float* __restrict mean = means;
  std::fill_n(mean, width, 0.0F);
  for (std::int64_t i = 0; i < num_frames; ++i) add_columns(combined + i * width, width, mean);
  const float share = 1.0F / static_cast<float>(num_frames);
  for (std::int64_t c = 0; c < width; ++c) mean[c] *= share;
  if (deviations == nullptr) return;
  float* __restrict squares = deviations;
  std::fill_n(squares, width, 0.0F);
  for (std::int64_t i = 0; i < num_frames; ++i) {
    const float* const x = combined + i * width;
    for (std::int64_t c = 0; c < width; ++c) squares[c] += (x[c] - mean[c]) * (x[c] - mean[c]);
  }
  const auto count = static_cast<float>(num_frames);
  for (std::int64_t c = 0; c < width; ++c) squares[c] = std::sqrt(squares[c] / count);
}

MER_VECTOR_CLONES
void standardize(const ColumnScaling& scaling, std::int64_t width, float* values) {
  float* __restrict x = values;
  for (std::int64_t c = 0; c < width; ++c) x[c] = (x[c] - scaling.mean[c]) * scaling.scale[c];
}

}  // namespace mer
