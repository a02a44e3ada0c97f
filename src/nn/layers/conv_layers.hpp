#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "layers/layers.hpp"
#include "mer/config/model_options.hpp"

namespace mer {

/// Maps and the mask of their steps, as they go from one convolution to the next.
struct MaskedMaps {
  torch::Tensor maps;  ///< [B, channels, bands, steps]; padded steps are 0
  StepMask mask;
};

/// The one map of a spectrogram [B, bands, steps]; padded steps become 0.
MaskedMaps single_map(const torch::Tensor& spectrogram, const StepMask& mask);

/// Max-pooling → batch norm → ReLU, what follows each convolution.
///   input  [B, channels, bands, steps]
///   output [B, channels, ceil(bands / pool_frequency), ceil(steps / pool_time)]
///
/// The order is ours, for every configuration: ReLU and max-pooling may change places without
/// effect, and statistics over the pooled map cost a quarter. Only valid steps take part in a
/// maximum, so a padded segment has exactly the maps of the shorter one.
class PoolNormImpl : public torch::nn::Module {
 public:
  PoolNormImpl(std::int64_t channels, int pool_frequency, int pool_time);
  MaskedMaps forward(torch::Tensor maps, const StepMask& mask);
  /// What follows the pooling, for maps that are pooled already.
  /// @param mask  of the unpooled steps
  MaskedMaps finish(const torch::Tensor& pooled_maps, const StepMask& mask);
  /// For convolutions that pool and normalize by themselves where NormRelu::given() is there.
  const NormRelu& norm() const { return norm_; }
  int pool_frequency() const { return pool_frequency_; }
  int pool_time() const { return pool_time_; }

 private:
  torch::Tensor pool_on_device(torch::Tensor maps, const StepMask& mask,
                               const StepMask& pooled) const;

  int pool_frequency_;
  int pool_time_;
  NormRelu norm_{nullptr};
};
TORCH_MODULE(PoolNorm);

/// C1 and P1: two parallel convolutions, one along time and one along frequency, side by side.
///   input  [B, 1, bands, steps]
///   output [B, 2 · c1_channels, ceil(bands / pool_frequency), ceil(steps / pool_time)]
/// The input has one map, so that there is nothing to separate: `conv: separable` leaves C1 as it
/// is.
class TimeFrequencyConvImpl : public torch::nn::Module {
 public:
  explicit TimeFrequencyConvImpl(const ModelOptions& options);
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
  int pool_frequency = 1;
  int pool_time = 1;
};

/// A square convolution, full or depthwise-separable, and what follows it.
///   input  [B, in_channels, bands, steps]
///   output [B, out_channels, ceil(bands / pool_frequency), ceil(steps / pool_time)]
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
