#pragma once

#include <torch/torch.h>

#include "mer/nn/all_reduce.hpp"
#include "ops/step_mask.hpp"

namespace mer {

/// What a batch norm has learned and seen, [channels] each.
struct BatchNormState {
  torch::Tensor weight, bias, running_mean, running_variance;
  double epsilon = 1e-5;
};

/// In evaluation a batch norm is y = scale · x + shift, [channels] each.
struct FoldedBatchNorm {
  explicit FoldedBatchNorm(const BatchNormState& norm);

  torch::Tensor scale, shift;
};

/// (x − mean) / sqrt(variance + epsilon) · weight + bias. In training mean and (biased) variance
/// are those of the batch, of which `x` is one rank's share, and the running ones follow them; else
/// they are the running ones.
///   input = output  [B, channels, …]
/// @param valid  1 where elements count in training and 0 elsewhere, broadcast to `x`; undefined =
///               all do
torch::Tensor batch_norm(const torch::Tensor& x, BatchNormState& norm, bool training,
                         const AllReduce& all_reduce, const torch::Tensor& valid = {});

/// relu(batch_norm()) by valid elements, 0 at padded steps.
///   input = output  [B, channels, bands, steps]
torch::Tensor batch_norm_relu(const torch::Tensor& x, const StepMask& mask, BatchNormState& norm,
                              bool training, const AllReduce& all_reduce);

}  // namespace mer
