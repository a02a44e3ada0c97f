#pragma once

#include <torch/torch.h>

namespace mer {

// The largest values of MusiCNN's first convolutions, without the maps that they are the largest
// of: of 30 to 96 numbers one is kept. Correlations are products of spectra here, about a seventh
// of the arithmetic; each inverse transform is looked at in the cache and forgotten. Evaluation on
// the CPU only: there is no gradient.

/// Largest correlation of each step's neighborhood with a filter over all its places among the
/// bands:
///   y[b, c, t] = max_f Σ_{i<S} Σ_{j<J} x[b, f + j, t + i − (S − 1)/2] · w[c, i, j], f ≤ bands − J
/// with zeros before and after the T steps.
/// @param x       [B, 96, T] float
/// @param filters [C, S, J], S odd, J ≤ 96
/// @return        [B, C, T]
torch::Tensor maxima_over_places(const torch::Tensor& x, const torch::Tensor& filters);

/// Largest correlation of a filter along time over all bands:
///   y[b, c, t] = max_f Σ_{i<S} x[b, f, t + i − (S − 1)/2] · w[c, i]   ((S − 1)/2 rounded down)
/// @param x       [B, bands, T] float
/// @param filters [C, S], S ≤ 192
/// @return        [B, C, T]
torch::Tensor maxima_over_bands(const torch::Tensor& x, const torch::Tensor& filters);

}  // namespace mer
