#include "ops/winograd.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "mer/core/vector_clones.hpp"
#include "mer/nn/mixed_precision.hpp"
#include "ops/own_kernels.hpp"

namespace mer {
namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kSide = 3;
constexpr std::int64_t kTile = 4;                    ///< values a side that a tile gives
constexpr std::int64_t kWindow = kTile + kSide - 1;  ///< values a side that it reads
constexpr std::int64_t kPoints = kWindow * kWindow;

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float))));

/// Numbers of a tile row's channels that a strip should have for long products, and not more than
/// the second-level cache holds in 36 points.
constexpr std::int64_t kStripNumbers = 1536;

/// Sizes of a strip: some rows of tiles that are computed at once.
struct Strip {
  Strip(std::int64_t rows, std::int64_t width, std::int64_t in, std::int64_t out)
      : columns(width), in_channels(in), channels(out) {
    const std::int64_t most = kStripNumbers / (row_tiles() * std::max(in, out));
    tile_rows = std::clamp<std::int64_t>(most, 1, (rows + kTile - 1) / kTile);
  }

  std::int64_t columns;
  std::int64_t in_channels, channels;
  std::int64_t tile_rows = 1;

  std::int64_t row_tiles() const { return (columns + kTile - 1) / kTile; }
  std::int64_t num_tiles() const { return tile_rows * row_tiles(); }
  std::int64_t num_rows() const { return tile_rows * kTile; }
  std::int64_t padded_rows() const { return num_rows() + kSide - 1; }
  /// A row of the input with zeros around it, in numbers.
  std::int64_t padded_row() const { return (row_tiles() * kTile + kSide - 1) * in_channels; }
};

MER_INLINE Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
MER_INLINE void store(const Vector& value, float* to) { *reinterpret_cast<Vector*>(to) = value; }

/// Bᵀd: a window's values at the points 0, ±1, ±2 and ∞.
MER_INLINE void evaluate(const Vector* d, Vector* at) {
  const Vector even1 = d[4] - 4.0F * d[2];
  const Vector odd1 = d[3] - 4.0F * d[1];
  const Vector even2 = d[4] - d[2];
  const Vector odd2 = 2.0F * (d[3] - d[1]);
  at[0] = 4.0F * d[0] - 5.0F * d[2] + d[4];
  at[1] = even1 + odd1;
  at[2] = even1 - odd1;
  at[3] = even2 + odd2;
  at[4] = even2 - odd2;
  at[5] = 4.0F * d[1] - 5.0F * d[3] + d[5];
}

/// Aᵀm: the four values that products at these points stand for.
MER_INLINE void interpolate(const Vector* at, Vector* values) {
  const Vector even1 = at[1] + at[2];
  const Vector odd1 = at[1] - at[2];
  const Vector even2 = at[3] + at[4];
  const Vector odd2 = at[3] - at[4];
  values[0] = at[0] + even1 + even2;
  values[1] = odd1 + 2.0F * odd2;
  values[2] = even1 + 4.0F * even2;
  values[3] = odd1 + 8.0F * odd2 + at[5];
}

/// A · values: what interpolate()'s values, as gradients, are to its points.
MER_INLINE void spread(const Vector* values, Vector* at) {
  const Vector even1 = values[0] + values[2];
  const Vector odd1 = values[1] + values[3];
  const Vector even2 = values[0] + 4.0F * values[2];
  const Vector odd2 = 2.0F * values[1] + 8.0F * values[3];
  at[0] = values[0];
  at[1] = even1 + odd1;
  at[2] = even1 - odd1;
  at[3] = even2 + odd2;
  at[4] = even2 - odd2;
  at[5] = values[3];
}

/// Padded rows [padded_rows, padded_row] → tiles [kPoints, num_tiles, in_channels].
MER_EIGHTS_FMA_CLONES
void evaluate_tiles(const Strip& strip, const float* rows, float* tiles) {
  const std::int64_t stride = strip.num_tiles() * strip.in_channels;
  for (std::int64_t t = 0; t < strip.num_tiles(); ++t) {
    const float* first = rows + t / strip.row_tiles() * kTile * strip.padded_row() +
                         t % strip.row_tiles() * kTile * strip.in_channels;
    for (std::int64_t c = 0; c < strip.in_channels; c += kLanes) {
      Vector half[kWindow][kWindow];
#pragma GCC unroll 6
      for (std::int64_t j = 0; j < kWindow; ++j) {
        const float* from = first + j * strip.in_channels + c;
        Vector window[kWindow];
        Vector at[kWindow];
#pragma GCC unroll 6
        for (std::int64_t i = 0; i < kWindow; ++i) window[i] = load(from + i * strip.padded_row());
        evaluate(window, at);
#pragma GCC unroll 6
        for (std::int64_t i = 0; i < kWindow; ++i) half[i][j] = at[i];
      }
      float* to = tiles + t * strip.in_channels + c;
#pragma GCC unroll 6
      for (std::int64_t i = 0; i < kWindow; ++i) {
        Vector at[kWindow];
        evaluate(half[i], at);
#pragma GCC unroll 6
        for (std::int64_t j = 0; j < kWindow; ++j) store(at[j], to + (i * kWindow + j) * stride);
      }
    }
  }
}

