#pragma once

#include <torch/torch.h>

#include <memory>
#include <mutex>
#include <vector>

#include "mer/nn/all_reduce.hpp"
#include "ops/batch_norm.hpp"

namespace mer {

/// Largest correlation of each step's neighborhood with a filter over all its places among the
/// bands:
///   y[b, c, t] = max_f Σ_{i<S} Σ_{j<J} x[b, f + j, t + i − (S − 1)/2] · w[c, i, j], f ≤ bands − J
/// with zeros before and after the T steps; (S − 1)/2 rounded down. Of 30 to 96 numbers one is
/// kept, so the maps that they are the largest of are never made: correlations are products of
/// spectra, about a seventh of the arithmetic, and each inverse transform is looked at in the cache
/// and forgotten. The filters' own spectra are made once. On the CPU, without gradient.
class ConvMaxOverFrequency {
 public:
  /// @param filters  [C, S, J]: S odd and J ≤ 96, or J = 1 and S ≤ 192
  explicit ConvMaxOverFrequency(const torch::Tensor& filters);

  /// @param x  [B, 96, T] float
  /// @return   [B, C, T]
  torch::Tensor operator()(const torch::Tensor& x) const;

 private:
  torch::Tensor over_places(const torch::Tensor& x) const;
  torch::Tensor over_bands(const torch::Tensor& x) const;

  std::int64_t channels_, taps_, bands_;
  torch::Tensor fourier_;  ///< matrix of a transform of what the filters meet
  torch::Tensor factors_;  ///< of pairs of filters, [C / 2, …, 2 · points]
};

/// What conv_relu_norm_max_over_bands() needs of weights and norm in evaluation: made when they are
/// seen for the first time and again when they have changed. Threads may share it. Changes by way
/// of data(), as optimizers make them, can't be seen: forget() before or after training.
class FoldedMaxima {
 public:
  struct Parts {
    Parts(const torch::Tensor& weight, const torch::Tensor& bias, const BatchNormState& norm);

    ConvMaxOverFrequency largest;
    torch::Tensor sign, bias, scale, shift;  ///< [1, channels, 1]
  };

  std::shared_ptr<const Parts> of(const torch::Tensor& weight, const torch::Tensor& bias,
                                  const BatchNormState& norm);
  void forget();

 private:
  struct Source {
    torch::Tensor memory;  ///< held, so that nothing else gets its address
    std::int64_t version;
  };

  std::mutex mutex_;
  std::vector<Source> made_of_;
  std::shared_ptr<const Parts> parts_;
};

/// The largest value over all bands of a tagger's convolution of one map, after bias, ReLU and
/// norm. In time the map keeps its size.
///   x       [B, 1, steps, bands]
///   weight  [channels, 1, kernel steps, kernel bands]
///   output  [B, channels, steps]
torch::Tensor conv_relu_norm_max_over_bands(const torch::Tensor& x, const torch::Tensor& weight,
                                            const torch::Tensor& bias, BatchNormState& norm,
                                            FoldedMaxima& folded, bool training,
                                            const AllReduce& all_reduce);

}  // namespace mer
