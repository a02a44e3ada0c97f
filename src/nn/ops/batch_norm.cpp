#include "ops/batch_norm.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace mer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kMomentum = 0.1;

/// scale · x + shift a channel; LibTorch's norm with given moments is its fastest way to do so.
torch::Tensor scaled(const torch::Tensor& x, const torch::Tensor& scale,
                     const torch::Tensor& shift) {
  return torch::batch_norm(x, scale, shift, torch::zeros_like(scale), torch::ones_like(scale),
                           /*training=*/false, 0.0, 0.0, false);
}

/// Σ over ranks, in double precision.
torch::Tensor reduced(const std::vector<torch::Tensor>& shares, const AllReduce& all_reduce) {
  torch::Tensor sums = torch::cat(shares).to(torch::kDouble);
  if (all_reduce) all_reduce(sums);
  return sums;
}

/// The norm by moments that depend on x.
class BatchNormNode : public torch::autograd::Function<BatchNormNode> {
 public:
  /// @param count  elements a channel that the moments are of, of all ranks
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               const torch::Tensor& mean, const torch::Tensor& variance,
                               double count, double epsilon, const AllReduce& all_reduce) {
    context->save_for_backward({x, weight, mean, variance});
    context->saved_data["count"] = count;
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["all_reduce"] = to_saved_data(all_reduce);
    return torch::batch_norm(x, weight, bias, mean, variance, false, 0.0, epsilon, false);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const auto& [x, weight, mean, variance] = std::tie(saved[0], saved[1], saved[2], saved[3]);
    const double count = context->saved_data["count"].toDouble();
    const double epsilon = context->saved_data["epsilon"].toDouble();
    // Of x as if the moments were given; Σ g · x̂ and Σ g of this rank.
    auto [x_grad, weight_grad, bias_grad] = torch::native_batch_norm_backward(
        grads[0].contiguous(x.suggest_memory_format()), x, weight, mean, variance, {}, {}, false,
        epsilon, {true, true, true});
    const AllReduce& all_reduce = all_reduce_of(context->saved_data["all_reduce"]);
    const torch::Tensor sums =
        (reduced({weight_grad, bias_grad}, all_reduce) / count).to(x.scalar_type());
    // The moments move with x: x_grad − scale · (mean of g + x̂ · mean of g · x̂).
    const std::int64_t channels = weight.size(0);
    const torch::Tensor inverse = (variance + epsilon).rsqrt();
    const torch::Tensor slope = -weight * inverse * inverse * sums.narrow(0, 0, channels);
    const torch::Tensor shift =
        -weight * inverse * sums.narrow(0, channels, channels) - slope * mean;
    x_grad += scaled(x, slope, shift);
    return {x_grad, weight_grad, bias_grad, {}, {}, {}, {}, {}};
  }
};

/// Mean of the valid elements and Σ (x − mean)² of them, [channels] double.
/// @param x  0 where elements don't count
std::pair<torch::Tensor, torch::Tensor> own_moments(const torch::Tensor& x,
                                                    const torch::Tensor& valid, double count) {
  const auto all = static_cast<double>(x.numel() / x.size(1));
  auto [mean, variance] = torch::batch_norm_update_stats(x, {}, {}, 0.0);
  if (!valid.defined()) return {mean.to(torch::kDouble), variance.to(torch::kDouble) * all};
  // About the mean zeros are as good as nothing.
  mean = mean * (all / count);
  const torch::Tensor centered = scaled(x, torch::ones_like(mean), -mean) * valid;
  const auto [rest, rest_variance] = torch::batch_norm_update_stats(centered, {}, {}, 0.0);
  const torch::Tensor rest_sum = rest.to(torch::kDouble) * all;
  return {mean.to(torch::kDouble) + rest_sum / count,
          rest_variance.to(torch::kDouble) * all + rest_sum.square() * (1.0 / all - 1.0 / count)};
}

torch::Tensor norm_of_share(const torch::Tensor& x_any, const torch::Tensor& valid,
                            BatchNormState& norm, const AllReduce& all_reduce) {
  const torch::Tensor x = valid.defined() ? x_any * valid : x_any;
  torch::Tensor mean;
  torch::Tensor variance;
  double count = static_cast<double>(x.numel() / x.size(1));
  {
    const torch::NoGradGuard no_grad;
    if (valid.defined()) {
      count *= valid.sum(torch::kDouble).item<double>() / static_cast<double>(valid.numel());
    }
    // Squares about this rank's mean become squares about 0, which can be added up, and those about
    // the common mean. In double precision that costs nothing that a float could show unless a mean
    // is 10⁴ deviations from 0.
    const auto [own_mean, squares] = own_moments(x, valid, count);
    const torch::Tensor sums = reduced({own_mean * count, squares + count * own_mean.square(),
                                        torch::full({1}, count, squares.options())},
                                       all_reduce);
    const std::int64_t channels = x.size(1);
    count = sums[2 * channels].item<double>();
    const torch::Tensor common_mean = sums.narrow(0, 0, channels) / count;
    mean = common_mean.to(x.scalar_type());
    variance = (sums.narrow(0, channels, channels) / count - common_mean.square())
                   .clamp_min(0.0)
                   .to(x.scalar_type());
    norm.running_mean.lerp_(mean, kMomentum);
    norm.running_variance.lerp_(variance * (count / std::max(count - 1.0, 1.0)), kMomentum);
  }
  return BatchNormNode::apply(x, norm.weight, norm.bias, mean, variance, count, norm.epsilon,
                              all_reduce);
}

}  // namespace

FoldedBatchNorm::FoldedBatchNorm(const BatchNormState& norm)
    : scale(norm.weight * (norm.running_variance + norm.epsilon).rsqrt()),
      shift(norm.bias - norm.running_mean * scale) {}

torch::Tensor batch_norm(const torch::Tensor& x, BatchNormState& norm, bool training,
                         const AllReduce& all_reduce, const torch::Tensor& valid) {
  if (training && (valid.defined() || all_reduce)) return norm_of_share(x, valid, norm, all_reduce);
  return torch::batch_norm(x, norm.weight, norm.bias, norm.running_mean, norm.running_variance,
                           training, kMomentum, norm.epsilon, true);
}

torch::Tensor batch_norm_relu(const torch::Tensor& x, const StepMask& mask, BatchNormState& norm,
                              bool training, const AllReduce& all_reduce) {
  if (mask.all_valid) return batch_norm(x, norm, training, all_reduce).relu_();
  const torch::Tensor valid = mask.for_maps(x);
  return (batch_norm(x, norm, training, all_reduce, valid) * valid).relu_();
}

}  // namespace mer