/// Where a tile's values stand in rows [columns, channels] of which num_rows are there.
struct TilePlace {
  TilePlace(const Strip& strip, std::int64_t tile, std::int64_t num_rows)
      : row(tile / strip.row_tiles() * kTile),
        column(tile % strip.row_tiles() * kTile),
        height(std::min(kTile, num_rows - row)),
        width(std::min(kTile, strip.columns - column)) {}

  std::int64_t row, column;
  std::int64_t height, width;  ///< of what is there
};

/// Products [kPoints, num_tiles, channels] → rows [num_rows, columns, channels].
MER_EIGHTS_FMA_CLONES
void interpolate_tiles(const Strip& strip, const float* products, std::int64_t num_rows,
                       float* out) {
  const std::int64_t stride = strip.num_tiles() * strip.channels;
  for (std::int64_t t = 0; t < strip.num_tiles(); ++t) {
    const TilePlace place(strip, t, num_rows);
    for (std::int64_t c = 0; c < strip.channels; c += kLanes) {
      const float* from = products + t * strip.channels + c;
      Vector half[kTile][kWindow];
#pragma GCC unroll 6
      for (std::int64_t j = 0; j < kWindow; ++j) {
        Vector at[kWindow];
        Vector values[kTile];
#pragma GCC unroll 6
        for (std::int64_t i = 0; i < kWindow; ++i) at[i] = load(from + (i * kWindow + j) * stride);
        interpolate(at, values);
#pragma GCC unroll 4
        for (std::int64_t i = 0; i < kTile; ++i) half[i][j] = values[i];
      }
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < kTile; ++i) {
        if (i >= place.height) break;
        Vector values[kTile];
        interpolate(half[i], values);
        float* to = out + ((place.row + i) * strip.columns + place.column) * strip.channels + c;
#pragma GCC unroll 4
        for (std::int64_t j = 0; j < kTile; ++j) {
          if (j < place.width) store(values[j], to + j * strip.channels);
        }
      }
    }
  }
}

/// Gradients of rows [num_rows, columns, channels] → of products [kPoints, num_tiles, channels].
MER_EIGHTS_FMA_CLONES
void spread_tiles(const Strip& strip, const float* grads, std::int64_t num_rows, float* products) {
  const std::int64_t stride = strip.num_tiles() * strip.channels;
  for (std::int64_t t = 0; t < strip.num_tiles(); ++t) {
    const TilePlace place(strip, t, num_rows);
    for (std::int64_t c = 0; c < strip.channels; c += kLanes) {
      Vector half[kTile][kWindow];
#pragma GCC unroll 4
      for (std::int64_t i = 0; i < kTile; ++i) {
        const float* from =
            grads + ((place.row + i) * strip.columns + place.column) * strip.channels + c;
        Vector values[kTile];
#pragma GCC unroll 4
        for (std::int64_t j = 0; j < kTile; ++j) {
          values[j] =
              i < place.height && j < place.width ? load(from + j * strip.channels) : Vector{};
        }
        spread(values, half[i]);
      }
      float* to = products + t * strip.channels + c;
#pragma GCC unroll 6
      for (std::int64_t j = 0; j < kWindow; ++j) {
        Vector values[kTile];
        Vector at[kWindow];
#pragma GCC unroll 4
        for (std::int64_t i = 0; i < kTile; ++i) values[i] = half[i][j];
        spread(values, at);
#pragma GCC unroll 6
        for (std::int64_t i = 0; i < kWindow; ++i) store(at[i], to + (i * kWindow + j) * stride);
      }
    }
  }
}

/// The tiles of the strip that begins with row `first` of maps [rows, columns, in_channels].
void read_tiles(const Strip& strip, const float* maps, std::int64_t rows, std::int64_t first,
                WinogradConv::Scratch& scratch) {
  scratch.strip.resize(static_cast<std::size_t>(strip.padded_rows() * strip.padded_row()));
  scratch.tiles.resize(static_cast<std::size_t>(kPoints * strip.num_tiles() * strip.in_channels));
  const std::int64_t map_row = strip.columns * strip.in_channels;
  for (std::int64_t i = 0; i < strip.padded_rows(); ++i) {
    const std::int64_t row = first + i - kSide / 2;
    float* to = scratch.strip.data() + i * strip.padded_row();
    if (row < 0 || row >= rows) {
      std::fill_n(to, strip.padded_row(), 0.0F);
      continue;
    }
    float* end = std::copy_n(maps + row * map_row, map_row,
                             std::fill_n(to, kSide / 2 * strip.in_channels, 0.0F));
    std::fill(end, to + strip.padded_row(), 0.0F);
  }
  evaluate_tiles(strip, scratch.strip.data(), scratch.tiles.data());
}

