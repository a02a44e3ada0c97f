#include "layers/branches.hpp"

namespace mer {
namespace {

int pooled_size(int size, int factor) { return (size + factor - 1) / factor; }

SquareConv square_conv(const ConvBranchOptions& options, int in_channels, int out_channels) {
  return SquareConv(
      SquareConvSizes{.in_channels = in_channels,
                      .out_channels = out_channels,
                      .kernel = options.kernel,
                      .separable = options.conv == ConvBranchOptions::Conv::kSeparable,
                      .pool = {options.pool_frequency, options.pool_time}});
}

}  // namespace

ConvBranchImpl::ConvBranchImpl(const ConvBranchOptions& options, Pooling pooling, int bands) {
  c1_ = register_module("c1", TimeFrequencyConv(options));
  c2_ = register_module("c2", square_conv(options, 2 * options.c1_channels, options.c2_channels));
  int channels = options.c2_channels;
  bands = pooled_size(pooled_size(bands, options.pool_frequency), options.pool_frequency);
  if (options.c3_channels > 0) {
    c3_ = register_module("c3", square_conv(options, options.c2_channels, options.c3_channels));
    channels = options.c3_channels;
    bands = pooled_size(bands, options.pool_frequency);
  }
  dropout_ = register_module("dropout", KeyedDropout(options.conv_dropout, "crnn.dropout"));
  encoder_ = register_module(
      "encoder", SequenceEncoder(std::int64_t{channels} * bands, options.crnn_lstm_units,
                                 options.crnn_lstm_layers, pooling));
}

torch::Tensor ConvBranchImpl::forward(const torch::Tensor& spectrogram, const StepMask& mask,
                                      const std::vector<std::uint64_t>& keys) {
  MaskedMaps x = c2_->forward(c1_->forward(single_map(spectrogram, mask)));
  if (c3_) x = c3_->forward(x);
  // [B, channels, bands, steps] → [B, steps, channels · bands]
  const torch::Tensor steps = x.maps.permute({0, 3, 1, 2}).flatten(2);
  return encoder_->forward(dropout_->forward(steps, keys), x.mask);
}

std::int64_t ConvBranchImpl::output_size() const { return encoder_->output_size(); }

LldBranchImpl::LldBranchImpl(const LldBranchOptions& options, Pooling pooling, int columns,
                             const std::string& layer_name) {
  dropout_ =
      register_module("dropout", KeyedDropout(options.lld_input_dropout, layer_name + ".dropout"));
  encoder_ = register_module("encoder", SequenceEncoder(columns, options.lld_lstm_units,
                                                        options.lld_lstm_layers, pooling));
}

torch::Tensor LldBranchImpl::forward(const torch::Tensor& lld, const StepMask& mask,
                                     const std::vector<std::uint64_t>& keys) {
  return encoder_->forward(dropout_->forward(lld, keys), mask);
}

std::int64_t LldBranchImpl::output_size() const { return encoder_->output_size(); }

SongVectorBranchImpl::SongVectorBranchImpl(const SongVectorBranchOptions& options, int columns) {
  dropout_ =
      register_module("dropout", KeyedDropout(options.song_vector_dropout, "song_vector.dropout"));
  projection_ = register_module("projection", torch::nn::Linear(columns, options.song_vector_size));
}

torch::Tensor SongVectorBranchImpl::forward(const torch::Tensor& song_vector,
                                            const std::vector<std::uint64_t>& keys) {
  return torch::relu(projection_->forward(dropout_->forward(song_vector, keys)));
}

std::int64_t SongVectorBranchImpl::output_size() const {
  return projection_->options.out_features();
}

}  // namespace mer
