#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "layers/layers.hpp"
#include "mer/config/network_parts.hpp"
#include "ops/conv_block.hpp"

namespace mer {

/// Maps and the mask of their steps, as they go from one convolution to the next.
struct MaskedMaps {
  torch::Tensor maps;  ///< [B, channels, bands, steps]; padded steps are 0
  StepMask mask;
};

/// The one map of a spectrogram [B, bands, steps]; padded steps become 0.
MaskedMaps single_map(const torch::Tensor& spectrogram, const StepMask& mask);

/// The max-pooling, batch norm and ReLU that follow each convolution.
///   input  [B, in_channels, bands, steps]
///   output [B, channels, ceil(bands / pool.frequency), ceil(steps / pool.time)]
///
/// The order is ours, for every configuration: ReLU and max-pooling may change places without
/// effect, and statistics over the pooled map cost a quarter. Only valid steps take part in a
/// maximum, so a padded segment has exactly the maps of the shorter one.
class PoolNormImpl : public torch::nn::Module {
 public:
  PoolNormImpl(std::int64_t channels, PoolSizes pool);
  /// @param convs  the convolutions before, side by side
  MaskedMaps forward(const MaskedMaps& input, const std::vector<torch::Tensor>& convs);

 private:
  PoolSizes pool_;
  NormRelu norm_{nullptr};
};
TORCH_MODULE(PoolNorm);

/// C1 and P1: two parallel convolutions, one along time and one along frequency, side by side.
///   input  [B, 1, bands, steps]
///   output [B, 2 · c1_channels, ceil(bands / pool.frequency), ceil(steps / pool.time)]
/// The input has one map, so that there is nothing to separate: `conv: separable` leaves C1 as it
/// is.
class TimeFrequencyConvImpl : public torch::nn::Module {
 public:
  explicit TimeFrequencyConvImpl(const ConvBranchOptions& options);
  MaskedMaps forward(const MaskedMaps& input);

 private:
  torch::nn::Conv2d time_{nullptr};
  torch::nn::Conv2d frequency_{nullptr};
  PoolNorm pool_{nullptr};
};
TORCH_MODULE(TimeFrequencyConv);

struct SquareConvSizes {
  std::int64_t in_channels = 1;
  std::int64_t out_channels = 1;
  int kernel = 3;          ///< side, odd
  bool separable = false;  ///< a square one within each map, then 1 × 1 across maps
  PoolSizes pool;
};

/// A square convolution, full or depthwise-separable, and what follows it.
///   input  [B, in_channels, bands, steps]
///   output [B, out_channels, ceil(bands / pool.frequency), ceil(steps / pool.time)]
class SquareConvImpl : public torch::nn::Module {
 public:
  explicit SquareConvImpl(const SquareConvSizes& sizes);
  MaskedMaps forward(const MaskedMaps& input);

 private:
  torch::nn::Conv2d depthwise_{nullptr};  // absent in a plain convolution
  torch::nn::Conv2d conv_{nullptr};
  PoolNorm pool_{nullptr};
};
TORCH_MODULE(SquareConv);

}  // namespace mer