/// G ⊗ G, [kPoints, 9]: filters at the same points.
torch::Tensor filters_at_points() {
  const torch::Tensor g = torch::tensor({{1.0 / 4, 0.0, 0.0},
                                         {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                         {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                         {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                         {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                         {0.0, 0.0, 1.0}},
                                        torch::kDouble);
  return torch::kron(g, g);
}

/// Nine matrices [in_channels, channels], one for each place in the square.
torch::Tensor matrices_of(const torch::Tensor& weight) {
  return weight.detach().permute({2, 3, 1, 0}).flatten(0, 1);
}

}  // namespace

bool WinogradConv::fits(const torch::Tensor& maps, const torch::Tensor& weight) {
  return has_own_kernels(maps) && !MixedPrecision::active() &&
         maps.scalar_type() == torch::kFloat && weight.scalar_type() == torch::kFloat &&
         weight.size(2) == kSide && weight.size(3) == kSide && weight.size(0) % kLanes == 0 &&
         weight.size(1) % kLanes == 0 && weight.size(1) == maps.size(1);
}

WinogradConv::WinogradConv(const torch::Tensor& weight)
    : in_channels_(weight.size(1)),
      factors_(RightFactor<float>(matrices_of(weight)).combined(filters_at_points())) {}

void WinogradConv::convolve(const float* maps, std::int64_t rows, std::int64_t columns, float* out,
                            Scratch& scratch) const {
  const Strip strip(rows, columns, in_channels_, channels());
  const std::int64_t tiles = strip.num_tiles() * in_channels_;
  const std::int64_t products = strip.num_tiles() * channels();
  scratch.products.resize(static_cast<std::size_t>(kPoints * products));
  for (std::int64_t first = 0; first < rows; first += strip.num_rows()) {
    read_tiles(strip, maps, rows, first, scratch);
    for (std::int64_t point = 0; point < kPoints; ++point) {
      factors_.multiply(strip.num_tiles(), {scratch.tiles.data() + point * tiles, in_channels_},
                        {scratch.products.data() + point * products, channels()}, point);
    }
    interpolate_tiles(strip, scratch.products.data(), std::min(strip.num_rows(), rows - first),
                      out + first * columns * channels());
  }
}

namespace {

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

/// Adds one element's share to the gradients of the 36 matrices, [kPoints, in_channels, channels].
void add_factor_grads(const Strip& strip, const float* maps, const float* grads, std::int64_t rows,
                      float* factor_grads, WinogradConv::Scratch& scratch) {
  const std::int64_t tiles = strip.num_tiles() * strip.in_channels;
  const std::int64_t products = strip.num_tiles() * strip.channels;
  scratch.products.resize(static_cast<std::size_t>(kPoints * products));
  for (std::int64_t first = 0; first < rows; first += strip.num_rows()) {
    read_tiles(strip, maps, rows, first, scratch);
    spread_tiles(strip, grads + first * strip.columns * strip.channels,
                 std::min(strip.num_rows(), rows - first), scratch.products.data());
    for (std::int64_t point = 0; point < kPoints; ++point) {
      RightFactor<float>::add_transposed_product(
          strip.num_tiles(), strip.in_channels, strip.channels,
          {scratch.tiles.data() + point * tiles, strip.in_channels},
          {scratch.products.data() + point * products, strip.channels},
          {factor_grads + point * strip.in_channels * strip.channels, strip.channels});
    }
  }
}

/// [channels, in_channels, 3, 3]; maps and grads are channels-last.
torch::Tensor weight_grad(const torch::Tensor& maps, const torch::Tensor& grads) {
  const std::int64_t batch = maps.size(0);
  const std::int64_t num_groups = (batch + kGroup - 1) / kGroup;
  const Strip strip(maps.size(2), maps.size(3), maps.size(1), grads.size(1));
  torch::Tensor shares =
      torch::zeros({num_groups, kPoints, strip.in_channels, strip.channels}, maps.options());
  const auto* from = maps.data_ptr<float>();
  const auto* from_grads = grads.data_ptr<float>();
  auto* to = shares.data_ptr<float>();
  at::parallel_for(0, num_groups, 1, [&](std::int64_t begin, std::int64_t end) {
    WinogradConv::Scratch scratch;
    for (std::int64_t group = begin; group < end; ++group) {
      const std::int64_t last = std::min(batch, (group + 1) * kGroup);
      for (std::int64_t b = group * kGroup; b < last; ++b) {
        add_factor_grads(strip, from + b * maps.stride(0), from_grads + b * grads.stride(0),
                         maps.size(2), to + group * shares.stride(0), scratch);
      }
    }
  });
  const torch::Tensor factor_grads = shares.sum(0).flatten(1);
  return filters_at_points()
      .to(torch::kFloat)
      .t()
      .mm(factor_grads)
      .view({kSide, kSide, strip.in_channels, strip.channels})
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

torch::Tensor winograd_conv(const torch::Tensor& maps, const torch::Tensor& weight) {
  return WinogradNode::apply(maps, weight);
}

}  // namespace mer
