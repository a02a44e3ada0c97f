#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "layers/conv_layers.hpp"
#include "layers/layers.hpp"

namespace mer {

struct ConvStackSizes {
  int channels = 16;  ///< of the first block; twice as many in each block after it
  int blocks = 5;
  int block_convs = 1;  ///< convolutions of a block
  /// The first convolution is a full one in any case: it has one map, nothing to separate.
  bool separable = false;
  double dropout = 0.0;  ///< after the last pooling
};

/// Blocks of 3 × 3 convolutions, each block's last with 2 × 2 max-pooling (batch norm and ReLU
/// after each, see PoolNorm), then every map's mean over bands and valid steps.
///   input  [B, bands, steps] and its mask
///   output [B, output_size()]
class ConvStackImpl : public torch::nn::Module {
 public:
  explicit ConvStackImpl(const ConvStackSizes& sizes);
  torch::Tensor forward(const torch::Tensor& spectrogram, const StepMask& mask,
                        const std::vector<std::uint64_t>& keys);
  std::int64_t output_size() const { return output_size_; }

 private:
  std::vector<SquareConv> convs_;
  KeyedDropout dropout_{nullptr};
  std::int64_t output_size_ = 1;
};
TORCH_MODULE(ConvStack);

}  // namespace mer
