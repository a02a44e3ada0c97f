#include "networks/improved_cnn.hpp"

#include "layers/checked_input.hpp"

namespace mer {

namespace {

std::int64_t size_beside_lld(const ConvBranch& crnn, const SongVectorBranch& song_vector) {
  return crnn->output_size() + (song_vector ? song_vector->output_size() : 0);
}

}  // namespace

ImprovedCnn::ImprovedCnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      crnn_(register_module("crnn", ConvBranch(options, shape.spectrogram_bands))),
      song_vector_(shape.song_vector_columns == 0
                       ? SongVectorBranch(nullptr)
                       : register_module("song_vector",
                                         SongVectorBranch(options, shape.song_vector_columns))),
      lld_(*this, options, shape, size_beside_lld(crnn_, song_vector_)) {}

NetworkOutput ImprovedCnn::forward(const NetworkInput& input) {
  const auto [spectrograms, mask] = spectrograms_of(input, shape_);
  torch::Tensor beside = crnn_->forward(spectrograms, mask, input.keys);
  if (song_vector_) {
    beside =
        torch::cat({beside, song_vector_->forward(summaries_of(input, shape_), input.keys)}, 1);
  }
  return lld_.forward(input, beside);
}

}  // namespace mer
