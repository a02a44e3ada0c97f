#include "ops/conv_max_over_frequency.hpp"

#include <algorithm>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mer/signal/inverse_transforms.hpp"
#include "mer/signal/network_kernels.hpp"
#include "ops/own_kernels.hpp"

namespace mer {
namespace {

constexpr int kBandPoints = 96;   ///< all bands: no place of a filter wraps round
constexpr int kStepPoints = 192;  ///< a block of steps
constexpr std::int64_t kRows = InverseTransforms::kRows;

std::int64_t divided_up(std::int64_t whole, std::int64_t part) { return (whole + part - 1) / part; }

/// x.matmul() of it makes spectra of the last dimension, `size` numbers with zeros behind them:
/// [2 · points], real parts, then imaginary ones.
torch::Tensor fourier_matrix(std::int64_t size, int points) {
  const torch::Tensor k = torch::arange(points, torch::kDouble);
  const torch::Tensor n = torch::arange(size, torch::kDouble).unsqueeze(1);
  const torch::Tensor angle = k * n * (2.0 * std::numbers::pi / points);
  return torch::cat({angle.cos(), -angle.sin()}, 1).to(torch::kFloat);
}

/// Factors that correlate a spectrum with two real filters v and w at once: the inverse transform's
/// real part is v's, its imaginary part w's. [filters / 2, …, 2 · points]
torch::Tensor pair_factors(const torch::Tensor& filters, int points) {
  const torch::Tensor pairs =
      filters.size(0) % 2 == 0 ? filters
                               : torch::cat({filters, torch::zeros_like(filters.narrow(0, 0, 1))});
  const torch::Tensor spectra = pairs.matmul(fourier_matrix(pairs.size(-1), points)).div_(points);
  const std::vector<torch::Tensor> v = spectra.slice(0, 0, {}, 2).chunk(2, -1);
  const std::vector<torch::Tensor> w = spectra.slice(0, 1, {}, 2).chunk(2, -1);
  return torch::cat({v[0] + w[1], w[0] - v[1]}, -1).contiguous();  // conj(V) + i · conj(W)
}

}  // namespace

ConvMaxOverFrequency::ConvMaxOverFrequency(const torch::Tensor& filters)
    : channels_(filters.size(0)), taps_(filters.size(1)), bands_(filters.size(2)) {
  if (bands_ == 1 ? taps_ > kStepPoints : bands_ > kBandPoints || taps_ % 2 == 0) {
    throw std::invalid_argument("ConvMaxOverFrequency: filters that there is no transform for");
  }
  const int points = bands_ == 1 ? kStepPoints : kBandPoints;
  fourier_ = fourier_matrix(points, points);
  factors_ = pair_factors(bands_ == 1 ? filters.squeeze(2) : filters, points);
}

torch::Tensor ConvMaxOverFrequency::operator()(const torch::Tensor& x) const {
  if (x.size(1) != kBandPoints) {
    throw std::invalid_argument("ConvMaxOverFrequency: maps of 96 bands");
  }
  return bands_ == 1 ? over_bands(x) : over_places(x);
}

/// Filters over several bands: spectra over the bands of each step.
torch::Tensor ConvMaxOverFrequency::over_places(const torch::Tensor& x) const {
  const std::int64_t steps = x.size(2);
  const std::int64_t all_steps = divided_up(steps, kRows) * kRows;
  const torch::Tensor padded =
      torch::constant_pad_nd(x, {(taps_ - 1) / 2, all_steps - steps + taps_ / 2});
  const torch::Tensor spectra = padded.transpose(1, 2).matmul(fourier_).contiguous();
  torch::Tensor largest = torch::empty({x.size(0), all_steps, factors_.size(0), 2}, torch::kFloat);
  InverseTransforms transforms(kBandPoints);
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    for (std::int64_t step = 0; step < all_steps; step += kRows) {
      for (std::int64_t pair = 0; pair < factors_.size(0); ++pair) {
        kernels::multiply_spectra(
            {kRows, kBandPoints, taps_,
             spectra.data_ptr<float>() + b * spectra.stride(0) + step * spectra.stride(1),
             factors_.data_ptr<float>() + pair * factors_.stride(0), transforms.spectra()});
        transforms.run();
        auto* to = largest.data_ptr<float>() + b * largest.stride(0) + step * largest.stride(1) +
                   pair * largest.stride(2);
        for (std::int64_t row = 0; row < kRows; ++row) {
          kernels::largest_of_pairs(kBandPoints - bands_ + 1,
                                    transforms.values() + row * 2 * kBandPoints,
                                    to + row * largest.stride(1));
        }
      }
    }
  }
  return largest.flatten(2).narrow(1, 0, steps).narrow(2, 0, channels_).transpose(1, 2);
}

