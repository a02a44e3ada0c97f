#include "improved_cnn.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "first_conv.hpp"
#include "mer/model/mixed_precision.hpp"
#include "own_kernels.hpp"
#include "pool_norm.hpp"

namespace mer {
namespace {

namespace nn = torch::nn;

/// A convolution that keeps a map's size; without bias, because a batch norm follows.
nn::Conv2d same_conv(std::int64_t in_channels, std::int64_t out_channels, int bands, int steps,
                     std::int64_t groups = 1) {
  return nn::Conv2d(nn::Conv2dOptions(in_channels, out_channels, {bands, steps})
                        .padding({bands / 2, steps / 2})
                        .groups(groups)
                        .bias(false));
}

int pooled_size(int size, int factor) { return (size + factor - 1) / factor; }

void expect_shape(const torch::Tensor& tensor, std::int64_t batch, int dimension, std::int64_t size,
                  const char* what, const char* wanted) {
  if (tensor.dim() == 3 && tensor.size(0) == batch && tensor.size(1) > 0 && tensor.size(2) > 0 &&
      tensor.size(dimension) == size) {
    return;
  }
  std::ostringstream message;
  message << "the " << what << " has shape " << tensor.sizes() << ", it must be " << wanted
          << " with batch " << batch << " and " << size << " in dimension " << dimension;
  throw std::invalid_argument(message.str());
}

/// The one map of a spectrogram, [B, 1, bands, steps], with strides that say "channels last":
/// the layout that oneDNN's convolutions and LibTorch's pooling prefer; each layer keeps its
/// input's.
torch::Tensor as_single_map(const torch::Tensor& spectrogram) {
  const torch::Tensor x = spectrogram.contiguous();
  const std::int64_t bands = x.size(1);
  const std::int64_t steps = x.size(2);
  return x.as_strided({x.size(0), 1, bands, steps}, {bands * steps, 1, steps, 1});
}

/// log(w · softmax(a) + (1 − w) · softmax(b)) without leaving the logarithm.
torch::Tensor weighted_log_probabilities(const torch::Tensor& a, const torch::Tensor& b,
                                         double weight) {
  const torch::Tensor both = torch::stack({torch::log_softmax(a, 1) + std::log(weight),
                                           torch::log_softmax(b, 1) + std::log(1.0 - weight)});
  return torch::logsumexp(both, 0);
}

}  // namespace

PoolNormImpl::PoolNormImpl(std::int64_t channels, int pool_frequency, int pool_time)
    : pool_frequency_(pool_frequency), pool_time_(pool_time) {
  norm_ = register_module("norm", NormRelu(channels));
}

MaskedMaps PoolNormImpl::forward(torch::Tensor maps, const StepMask& mask) {
  StepMask pooled = mask.pooled(pool_time_);
  maps = at_least_float(maps);
  if (pool_frequency_ > 1 || pool_time_ > 1) {
    maps = has_own_kernels(maps) ? masked_max_pool(maps, mask.valid, pool_frequency_, pool_time_)
                                 : pool_on_device(maps, mask, pooled);
  }
  // Padded steps leave the norm as 0.
  return {norm_->forward(maps, pooled), std::move(pooled)};
}

MaskedMaps PoolNormImpl::finish(const torch::Tensor& pooled_maps, const StepMask& mask) {
  StepMask pooled = mask.pooled(pool_time_);
  return {norm_->forward(pooled_maps, pooled), std::move(pooled)};
}

torch::Tensor PoolNormImpl::pool_on_device(torch::Tensor maps, const StepMask& mask,
                                           const StepMask& pooled) const {
  if (!mask.all_valid) {
    maps =
        maps.masked_fill(mask.for_maps().logical_not(), -std::numeric_limits<double>::infinity());
  }
  maps = torch::max_pool2d(maps, {pool_frequency_, pool_time_}, {pool_frequency_, pool_time_}, 0, 1,
                           /*ceil_mode=*/true);
  if (!pooled.all_valid) maps = maps.masked_fill(pooled.for_maps().logical_not(), 0.0);
  return maps;
}

TimeFrequencyConvImpl::TimeFrequencyConvImpl(const ModelOptions& options)
    : pool_frequency_(options.pool_frequency), pool_time_(options.pool_time) {
  time_ = register_module("time", same_conv(1, options.c1_channels, 1, options.c1_time_kernel));
  frequency_ = register_module("frequency",
                               same_conv(1, options.c1_channels, options.c1_frequency_kernel, 1));
  pool_ = register_module(
      "pool", PoolNorm(2 * options.c1_channels, options.pool_frequency, options.pool_time));
}

MaskedMaps TimeFrequencyConvImpl::forward(const MaskedMaps& input) {
  if (has_first_conv_pool(input.maps, time_->weight)) {
    return pool_->finish(first_conv_pool(input.maps.squeeze(1), input.mask.valid, time_->weight,
                                         frequency_->weight, pool_frequency_, pool_time_),
                         input.mask);
  }
  const torch::Tensor maps =
      torch::cat({time_->forward(input.maps), frequency_->forward(input.maps)}, 1);
  return pool_->forward(maps, input.mask);
}

SquareConvImpl::SquareConvImpl(const ModelOptions& options, std::int64_t in_channels,
                               std::int64_t out_channels) {
  if (options.conv == ModelOptions::Conv::kSeparable) {
    depthwise_ = register_module("depthwise", same_conv(in_channels, in_channels, options.kernel,
                                                        options.kernel, in_channels));
    conv_ = register_module("pointwise", same_conv(in_channels, out_channels, 1, 1));
  } else {
    conv_ = register_module("conv",
                            same_conv(in_channels, out_channels, options.kernel, options.kernel));
  }
  pool_ =
      register_module("pool", PoolNorm(out_channels, options.pool_frequency, options.pool_time));
}

MaskedMaps SquareConvImpl::forward(const MaskedMaps& input) {
  const torch::Tensor maps = depthwise_ ? depthwise_->forward(input.maps) : input.maps;
  return pool_->forward(conv_->forward(maps), input.mask);
}

ConvBranchImpl::ConvBranchImpl(const ModelOptions& options, int bands) {
  c1_ = register_module("c1", TimeFrequencyConv(options));
  c2_ = register_module("c2", SquareConv(options, 2 * options.c1_channels, options.c2_channels));
  int channels = options.c2_channels;
  bands = pooled_size(pooled_size(bands, options.pool_frequency), options.pool_frequency);
  if (options.c3_channels > 0) {
    c3_ = register_module("c3", SquareConv(options, options.c2_channels, options.c3_channels));
    channels = options.c3_channels;
    bands = pooled_size(bands, options.pool_frequency);
  }
  dropout_ = register_module("dropout", KeyedDropout(options.conv_dropout, "crnn.dropout"));
  encoder_ = register_module(
      "encoder", SequenceEncoder(std::int64_t{channels} * bands, options.crnn_lstm_units,
                                 options.crnn_lstm_layers, options.pooling));
}

torch::Tensor ConvBranchImpl::forward(const torch::Tensor& spectrogram, const StepMask& mask,
                                      const std::vector<std::uint64_t>& keys) {
  MaskedMaps x{as_single_map(spectrogram), mask};
  if (!mask.all_valid) x.maps = x.maps * mask.for_maps();
  x = c2_->forward(c1_->forward(x));
  if (c3_) x = c3_->forward(x);
  // [B, channels, bands, steps] → [B, steps, channels · bands]
  const torch::Tensor steps = x.maps.permute({0, 3, 1, 2}).flatten(2);
  return encoder_->forward(dropout_->forward(steps, keys), x.mask);
}

std::int64_t ConvBranchImpl::output_size() const { return encoder_->output_size(); }

LldBranchImpl::LldBranchImpl(const ModelOptions& options, int columns,
                             const std::string& layer_name) {
  dropout_ =
      register_module("dropout", KeyedDropout(options.lld_input_dropout, layer_name + ".dropout"));
  encoder_ = register_module("encoder", SequenceEncoder(columns, options.lld_lstm_units,
                                                        options.lld_lstm_layers, options.pooling));
}

torch::Tensor LldBranchImpl::forward(const torch::Tensor& lld, const StepMask& mask,
                                     const std::vector<std::uint64_t>& keys) {
  return encoder_->forward(dropout_->forward(lld, keys), mask);
}

std::int64_t LldBranchImpl::output_size() const { return encoder_->output_size(); }

HeadImpl::HeadImpl(const ModelOptions& options, std::int64_t input_size, int num_classes,
                   const std::string& layer_name)
    : rectify_(options.embedding_relu) {
  input_dropout_ = register_module(
      "input_dropout", KeyedDropout(options.head_dropout, layer_name + ".input_dropout"));
  embedding_ = register_module("embedding", nn::Linear(input_size, options.embedding_size));
  embedding_dropout_ = register_module(
      "embedding_dropout", KeyedDropout(options.head_dropout, layer_name + ".embedding_dropout"));
  classifier_ = register_module("classifier", nn::Linear(options.embedding_size, num_classes));
}

NetworkOutput HeadImpl::forward(const torch::Tensor& x, const std::vector<std::uint64_t>& keys) {
  torch::Tensor embedding = embedding_->forward(input_dropout_->forward(x, keys));
  if (rectify_) embedding = torch::relu(embedding);
  return {classifier_->forward(embedding_dropout_->forward(embedding, keys)), embedding};
}

ImprovedCnn::ImprovedCnn(const ModelOptions& options, const NetworkShape& shape) : shape_(shape) {
  crnn_ = register_module("crnn", ConvBranch(options, shape.spectrogram_bands));
  for (int branch = 1; branch <= shape.lld_branches; ++branch) {
    const std::string number = shape.lld_branches == 1 ? "" : std::to_string(branch);
    lld_.push_back(
        register_module("lld" + number, LldBranch(options, shape.lld_columns, "lld" + number)));
    heads_.push_back(register_module(
        "head" + number, Head(options, crnn_->output_size() + lld_.back()->output_size(),
                              shape.num_classes, "head" + number)));
  }
}

NetworkOutput ImprovedCnn::forward(const NetworkInput& input) {
  const std::int64_t batch = input.spectrogram.size(0);
  expect_shape(input.spectrogram, batch, 1, shape_.spectrogram_bands, "spectrogram",
               "[batch, bands, steps]");
  if (input.lld.size() != lld_.size()) {
    throw std::invalid_argument("the batch has " + std::to_string(input.lld.size()) +
                                " LLD branches, the network " + std::to_string(lld_.size()));
  }
  for (const torch::Tensor& lld : input.lld) {
    expect_shape(lld, batch, 2, shape_.lld_columns, "LLD matrix", "[batch, steps, columns]");
  }
  const StepMask spectrogram_mask =
      StepMask::of(input.spectrogram_valid, batch, input.spectrogram.size(2));
  const StepMask lld_mask = StepMask::of(input.lld_valid, batch, input.lld.front().size(1));

  const torch::Tensor crnn = crnn_->forward(input.spectrogram, spectrogram_mask, input.keys);
  std::vector<NetworkOutput> outputs;
  for (std::size_t branch = 0; branch < lld_.size(); ++branch) {
    const torch::Tensor lld = lld_[branch]->forward(input.lld[branch], lld_mask, input.keys);
    outputs.push_back(heads_[branch]->forward(torch::cat({crnn, lld}, 1), input.keys));
  }
  if (outputs.size() == 1) return outputs.front();
  const double w = shape_.lld_weight;
  return {weighted_log_probabilities(outputs[0].logits, outputs[1].logits, w),
          w * outputs[0].embedding + (1.0 - w) * outputs[1].embedding};
}

}  // namespace mer
