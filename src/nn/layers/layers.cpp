#include "layers/layers.hpp"

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "layers/tagger_layers.hpp"
#include "mer/core/random.hpp"
#include "mer/nn/device.hpp"
#include "mer/nn/mixed_precision.hpp"
#include "ops/bi_lstm.hpp"
#include "ops/own_kernels.hpp"
#include "ops/pool_norm.hpp"

namespace mer {
namespace {

constexpr double kBatchNormMomentum = 0.1;
constexpr double kBatchNormEpsilon = 1e-5;
// Keeps the slope of the square root finite where a feature doesn't change over time.
constexpr double kDeviationEpsilon = 1e-6;

template <class Sizes>
std::string sizes_text(const Sizes& sizes) {
  std::ostringstream text;
  text << sizes;
  return text.str();
}

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

StepMask StepMask::of(const torch::Tensor& valid, std::int64_t batch, std::int64_t steps) {
  if (valid.dim() != 2 || valid.size(0) != batch || valid.size(1) != steps) {
    throw std::invalid_argument("the mask of valid steps has shape " + sizes_text(valid.sizes()) +
                                ", it must be [" + std::to_string(batch) + ", " +
                                std::to_string(steps) + "]");
  }
  StepMask mask;
  mask.valid = valid;
  const torch::Tensor num_valid = valid.detach().sum(1);
  const auto fewest = num_valid.min().item<double>();
  if (fewest < 1.0) {
    throw std::invalid_argument("row " + std::to_string(num_valid.argmin().item<std::int64_t>()) +
                                " of the batch has no valid step");
  }
  mask.all_valid = fewest == static_cast<double>(steps);
  return mask;
}

StepMask StepMask::pooled(int factor) const {
  if (factor == 1) return *this;
  StepMask mask;
  mask.all_valid = all_valid;
  mask.valid = torch::max_pool1d(valid, factor, factor, 0, 1, /*ceil_mode=*/true);
  return mask;
}

torch::Tensor StepMask::for_maps() const {
  return valid.to(torch::kBool).view({valid.size(0), 1, 1, valid.size(1)});
}

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
  weight_ = register_parameter("weight", torch::ones(channels));
  bias_ = register_parameter("bias", torch::zeros(channels));
  running_mean_ = register_buffer("running_mean", torch::zeros(channels));
  running_variance_ = register_buffer("running_variance", torch::ones(channels));
}

torch::Tensor NormReluImpl::forward(const torch::Tensor& x_any, const StepMask& mask) {
  const torch::Tensor x = at_least_float(x_any);
  if (has_own_kernels(x)) {
    return is_training() ? train_on_cpu(x, mask)
                         : norm_relu_with(x, mask.valid, weight_, bias_, running_mean_,
                                          running_variance_, kBatchNormEpsilon);
  }
  if (is_training() && (!mask.all_valid || all_reduce_)) return train_on_device(x, mask);
  const torch::Tensor y =
      torch::relu(torch::batch_norm(x, weight_, bias_, running_mean_, running_variance_,
                                    is_training(), kBatchNormMomentum, kBatchNormEpsilon, true));
  return mask.all_valid ? y : y * mask.for_maps();
}

std::optional<GivenNorm> NormReluImpl::given(const torch::Tensor& x) const {
  if (is_training() || torch::GradMode::is_enabled() || !has_own_kernels(x)) return std::nullopt;
  return GivenNorm(weight_, bias_, running_mean_, running_variance_, kBatchNormEpsilon);
}

torch::Tensor NormReluImpl::train_on_cpu(const torch::Tensor& x, const StepMask& mask) {
  const NormalizedMaps result =
      norm_relu(x, mask.valid, weight_, bias_, kBatchNormEpsilon, all_reduce_);
  follow(result.mean, result.variance, torch::full({}, result.count, x.options()));
  return result.maps;
}

torch::Tensor NormReluImpl::train_on_device(const torch::Tensor& x, const StepMask& mask) {
  const torch::Tensor valid = mask.for_maps().to(x.options());
  const auto over_ranks = [&](const torch::Tensor& share) {
    return all_reduce_sum(share, all_reduce_);
  };
  const torch::Tensor count = over_ranks(valid.sum() * x.size(2));
  const auto per_channel = [&](const torch::Tensor& values) {
    return values.view({1, x.size(1), 1, 1});
  };
  const torch::Tensor mean = over_ranks((x * valid).sum({0, 2, 3})) / count;
  const torch::Tensor centered = (x - per_channel(mean)) * valid;
  const torch::Tensor variance = over_ranks(centered.square().sum({0, 2, 3})) / count;
  follow(mean.detach(), variance.detach(), count);
  const torch::Tensor scale = weight_ * (variance + kBatchNormEpsilon).rsqrt();
  return torch::relu(centered * per_channel(scale) + per_channel(bias_)) * valid;
}

void NormReluImpl::follow(const torch::Tensor& mean, const torch::Tensor& variance,
                          const torch::Tensor& count) {
  const torch::NoGradGuard no_grad;
  running_mean_.lerp_(mean, kBatchNormMomentum);
  running_variance_.lerp_(variance * (count / (count - 1).clamp_min(1)), kBatchNormMomentum);
}

SequenceEncoderImpl::SequenceEncoderImpl(std::int64_t input_size, int units, int layers,
                                         ModelOptions::Pooling pooling)
    : units_(units), pooling_(pooling) {
  lstm_ = register_module("lstm", torch::nn::LSTM(torch::nn::LSTMOptions(input_size, units)
                                                      .num_layers(layers)
                                                      .bidirectional(true)
                                                      .batch_first(true)));
  if (pooling_ == ModelOptions::Pooling::kAttention) {
    // No bias: softmax would take it away again.
    attention_ = register_module(
        "attention", torch::nn::Linear(torch::nn::LinearOptions(2 * units, 1).bias(false)));
  }
}

std::int64_t SequenceEncoderImpl::output_size() const {
  return pooling_ == ModelOptions::Pooling::kMeanStd ? 4 * units_ : 2 * units_;
}

torch::Tensor SequenceEncoderImpl::forward(const torch::Tensor& x, const StepMask& mask) {
  const BiLstmOutput output = run_bi_lstm(lstm_, x, mask);
  if (pooling_ == ModelOptions::Pooling::kLast) return output.last;

  const torch::Tensor valid = mask.valid.to(x.scalar_type()).unsqueeze(2);  // [B, steps, 1]
  torch::Tensor weights;                                                    // [B, steps, 1]
  if (pooling_ == ModelOptions::Pooling::kAttention) {
    torch::Tensor scores = attention_->forward(output.steps);
    if (!mask.all_valid) {
      scores = scores.masked_fill(valid == 0, -std::numeric_limits<double>::infinity());
    }
    weights = torch::softmax(scores, 1);
  } else {
    weights = valid / valid.sum(1, true);
  }
  const torch::Tensor mean = (output.steps * weights).sum(1);
  if (pooling_ != ModelOptions::Pooling::kMeanStd) return mean;
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
