#include "layers/conv_stack.hpp"

#include <string>

namespace mer {

ConvStackImpl::ConvStackImpl(const ConvStackSizes& sizes) {
  for (int block = 0; block < sizes.blocks; ++block) {
    const std::int64_t channels = std::int64_t{sizes.channels} << block;
    for (int i = 0; i < sizes.block_convs; ++i) {
      const int pool = i + 1 == sizes.block_convs ? 2 : 1;
      const SquareConvSizes conv{.in_channels = output_size_,
                                 .out_channels = channels,
                                 .separable = sizes.separable && output_size_ > 1,
                                 .pool = {pool, pool}};
      convs_.push_back(register_module(
          "block" + std::to_string(block + 1) + "_" + std::to_string(i + 1), SquareConv(conv)));
      output_size_ = channels;
    }
  }
  dropout_ = register_module("dropout", KeyedDropout(sizes.dropout, "conv.dropout"));
}

torch::Tensor ConvStackImpl::forward(const torch::Tensor& spectrogram, const StepMask& mask,
                                     const std::vector<std::uint64_t>& keys) {
  MaskedMaps x = single_map(spectrogram, mask);
  for (SquareConv& conv : convs_) x = conv->forward(x);
  // [B, steps, channels, bands]: what dropout takes of a step doesn't depend on how many follow.
  const torch::Tensor steps = dropout_->forward(x.maps.permute({0, 3, 1, 2}), keys);
  const torch::Tensor sums = steps.sum({1, 3});  // padded steps are 0
  const torch::Tensor counts = x.mask.valid.sum(1, true) * x.maps.size(2);
  return sums / counts.to(sums.scalar_type());
}

}  // namespace mer
