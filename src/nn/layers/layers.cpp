#include "layers/layers.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "layers/tagger_layers.hpp"
#include "mer/core/random.hpp"
#include "mer/nn/device.hpp"
#include "ops/bi_lstm.hpp"

namespace mer {
namespace {

// Keeps the slope of the square root finite where a feature doesn't change over time.
constexpr double kDeviationEpsilon = 1e-6;

/// SplitMix64's output function.
std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// 0 with `probability`, else `scale`; two elements from each 64-bit number of the row's sequence.
void fill_dropout_row(std::uint64_t row_seed, double probability, float scale, float* row,
                      std::int64_t size) {
  const auto threshold = static_cast<std::uint32_t>(probability * 0x1p32);
  std::uint64_t state = row_seed;
  for (std::int64_t i = 0; i < size; i += 2) {
    state += 0x9E3779B97F4A7C15ULL;
    const std::uint64_t number = scramble(state);
    row[i] = static_cast<std::uint32_t>(number) < threshold ? 0.0F : scale;
    if (i + 1 < size) {
      row[i + 1] = static_cast<std::uint32_t>(number >> 32) < threshold ? 0.0F : scale;
    }
  }
}

void fill_uniform(torch::Tensor parameter, double bound, std::uint64_t seed,
                  const std::string& name) {
  std::mt19937_64 rng(mix_seed({seed, seed_of(name)}));
  torch::Tensor values = torch::empty(parameter.sizes(), torch::kDouble);
  auto* data = values.data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    data[i] = bound * (2.0 * uniform_real(rng) - 1.0);
  }
  parameter.copy_(values);
}

double weight_bound(const torch::nn::Module& module) {
  if (const auto* lstm = module.as<torch::nn::LSTM>()) {
    return 1.0 / std::sqrt(static_cast<double>(lstm->options.hidden_size()));
  }
  torch::Tensor weight;
  if (const auto* conv = module.as<torch::nn::Conv2d>()) weight = conv->weight;
  if (const auto* linear = module.as<torch::nn::Linear>()) weight = linear->weight;
  if (!weight.defined()) return 0.0;
  return 1.0 / std::sqrt(static_cast<double>(weight.numel() / weight.size(0)));
}

}  // namespace

KeyedDropoutImpl::KeyedDropoutImpl(double probability, const std::string& layer_name)
    : probability_(probability), layer_seed_(seed_of(layer_name)) {}

torch::Tensor KeyedDropoutImpl::forward(const torch::Tensor& x,
                                        const std::vector<std::uint64_t>& keys) const {
  if (!is_training() || probability_ == 0.0) return x;
  if (keys.size() != static_cast<std::size_t>(x.size(0))) {
    throw std::invalid_argument("dropout in training needs a key for each of the " +
                                std::to_string(x.size(0)) + " rows, there are " +
                                std::to_string(keys.size()));
  }
  torch::Tensor mask = torch::empty(x.sizes(), torch::kFloat);
  const std::int64_t row_size = x.numel() / x.size(0);
  const auto scale = static_cast<float>(1.0 / (1.0 - probability_));
  auto* rows = mask.data_ptr<float>();
  for (const std::uint64_t key : keys) {
    fill_dropout_row(mix_seed({key, layer_seed_}), probability_, scale, rows, row_size);
    rows += row_size;
  }
  return x * to_device(mask, x.device()).to(x.scalar_type());
}

NormReluImpl::NormReluImpl(std::int64_t channels) {
  state_.weight = register_parameter("weight", torch::ones(channels));
  state_.bias = register_parameter("bias", torch::zeros(channels));
  state_.running_mean = register_buffer("running_mean", torch::zeros(channels));
  state_.running_variance = register_buffer("running_variance", torch::ones(channels));
}

torch::Tensor NormReluImpl::forward(const torch::Tensor& x, const StepMask& mask) {
  return batch_norm_relu(x, mask, state_, is_training(), all_reduce_);
}

torch::Tensor NormReluImpl::after_convs(const torch::Tensor& maps, const StepMask& mask,
                                        const std::vector<torch::Tensor>& convs, PoolSizes pool) {
  return conv_pool_norm_relu(maps, mask, convs, pool, state_, is_training(), all_reduce_);
}

SequenceEncoderImpl::SequenceEncoderImpl(std::int64_t input_size, int units, int layers,
                                         Pooling pooling)
    : units_(units), pooling_(pooling) {
  lstm_ = register_module("lstm", torch::nn::LSTM(torch::nn::LSTMOptions(input_size, units)
                                                      .num_layers(layers)
                                                      .bidirectional(true)
                                                      .batch_first(true)));
  if (pooling_ == Pooling::kAttention) {
    // No bias: softmax would take it away again.
    attention_ = register_module(
        "attention", torch::nn::Linear(torch::nn::LinearOptions(2 * units, 1).bias(false)));
  }
}

std::int64_t SequenceEncoderImpl::output_size() const {
  return pooling_ == Pooling::kMeanStd ? 4 * units_ : 2 * units_;
}

torch::Tensor SequenceEncoderImpl::forward(const torch::Tensor& x, const StepMask& mask) {
  const BiLstmOutput output = run_bi_lstm(lstm_, x, mask);
  if (pooling_ == Pooling::kLast) return output.last;

  const torch::Tensor valid = mask.valid.to(x.scalar_type()).unsqueeze(2);  // [B, steps, 1]
  torch::Tensor weights;                                                    // [B, steps, 1]
  if (pooling_ == Pooling::kAttention) {
    torch::Tensor scores = attention_->forward(output.steps);
    if (!mask.all_valid) {
      scores = scores.masked_fill(valid == 0, -std::numeric_limits<double>::infinity());
    }
    weights = torch::softmax(scores, 1);
  } else {
    weights = valid / valid.sum(1, true);
  }
  const torch::Tensor mean = (output.steps * weights).sum(1);
  if (pooling_ != Pooling::kMeanStd) return mean;
  const torch::Tensor variance = ((output.steps - mean.unsqueeze(1)).square() * weights).sum(1);
  return torch::cat({mean, (variance + kDeviationEpsilon).sqrt()}, 1);
}

void share_batch(torch::nn::Module& network, const AllReduce& all_reduce) {
  for (const auto& module : network.modules()) {
    if (auto* norm = module->as<NormReluImpl>()) norm->share_batch(all_reduce);
    if (auto* norm = module->as<TaggerNormImpl>()) norm->share_batch(all_reduce);
  }
}

void draw_weights(torch::nn::Module& module, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  for (const auto& child : module.named_modules()) {
    const double bound = weight_bound(*child.value());
    if (bound == 0.0) continue;
    for (auto& parameter : child.value()->named_parameters(/*recurse=*/false)) {
      fill_uniform(parameter.value(), bound, seed, child.key() + "." + parameter.key());
    }
  }
}

}  // namespace mer