/// Filters of one band: spectra over blocks of each band's steps.
torch::Tensor ConvMaxOverFrequency::over_bands(const torch::Tensor& x) const {
  const std::int64_t steps = x.size(2);
  const std::int64_t block_steps = kStepPoints - taps_ + 1;
  const std::int64_t pairs = factors_.size(0);
  const std::int64_t blocks = divided_up(steps, block_steps);
  const std::int64_t before = (taps_ - 1) / 2;
  const std::int64_t padded = (blocks - 1) * block_steps + kStepPoints;
  // Blocks overlap by what the filters reach: [B, bands, blocks, points] → [B, blocks, bands, …]
  const torch::Tensor cut = torch::constant_pad_nd(x, {before, padded - steps - before})
                                .unfold(2, kStepPoints, block_steps);
  const torch::Tensor spectra = cut.matmul(fourier_).transpose(1, 2).contiguous();
  torch::Tensor largest = torch::full({x.size(0), pairs, blocks, block_steps, 2},
                                      -std::numeric_limits<float>::infinity(), torch::kFloat);
  InverseTransforms transforms(kStepPoints);
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      for (std::int64_t pair = 0; pair < pairs; ++pair) {
        auto* to = largest.data_ptr<float>() + b * largest.stride(0) + pair * largest.stride(1) +
                   block * largest.stride(2);
        for (std::int64_t band = 0; band < x.size(1); band += kRows) {
          kernels::multiply_spectra({kRows, kStepPoints, 1,
                                     spectra.data_ptr<float>() + b * spectra.stride(0) +
                                         block * spectra.stride(1) + band * spectra.stride(2),
                                     factors_.data_ptr<float>() + pair * factors_.stride(0),
                                     transforms.spectra()});
          transforms.run();
          for (std::int64_t row = 0; row < kRows; ++row) {
            kernels::take_larger(2 * block_steps, transforms.values() + row * 2 * kStepPoints, to);
          }
        }
      }
    }
  }
  return largest.permute({0, 1, 4, 2, 3})
      .reshape({x.size(0), 2 * pairs, blocks * block_steps})
      .narrow(1, 0, channels_)
      .narrow(2, 0, steps);
}

namespace {

torch::Tensor per_channel(const torch::Tensor& values) { return values.view({1, -1, 1}); }

/// y = scale · relu(x ∗ w + bias) + shift grows with x ∗ w where scale > 0: its maximum is at the
/// correlation's own. Where scale < 0 it is at the minimum, which is −max(x ∗ −w).
torch::Tensor rising_filters(const torch::Tensor& weight, const BatchNormState& norm) {
  return weight.squeeze(1) * sign_of(norm.weight).view({-1, 1, 1});
}

}  // namespace

FoldedMaxima::Parts::Parts(const torch::Tensor& weight, const torch::Tensor& bias_in,
                           const BatchNormState& norm)
    : largest(rising_filters(weight, norm)),
      sign(per_channel(sign_of(norm.weight))),
      bias(per_channel(bias_in)) {
  const FoldedBatchNorm folded(norm);
  scale = per_channel(folded.scale);
  shift = per_channel(folded.shift);
}

std::shared_ptr<const FoldedMaxima::Parts> FoldedMaxima::of(const torch::Tensor& weight,
                                                            const torch::Tensor& bias,
                                                            const BatchNormState& norm) {
  std::vector<Source> now;
  for (const torch::Tensor& x :
       {weight, bias, norm.weight, norm.bias, norm.running_mean, norm.running_variance}) {
    now.push_back({x.variable_data(), static_cast<std::int64_t>(x._version())});
  }
  const auto is_same = [](const Source& a, const Source& b) {
    return a.memory.data_ptr() == b.memory.data_ptr() && a.version == b.version;
  };
  const std::scoped_lock lock(mutex_);
  if (!parts_ || !std::ranges::equal(now, made_of_, is_same)) {
    parts_ = std::make_shared<const Parts>(weight, bias, norm);
    made_of_ = std::move(now);
  }
  return parts_;
}

void FoldedMaxima::forget() {
  const std::scoped_lock lock(mutex_);
  parts_.reset();
}

torch::Tensor conv_relu_norm_max_over_bands(const torch::Tensor& x, const torch::Tensor& weight,
                                            const torch::Tensor& bias, BatchNormState& norm,
                                            FoldedMaxima& folded, bool training,
                                            const AllReduce& all_reduce) {
  if (training || needs_gradient({x, weight, norm.weight}) ||
      !has_own_kernel(OwnKernel::kMaxima, x)) {
    const std::int64_t before = (weight.size(2) - 1) / 2;
    const torch::Tensor padded =
        torch::constant_pad_nd(x, {0, 0, before, weight.size(2) - 1 - before});
    return batch_norm(torch::relu(torch::conv2d(padded, weight, bias)), norm, training, all_reduce)
        .amax(3);
  }
  const torch::NoGradGuard no_grad;
  const std::shared_ptr<const FoldedMaxima::Parts> parts = folded.of(weight, bias, norm);
  const torch::Tensor largest = parts->largest(x.squeeze(1).transpose(1, 2));
  return torch::relu(largest * parts->sign + parts->bias) * parts->scale + parts->shift;
}

}  // namespace mer
