#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "ops/packed_matrix.hpp"

namespace mer {

/// 3 × 3 convolutions that keep a map's size, by Winograd's algorithm on tiles of 4 × 4 values
/// (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks", F(4 × 4, 3 × 3)): a
/// value costs 2.25 multiplications for each pair of an input and an output channel, not 9.
/// Rounding errors are some ten times those of a sum in order: 1e-6 of the result's RMS for 16
/// channels, 2e-6 for 128. Zeros beyond a shorter map change nothing of what it would give by
/// itself, not even a bit.
///
/// float, channels a multiple of eight, rows of maps in memory as [steps, channels]. Whatever the
/// axes are called, they are rows and columns here.
class WinogradConv {
 public:
  /// Whether a convolution is of this kind and may be computed here: on the CPU, a square of three,
  /// float, channels in eights.
  static bool fits(const torch::Tensor& maps, const torch::Tensor& weight);

  /// @param weight  [channels, in_channels, 3, 3], fits()
  explicit WinogradConv(const torch::Tensor& weight);

  std::int64_t in_channels() const { return in_channels_; }
  std::int64_t channels() const { return filters_.columns(); }

  /// Room for what one thread computes in between; may be used again.
  struct Scratch {
    std::vector<float> strip, tiles, products;
  };
  /// One element's maps.
  ///   maps  [rows, columns, in_channels]
  ///   out   [rows, columns, channels]
  void convolve(const float* maps, std::int64_t rows, std::int64_t columns, float* out,
                Scratch& scratch) const;

 private:
  std::int64_t in_channels_;
  PackedMatrix filters_;  ///< 36 matrices [in_channels, channels]
};

/// Such a convolution with its gradients, which are computed in the same way: on the CPU, maps'
/// gradient by 2.25 multiplications too, weights' from the tiles' products. Their rounding errors
/// are of the same size. Results do not depend on the number of threads.
///   maps    [B, in_channels, bands, steps] float
///   weight  [channels, in_channels, 3, 3]
///   output  [B, channels, bands, steps], channels last
torch::Tensor winograd_conv(const torch::Tensor& maps, const torch::Tensor& weight);

}  // namespace mer
