#include "ops/conv_max_over_frequency.hpp"

#include <limits>
#include <numbers>
#include <stdexcept>
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

/// Spectra over the last dimension with zeros behind it, [..., 2 · points]: real parts, then
/// imaginary ones.
torch::Tensor spectra_of(const torch::Tensor& x, int points) {
  const torch::Tensor k = torch::arange(points, torch::kDouble);
  const torch::Tensor n = torch::arange(x.size(-1), torch::kDouble).unsqueeze(1);
  const torch::Tensor angle = k * n * (2.0 * std::numbers::pi / points);
  return x.matmul(torch::cat({angle.cos(), -angle.sin()}, 1).to(torch::kFloat));
}

/// Factors that correlate a spectrum with two real filters v and w at once: the inverse transform's
/// real part is v's, its imaginary part w's. [filters / 2, …, 2 · points]
torch::Tensor pair_factors(const torch::Tensor& filters, int points) {
  const torch::Tensor pairs =
      filters.size(0) % 2 == 0 ? filters
                               : torch::cat({filters, torch::zeros_like(filters.narrow(0, 0, 1))});
  const torch::Tensor spectra = spectra_of(pairs, points).div_(points);
  const std::vector<torch::Tensor> v = spectra.slice(0, 0, {}, 2).chunk(2, -1);
  const std::vector<torch::Tensor> w = spectra.slice(0, 1, {}, 2).chunk(2, -1);
  return torch::cat({v[0] + w[1], w[0] - v[1]}, -1).contiguous();  // conj(V) + i · conj(W)
}

/// Filters over several bands: spectra over the bands of each step.
torch::Tensor maxima_over_places(const torch::Tensor& x, const torch::Tensor& filters) {
  const std::int64_t steps = x.size(2);
  const std::int64_t taps = filters.size(1);
  const torch::Tensor factors = pair_factors(filters, kBandPoints);  // [pairs, taps, 2 · points]
  const std::int64_t all_steps = divided_up(steps, kRows) * kRows;
  const torch::Tensor padded =
      torch::constant_pad_nd(x, {(taps - 1) / 2, all_steps - steps + taps / 2});
  const torch::Tensor spectra = spectra_of(padded.transpose(1, 2), kBandPoints).contiguous();
  torch::Tensor largest = torch::empty({x.size(0), all_steps, factors.size(0), 2}, torch::kFloat);
  InverseTransforms transforms(kBandPoints);
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    for (std::int64_t step = 0; step < all_steps; step += kRows) {
      for (std::int64_t pair = 0; pair < factors.size(0); ++pair) {
        kernels::multiply_spectra(
            {kRows, kBandPoints, taps,
             spectra.data_ptr<float>() + b * spectra.stride(0) + step * spectra.stride(1),
             factors.data_ptr<float>() + pair * factors.stride(0), transforms.spectra()});
        transforms.run();
        auto* to = largest.data_ptr<float>() + b * largest.stride(0) + step * largest.stride(1) +
                   pair * largest.stride(2);
        for (std::int64_t row = 0; row < kRows; ++row) {
          kernels::largest_of_pairs(kBandPoints - filters.size(2) + 1,
                                    transforms.values() + row * 2 * kBandPoints,
                                    to + row * largest.stride(1));
        }
      }
    }
  }
  return largest.flatten(2).narrow(1, 0, steps).narrow(2, 0, filters.size(0)).transpose(1, 2);
}

/// Filters of one band: spectra over blocks of each band's steps.
torch::Tensor maxima_over_bands(const torch::Tensor& x, const torch::Tensor& filters) {
  const std::int64_t steps = x.size(2);
  const std::int64_t taps = filters.size(1);
  const std::int64_t block_steps = kStepPoints - taps + 1;
  const torch::Tensor factors = pair_factors(filters, kStepPoints);  // [pairs, 2 · points]
  const std::int64_t pairs = factors.size(0);
  const std::int64_t blocks = divided_up(steps, block_steps);
  const std::int64_t before = (taps - 1) / 2;
  const std::int64_t padded = (blocks - 1) * block_steps + kStepPoints;
  // Blocks overlap by what the filters reach: [B, bands, blocks, points] → [B, blocks, bands, …]
  const torch::Tensor cut = torch::constant_pad_nd(x, {before, padded - steps - before})
                                .unfold(2, kStepPoints, block_steps);
  const torch::Tensor spectra = spectra_of(cut, kStepPoints).transpose(1, 2).contiguous();
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
                                     factors.data_ptr<float>() + pair * factors.stride(0),
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
      .narrow(1, 0, filters.size(0))
      .narrow(2, 0, steps);
}

}  // namespace

torch::Tensor conv_max_over_frequency(const torch::Tensor& x, const torch::Tensor& filters) {
  const bool along_time = filters.size(2) == 1;
  if (x.size(1) != kBandPoints || filters.size(2) > kBandPoints ||
      (along_time ? filters.size(1) > kStepPoints : filters.size(1) % 2 == 0)) {
    throw std::invalid_argument("conv_max_over_frequency: sizes that there is no transform for");
  }
  return along_time ? maxima_over_bands(x, filters.squeeze(2)) : maxima_over_places(x, filters);
}

torch::Tensor conv_relu_norm_max_over_bands(const torch::Tensor& x, const torch::Tensor& weight,
                                            const torch::Tensor& bias, BatchNormState& norm,
                                            bool training, const AllReduce& all_reduce) {
  if (training || needs_gradient({x, weight, norm.weight}) ||
      !has_own_kernel(OwnKernel::kMaxima, x)) {
    const std::int64_t before = (weight.size(2) - 1) / 2;
    const torch::Tensor padded =
        torch::constant_pad_nd(x, {0, 0, before, weight.size(2) - 1 - before});
    return batch_norm(torch::relu(torch::conv2d(padded, weight, bias)), norm, training, all_reduce)
        .amax(3);
  }
  // y = scale · relu(x ∗ w + bias) + shift grows with x ∗ w where scale > 0: its maximum is at the
  // correlation's own. Where scale < 0 it is at the minimum, which is −max(x ∗ −w).
  const torch::NoGradGuard no_grad;
  const auto [scale, shift] = FoldedBatchNorm(norm);
  const torch::Tensor sign = sign_of(scale);
  const torch::Tensor largest = conv_max_over_frequency(x.squeeze(1).transpose(1, 2),
                                                        weight.squeeze(1) * sign.view({-1, 1, 1}));
  const auto per_channel = [](const torch::Tensor& values) { return values.view({1, -1, 1}); };
  return torch::relu(largest * per_channel(sign) + per_channel(bias)) * per_channel(scale) +
         per_channel(shift);
}

}  // namespace mer
