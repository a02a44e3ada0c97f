#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace mer {

/// A batch norm whose moments are given, as in evaluation: y = relu(scale · x + shift), [channels]
/// each. Without a gradient, pooling and norm need no memory of their own beside it.
struct GivenNorm {
  GivenNorm(const torch::Tensor& weight, const torch::Tensor& bias, const torch::Tensor& mean,
            const torch::Tensor& variance, double epsilon);

  torch::Tensor scale;
  torch::Tensor shift;
};

/// norm_relu_with() of masked_max_pool(), without gradient.
///   maps    [B, channels, bands, steps], float or double, any strides
///   valid   [B, steps]
///   output  [B, channels, ceil(bands / pool_frequency), ceil(steps / pool_time)], channels last
torch::Tensor max_pool_norm_relu(const torch::Tensor& maps, const torch::Tensor& valid,
                                 int pool_frequency, int pool_time, const GivenNorm& norm);

/// One row of the output, [ceil(steps / pool_time), channels], of the up to `pool_frequency` rows
/// [steps, channels] that are pooled into it.
struct RowsToPool {
  const float* valid;  ///< [steps]
  std::int64_t steps, channels;
  std::int64_t bands;  ///< how many rows
  std::int64_t pool_time;
};
void pool_norm_row(const RowsToPool& sizes, const float* rows, const float* scale,
                   const float* shift, float* out);
void pool_norm_row(const RowsToPool& sizes, const double* rows, const double* scale,
                   const double* shift, double* out);

}  // namespace mer
