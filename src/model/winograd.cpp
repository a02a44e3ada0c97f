#include "winograd.hpp"

#include <algorithm>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kSide = 3;
constexpr std::int64_t kTile = 4;                   ///< values a side that a tile gives
constexpr std::int64_t kWindow = kTile + kSide - 1;  ///< values a side that it reads
constexpr std::int64_t kPoints = kWindow * kWindow;

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float))));

/// Sizes of a strip: the four rows that are computed at once.
struct Strip {
  std::int64_t columns;
  std::int64_t in_channels, channels;

  std::int64_t num_tiles() const { return (columns + kTile - 1) / kTile; }
  /// A row of the input with zeros around it, in numbers.
  std::int64_t padded_row() const {
    return (num_tiles() * kTile + kSide - 1) * in_channels;
  }
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

/// Padded rows [kWindow, padded_row] → tiles [kPoints, num_tiles, in_channels].
MER_EIGHTS_FMA_CLONES
void evaluate_tiles(const Strip& strip, const float* rows, float* tiles) {
  const std::int64_t stride = strip.num_tiles() * strip.in_channels;
  for (std::int64_t t = 0; t < strip.num_tiles(); ++t) {
    for (std::int64_t c = 0; c < strip.in_channels; c += kLanes) {
      Vector half[kWindow][kWindow];
#pragma GCC unroll 6
      for (std::int64_t j = 0; j < kWindow; ++j) {
        const float* from = rows + (t * kTile + j) * strip.in_channels + c;
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

/// Products [kPoints, num_tiles, channels] → the first num_rows ≤ kTile rows [columns, channels].
MER_EIGHTS_FMA_CLONES
void interpolate_tiles(const Strip& strip, const float* products, std::int64_t num_rows,
                       float* out) {
  const std::int64_t stride = strip.num_tiles() * strip.channels;
  for (std::int64_t t = 0; t < strip.num_tiles(); ++t) {
    const std::int64_t width = std::min(kTile, strip.columns - t * kTile);
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
        if (i >= num_rows) break;
        Vector values[kTile];
        interpolate(half[i], values);
        float* to = out + (i * strip.columns + t * kTile) * strip.channels + c;
#pragma GCC unroll 4
        for (std::int64_t j = 0; j < kTile; ++j) {
          if (j < width) store(values[j], to + j * strip.channels);
        }
      }
    }
  }
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

bool WinogradConv::fits(const torch::Tensor& weight) {
  return weight.scalar_type() == torch::kFloat && weight.size(2) == kSide &&
         weight.size(3) == kSide && weight.size(0) % kLanes == 0 && weight.size(1) % kLanes == 0;
}

WinogradConv::WinogradConv(const torch::Tensor& weight)
    : in_channels_(weight.size(1)),
      factors_(RightFactor<float>(matrices_of(weight)).combined(filters_at_points())) {}

void WinogradConv::convolve(const float* maps, std::int64_t rows, std::int64_t columns, float* out,
                            Scratch& scratch) const {
  const Strip strip = {columns, in_channels_, channels()};
  const std::int64_t tile_row = strip.num_tiles() * in_channels_;
  const std::int64_t product_row = strip.num_tiles() * channels();
  scratch.strip.resize(static_cast<std::size_t>(kWindow * strip.padded_row()));
  scratch.tiles.resize(static_cast<std::size_t>(kPoints * tile_row));
  scratch.products.resize(static_cast<std::size_t>(kPoints * product_row));
  const std::int64_t map_row = columns * in_channels_;
  for (std::int64_t first = 0; first < rows; first += kTile) {
    for (std::int64_t i = 0; i < kWindow; ++i) {
      const std::int64_t row = first + i - kSide / 2;
      float* to = scratch.strip.data() + i * strip.padded_row();
      std::fill_n(to, strip.padded_row(), 0.0F);
      if (row < 0 || row >= rows) continue;
      std::copy_n(maps + row * map_row, map_row, to + kSide / 2 * in_channels_);
    }
    evaluate_tiles(strip, scratch.strip.data(), scratch.tiles.data());
    for (std::int64_t point = 0; point < kPoints; ++point) {
      factors_.multiply(strip.num_tiles(),
                        {scratch.tiles.data() + point * tile_row, in_channels_},
                        {scratch.products.data() + point * product_row, channels()}, point);
    }
    interpolate_tiles(strip, scratch.products.data(), std::min(kTile, rows - first),
                      out + first * columns * channels());
  }
}

}  // namespace mer
