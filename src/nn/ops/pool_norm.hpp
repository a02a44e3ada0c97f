#pragma once

#include <torch/torch.h>

#include "mer/nn/all_reduce.hpp"

namespace mer {

/// Max-pooling and batch norm of maps on the CPU, each one pass over memory and one node of the
/// gradient's graph. LibTorch's own operations, with masks beside them, made more than half of the
/// paper network's step: they read and write its 128 x 430 maps some thirty times.
/// Maps are [B, channels, bands, steps], `valid` [B, steps] float, 1 = music, 0 = padding; float or
/// double, any strides; results are channels-last.

/// Maximum over windows of `pool_frequency` x `pool_time` valid elements, windows at the far edges
/// may be short. A window without a valid element gives 0; the gradient goes to the first of equal
/// maxima. NaN wins over numbers.
///   input  [B, channels, bands, steps]
///   output [B, channels, ceil(bands / pool_frequency), ceil(steps / pool_time)]
torch::Tensor masked_max_pool(const torch::Tensor& maps, const torch::Tensor& valid,
                              int pool_frequency, int pool_time);

/// relu((x − mean) / sqrt(variance + epsilon) · weight + bias), 0 at padded steps. Mean and
/// (biased) variance of each channel are those of the batch's valid elements, which are returned
/// too, summed in an order that does not depend on the number of threads. With a collective they
/// are those of all ranks' maps together, and so is the gradient that comes back to `maps`;
/// weight's and bias's gradients are this rank's share.
///   input = output  [B, channels, bands, steps]
struct NormalizedMaps {
  torch::Tensor maps;
  torch::Tensor mean;      ///< [channels], without gradient
  torch::Tensor variance;  ///< [channels], without gradient
  double count = 0.0;      ///< valid elements a channel, of all ranks
};
NormalizedMaps norm_relu(const torch::Tensor& maps, const torch::Tensor& valid,
                         const torch::Tensor& weight, const torch::Tensor& bias, double epsilon,
                         const AllReduce& all_reduce = {});

/// The same with a mean and a variance that are given, [channels].
torch::Tensor norm_relu_with(const torch::Tensor& maps, const torch::Tensor& valid,
                             const torch::Tensor& weight, const torch::Tensor& bias,
                             const torch::Tensor& mean, const torch::Tensor& variance,
                             double epsilon);

}  // namespace mer
