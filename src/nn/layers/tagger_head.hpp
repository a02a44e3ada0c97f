#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "layers/layers.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// Class scores on a tagger's embedding, in the place of its tags: dropout (model.head_dropout)
/// before the embedding and before the scores.
class TaggerHead {
 public:
  /// Registers `classifier` in the owner.
  TaggerHead(torch::nn::Module& owner, const TaggerHeadOptions& options, const NetworkShape& shape,
             int embedding_size);

  torch::Tensor drop_input(const torch::Tensor& x, const std::vector<std::uint64_t>& keys) const;
  /// @param seen  what the scores are made of: the embedding, or its norm
  NetworkOutput forward(const torch::Tensor& embedding, const torch::Tensor& seen,
                        const std::vector<std::uint64_t>& keys);

 private:
  bool angular_;
  KeyedDropout input_dropout_;
  KeyedDropout embedding_dropout_;
  torch::nn::Linear classifier_{nullptr};
};

/// @throws UsageError when the spectrogram has not the taggers' 96 bands
void require_tagger_bands(const char* network, const NetworkShape& shape);

}  // namespace mer
