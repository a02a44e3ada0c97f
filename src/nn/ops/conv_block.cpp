#include "ops/conv_block.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "mer/signal/network_kernels.hpp"
#include "ops/own_kernels.hpp"
#include "ops/packed_matrix.hpp"
#include "ops/winograd.hpp"

namespace mer {
namespace {

torch::Tensor same_conv(const torch::Tensor& maps, const torch::Tensor& weight,
                        const torch::Tensor& bias = {}) {
  return torch::conv2d(maps, weight, bias, 1, {weight.size(2) / 2, weight.size(3) / 2});
}

// ---- In evaluation on the CPU: one element's unpooled maps stay in the cache.

/// Which windows of maps [rows, columns, channels] are pooled.
struct Windows {
  std::int64_t rows, columns;                ///< of a window
  std::int64_t row_stride, column_stride;    ///< from one to the next
  std::int64_t pooled_rows, pooled_columns;  ///< how many there are
};

/// What makes a pooled value of a maximum: out_scale · relu(scale · max + shift) + out_shift.
struct PoolEnd {
  torch::Tensor scale, shift, out_scale, out_shift;  ///< [channels]
};

/// Convolutions of one map, their channels side by side: each place is a row of the map with zeros
/// around it, of which the filter takes the numbers that it lies on.
class OneMapConv {
 public:
  /// @param weights        [channels, 1, odd, odd] each
  /// @param column_stride  every so-manieth column is computed
  OneMapConv(const std::vector<torch::Tensor>& weights, std::int64_t rows, std::int64_t columns,
             std::int64_t column_stride)
      : rows_(rows), columns_(columns), column_stride_(column_stride) {
    for (const torch::Tensor& weight : weights) {
      above_ = std::max(above_, weight.size(2) / 2);
      before_ = std::max(before_, weight.size(3) / 2);
    }
    padded_.resize(static_cast<std::size_t>((rows + 2 * above_) * padded_row()));
    for (const torch::Tensor& weight : weights) {
      std::vector<std::int64_t> offsets;
      for (std::int64_t i = 0; i < weight.size(2); ++i) {
        for (std::int64_t j = 0; j < weight.size(3); ++j) {
          offsets.push_back((above_ - weight.size(2) / 2 + i) * padded_row() + before_ -
                            weight.size(3) / 2 + j);
        }
      }
      filters_.emplace_back(weight.flatten(1).t(), std::move(offsets));
      channels_ += weight.size(0);
    }
  }

  std::int64_t columns() const { return (columns_ + column_stride_ - 1) / column_stride_; }
  std::int64_t channels() const { return channels_; }

  /// @param map  [rows, columns]
  void read(const float* map) {
    for (std::int64_t row = 0; row < rows_; ++row) {
      std::copy_n(map + row * columns_, columns_,
                  padded_.data() + (row + above_) * padded_row() + before_);
    }
  }
  /// @param out  [columns(), channels()]
  void convolve_row(std::int64_t row, float* out) const {
    for (const PackedMatrix& filter : filters_) {
      filter.multiply(columns(), {padded_.data() + row * padded_row(), column_stride_},
                      {out, channels_});
      out += filter.columns();
    }
  }

 private:
  std::int64_t padded_row() const { return columns_ + 2 * before_; }

  std::int64_t rows_, columns_, column_stride_;
  std::int64_t above_ = 0, before_ = 0;  ///< zeros on either side
  std::int64_t channels_ = 0;
  std::vector<PackedMatrix> filters_;
  std::vector<float> padded_;
};

/// Whether one of this project's kernels can do such convolutions.
bool has_kernel(const torch::Tensor& maps, const std::vector<torch::Tensor>& weights) {
  if (LibTorchOnly::is_without(OwnKernel::kPoolNorm)) return false;
  if (maps.size(1) == 1) return has_own_kernel(OwnKernel::kFirstConv, maps);
  return weights.size() == 1 && WinogradConv::fits(maps, weights.front());
}

/// @param maps   [B, in_channels, rows, columns]; has_kernel()
/// @param valid  [B, columns], undefined = all are
torch::Tensor conv_and_pool(const torch::Tensor& maps_any, const torch::Tensor& valid,
                            const std::vector<torch::Tensor>& weights, const Windows& windows,
                            const PoolEnd& end) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor maps = maps_any.contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor mask = valid.defined() ? valid.to(torch::kFloat).contiguous() : valid;
  const std::int64_t rows = maps.size(2);
  const std::int64_t columns = maps.size(3);
  const bool one_map = maps.size(1) == 1;
  std::optional<WinogradConv> winograd;
  if (!one_map) winograd.emplace(weights.front());
  const std::int64_t channels = end.scale.size(0);
  torch::Tensor pooled =
      torch::empty({maps.size(0), channels, windows.pooled_rows, windows.pooled_columns},
                   maps.options().memory_format(at::MemoryFormat::ChannelsLast));
  const auto* from = maps.data_ptr<float>();
  auto* const to = pooled.data_ptr<float>();
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t first, std::int64_t last) {
    // Of windows one column wide only those columns are computed that they look at.
    const std::int64_t step = one_map && windows.columns == 1 ? windows.column_stride : 1;
    std::optional<OneMapConv> conv;
    if (one_map) conv.emplace(weights, rows, columns, step);
    const std::int64_t unpooled_columns = one_map ? conv->columns() : columns;
    const std::int64_t row_size = unpooled_columns * channels;
    std::vector<float> unpooled(
        static_cast<std::size_t>((one_map ? windows.rows : rows) * row_size));
    WinogradConv::Scratch scratch;
    for (std::int64_t b = first; b < last; ++b) {
      const float* element = from + b * rows * columns * maps.size(1);
      if (one_map) {
        conv->read(element);
      } else {
        winograd->convolve(element, rows, columns, unpooled.data(), scratch);
      }
      for (std::int64_t p = 0; p < windows.pooled_rows; ++p) {
        const std::int64_t begin = p * windows.row_stride;
        const std::int64_t there = std::min(windows.rows, rows - begin);
        const float* window = unpooled.data() + (one_map ? 0 : begin * row_size);
        for (std::int64_t i = 0; one_map && i < there; ++i) {
          conv->convolve_row(begin + i, unpooled.data() + i * row_size);
        }
        kernels::pool_row({window, there, unpooled_columns, channels, windows.columns,
                           windows.column_stride / step, windows.pooled_columns,
                           mask.defined() ? mask.data_ptr<float>() + b * columns : nullptr,
                           end.scale.data_ptr<float>(), end.shift.data_ptr<float>(),
                           end.out_scale.data_ptr<float>(), end.out_shift.data_ptr<float>()},
                          to + (b * windows.pooled_rows + p) * windows.pooled_columns * channels);
      }
    }
  });
  return pooled;
}

}  // namespace

