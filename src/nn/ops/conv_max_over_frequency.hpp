#pragma once

#include <torch/torch.h>

#include "mer/nn/all_reduce.hpp"
#include "ops/batch_norm.hpp"

namespace mer {

/// Largest correlation of each step's neighborhood with a filter over all its places among the
/// bands:
///   y[b, c, t] = max_f Σ_{i<S} Σ_{j<J} x[b, f + j, t + i − (S − 1)/2] · w[c, i, j], f ≤ bands − J
/// with zeros before and after the T steps; (S − 1)/2 rounded down. Of 30 to 96 numbers one is
/// kept, so the maps that they are the largest of are never made: correlations are products of
/// spectra, about a seventh of the arithmetic, and each inverse transform is looked at in the cache
/// and forgotten. On the CPU, without gradient.
/// @param x        [B, 96, T] float
/// @param filters  [C, S, J]: S odd and J ≤ 96, or J = 1 and S ≤ 192
/// @return         [B, C, T]
torch::Tensor conv_max_over_frequency(const torch::Tensor& x, const torch::Tensor& filters);

/// The largest value over all bands of a tagger's convolution of one map, after bias, ReLU and
/// norm. In time the map keeps its size.
///   x       [B, 1, steps, bands]
///   weight  [channels, 1, kernel steps, kernel bands]
///   output  [B, channels, steps]
torch::Tensor conv_relu_norm_max_over_bands(const torch::Tensor& x, const torch::Tensor& weight,
                                            const torch::Tensor& bias, BatchNormState& norm,
                                            bool training, const AllReduce& all_reduce);

}  // namespace mer
