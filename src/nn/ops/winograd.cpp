#include "ops/winograd.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "mer/signal/network_kernels.hpp"
#include "ops/own_kernels.hpp"

namespace mer {
namespace {

using kernels::kWinogradPoints;
using kernels::kWinogradSide;
using kernels::kWinogradTile;
using kernels::Tiles;

/// Numbers of a tile row's channels that a strip should have for long products, and not more than
/// the second-level cache holds in 36 points.
constexpr std::int64_t kStripNumbers = 1536;

/// Some rows of tiles that are computed at once.
struct Strip {
  Strip(std::int64_t rows, std::int64_t columns, std::int64_t in_channels, std::int64_t channels) {
    const std::int64_t tile_columns = (columns + kWinogradTile - 1) / kWinogradTile;
    const std::int64_t tile_rows =
        std::clamp<std::int64_t>(kStripNumbers / (tile_columns * std::max(in_channels, channels)),
                                 1, (rows + kWinogradTile - 1) / kWinogradTile);
    in = {tile_rows, tile_columns, in_channels};
    out = {tile_rows, tile_columns, channels};
  }
  std::int64_t num_rows() const { return in.tile_rows * kWinogradTile; }

  Tiles in{}, out{};
};

/// The points of the strip that begins with row `first` of maps [rows, columns, in_channels].
void read_tiles(const Tiles& tiles, const float* maps, std::int64_t rows, std::int64_t columns,
                std::int64_t first, WinogradConv::Scratch& scratch) {
  const std::int64_t padded_rows = tiles.tile_rows * kWinogradTile + kWinogradSide - 1;
  const std::int64_t padded_row = tiles.padded_row();
  scratch.strip.resize(static_cast<std::size_t>(padded_rows * padded_row));
  scratch.tiles.resize(static_cast<std::size_t>(kWinogradPoints * tiles.count() * tiles.channels));
  const std::int64_t map_row = columns * tiles.channels;
  for (std::int64_t i = 0; i < padded_rows; ++i) {
    const std::int64_t row = first + i - kWinogradSide / 2;
    float* to = scratch.strip.data() + i * padded_row;
    float* const end = to + padded_row;
    if (row >= 0 && row < rows) {
      to = std::fill_n(to, kWinogradSide / 2 * tiles.channels, 0.0F);
      to = std::copy_n(maps + row * map_row, map_row, to);
    }
    std::fill(to, end, 0.0F);
  }
  kernels::winograd_evaluate(tiles, scratch.strip.data(), scratch.tiles.data());
}

/// G ⊗ G, [36, 9]: filters at the points.
torch::Tensor filters_at_points() {
  const torch::Tensor g = torch::tensor({{1.0 / 4, 0.0, 0.0},
                                         {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                         {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                         {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                         {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                         {0.0, 0.0, 1.0}},
                                        torch::kDouble);
  return torch::kron(g, g).to(torch::kFloat);
}

/// A filter's 36 matrices [in_channels, channels].
torch::Tensor matrices_of(const torch::Tensor& weight) {
  return filters_at_points()
      .mm(weight.detach().permute({2, 3, 1, 0}).reshape({kWinogradSide * kWinogradSide, -1}))
      .view({kWinogradPoints, weight.size(1), weight.size(0)});
}

/// A batch's convolution; maps are channels-last.
torch::Tensor convolve_batch(const torch::Tensor& maps, const torch::Tensor& weight) {
  const WinogradConv conv(weight);
  torch::Tensor out = torch::empty({maps.size(0), conv.channels(), maps.size(2), maps.size(3)},
                                   maps.options().memory_format(at::MemoryFormat::ChannelsLast));
  const auto* from = maps.data_ptr<float>();
  auto* to = out.data_ptr<float>();
  at::parallel_for(0, maps.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    WinogradConv::Scratch scratch;
    for (std::int64_t b = begin; b < end; ++b) {
      conv.convolve(from + b * maps.stride(0), maps.size(2), maps.size(3), to + b * out.stride(0),
                    scratch);
    }
  });
  return out;
}

constexpr std::int64_t kGroup = 8;  ///< elements whose share of a gradient is summed in order

/// Adds one element's share to the gradients of the 36 matrices.
void add_filter_grads(const Strip& strip, const float* maps, const float* grads, std::int64_t rows,
                      std::int64_t columns, float* filter_grads, WinogradConv::Scratch& scratch) {
  const auto [in, out] = strip;
  const std::int64_t num_tiles = in.count();
  scratch.products.resize(static_cast<std::size_t>(kWinogradPoints * num_tiles * out.channels));
  for (std::int64_t first = 0; first < rows; first += strip.num_rows()) {
    read_tiles(in, maps, rows, columns, first, scratch);
    kernels::winograd_spread(out, grads + first * columns * out.channels,
                             std::min(strip.num_rows(), rows - first), columns,
                             scratch.products.data());
    for (std::int64_t point = 0; point < kWinogradPoints; ++point) {
      PackedMatrix::add_transposed_product(
          num_tiles, in.channels, out.channels,
          {scratch.tiles.data() + point * num_tiles * in.channels, in.channels},
          {scratch.products.data() + point * num_tiles * out.channels, out.channels},
          {filter_grads + point * in.channels * out.channels, out.channels});
    }
  }
}

/// [channels, in_channels, 3, 3]; maps and grads are channels-last.
torch::Tensor weight_grad(const torch::Tensor& maps, const torch::Tensor& grads) {
  const std::int64_t batch = maps.size(0);
  const std::int64_t num_groups = (batch + kGroup - 1) / kGroup;
  const Strip strip(maps.size(2), maps.size(3), maps.size(1), grads.size(1));
  torch::Tensor shares =
      torch::zeros({num_groups, kWinogradPoints, maps.size(1), grads.size(1)}, maps.options());
  const auto* from = maps.data_ptr<float>();
  const auto* from_grads = grads.data_ptr<float>();
  auto* to = shares.data_ptr<float>();
  at::parallel_for(0, num_groups, 1, [&](std::int64_t begin, std::int64_t end) {
    WinogradConv::Scratch scratch;
    for (std::int64_t group = begin; group < end; ++group) {
      const std::int64_t last = std::min(batch, (group + 1) * kGroup);
      for (std::int64_t b = group * kGroup; b < last; ++b) {
        add_filter_grads(strip, from + b * maps.stride(0), from_grads + b * grads.stride(0),
                         maps.size(2), maps.size(3), to + group * shares.stride(0), scratch);
      }
    }
  });
  return filters_at_points()
      .t()
      .mm(shares.sum(0).flatten(1))
      .view({kWinogradSide, kWinogradSide, maps.size(1), grads.size(1)})
      .permute({3, 2, 0, 1})
      .contiguous();
}

class WinogradNode : public torch::autograd::Function<WinogradNode> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& maps_any, const torch::Tensor& weight) {
    const torch::Tensor maps = maps_any.contiguous(at::MemoryFormat::ChannelsLast);
    context->save_for_backward({maps, weight});
    return convolve_batch(maps, weight);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& out_grads) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const torch::Tensor& weight = saved[1];
    const torch::Tensor grads = out_grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    torch::Tensor maps_grad;
    if (context->needs_input_grad(0)) {
      maps_grad = convolve_batch(grads, weight.flip({2, 3}).transpose(0, 1));
    }
    return {maps_grad, weight_grad(saved[0], grads)};
  }
};

}  // namespace

bool WinogradConv::fits(const torch::Tensor& maps, const torch::Tensor& weight) {
  constexpr std::int64_t kChannels = 8;
  return has_own_kernel(OwnKernel::kWinograd, maps) && weight.scalar_type() == torch::kFloat &&
         weight.size(2) == kWinogradSide && weight.size(3) == kWinogradSide &&
         weight.size(0) % kChannels == 0 && weight.size(1) % kChannels == 0 &&
         weight.size(1) == maps.size(1);
}

WinogradConv::WinogradConv(const torch::Tensor& weight)
    : in_channels_(weight.size(1)), filters_(matrices_of(weight)) {}

void WinogradConv::convolve(const float* maps, std::int64_t rows, std::int64_t columns, float* out,
                            Scratch& scratch) const {
  const Strip strip(rows, columns, in_channels_, channels());
  const std::int64_t num_tiles = strip.in.count();
  const std::int64_t tiles = num_tiles * in_channels_;
  const std::int64_t products = num_tiles * channels();
  scratch.products.resize(static_cast<std::size_t>(kWinogradPoints * products));
  for (std::int64_t first = 0; first < rows; first += strip.num_rows()) {
    read_tiles(strip.in, maps, rows, columns, first, scratch);
    for (std::int64_t point = 0; point < kWinogradPoints; ++point) {
      filters_.multiply(num_tiles, {scratch.tiles.data() + point * tiles, in_channels_},
                        {scratch.products.data() + point * products, channels()}, {nullptr, 0},
                        point);
    }
    kernels::winograd_interpolate(strip.out, scratch.products.data(),
                                  std::min(strip.num_rows(), rows - first), columns,
                                  out + first * columns * channels());
  }
}

torch::Tensor winograd_conv(const torch::Tensor& maps, const torch::Tensor& weight) {
  return WinogradNode::apply(maps, weight);
}

}  // namespace mer