torch::Tensor max_pool(torch::Tensor maps, const StepMask& mask, PoolSizes pool) {
  if (pool.frequency == 1 && pool.time == 1) return maps;
  const StepMask pooled = mask.pooled(pool.time);
  if (!mask.all_valid && pool.time > 1) {
    // Padding inside of a window that something valid is in.
    const torch::Tensor seen = pooled.valid.repeat_interleave(pool.time, 1)
                                   .narrow(1, 0, mask.valid.size(1))
                                   .mul(1.0 - mask.valid);
    const std::vector<torch::Tensor> places = seen.nonzero().unbind(1);
    using torch::indexing::Slice;
    maps.index_put_({places[0], Slice(), Slice(), places[1]},
                    -std::numeric_limits<float>::infinity());
  }
  const std::vector<std::int64_t> window = {pool.frequency, pool.time};
  maps = torch::max_pool2d(maps, window, window, 0, 1, /*ceil_mode=*/true);
  return pooled.all_valid ? maps : maps * pooled.for_maps(maps);
}

torch::Tensor conv_pool_norm_relu(const torch::Tensor& maps, const StepMask& mask,
                                  const std::vector<torch::Tensor>& weights, PoolSizes pool,
                                  BatchNormState& norm, bool training,
                                  const AllReduce& all_reduce) {
  if (!training && !needs_gradient({maps, norm.weight}) && has_kernel(maps, weights)) {
    const auto [scale, shift] = FoldedBatchNorm(norm);
    const Windows windows = {pool.frequency,
                             pool.time,
                             pool.frequency,
                             pool.time,
                             (maps.size(2) + pool.frequency - 1) / pool.frequency,
                             (maps.size(3) + pool.time - 1) / pool.time};
    return conv_and_pool(maps, mask.all_valid ? torch::Tensor() : mask.valid, weights, windows,
                         {scale, shift, torch::ones_like(scale), torch::zeros_like(scale)});
  }
  std::vector<torch::Tensor> pooled;  // before they stand side by side, which copies them
  for (const torch::Tensor& weight : weights) {
    const torch::Tensor conv =
        WinogradConv::fits(maps, weight) ? winograd_conv(maps, weight) : same_conv(maps, weight);
    pooled.push_back(max_pool(conv, mask, pool));
  }
  return batch_norm_relu(pooled.size() == 1 ? pooled.front() : torch::cat(pooled, 1),
                         mask.pooled(pool.time), norm, training, all_reduce);
}

torch::Tensor conv_relu_norm_max_pool(const torch::Tensor& maps, const torch::Tensor& weight,
                                      const torch::Tensor& bias, BatchNormState& norm,
                                      const TaggerPool& pool, bool training,
                                      const AllReduce& all_reduce) {
  if (training || needs_gradient({maps, weight, norm.weight}) || !has_kernel(maps, {weight})) {
    return torch::max_pool2d(
        batch_norm(torch::relu(same_conv(maps, weight, bias)), norm, training, all_reduce),
        {pool.steps, pool.bands}, {pool.step_stride, pool.band_stride});
  }
  // y = scale · relu(x + bias) + shift grows with x where scale > 0: its maximum is at x's own.
  // Where scale < 0 it is at the minimum, which is −max(−x).
  const auto [scale, shift] = FoldedBatchNorm(norm);
  const torch::Tensor sign = sign_of(scale);
  const Windows windows = {pool.steps,
                           pool.bands,
                           pool.step_stride,
                           pool.band_stride,
                           pool.pooled_steps(maps.size(2)),
                           pool.pooled_bands(maps.size(3))};
  return conv_and_pool(maps, {}, {weight * sign.view({-1, 1, 1, 1})}, windows,
                       {sign, bias, scale, shift});
}

}  // namespace mer
