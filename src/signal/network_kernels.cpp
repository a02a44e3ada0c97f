#include "mer/signal/network_kernels.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "network_kernels.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // includes this file once a target, with what follows
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mer::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Full = hn::CappedTag<float, 16>;
using Eight = hn::CappedTag<float, 8>;
using One = hn::CappedTag<float, 1>;

/// Calls body(tag, c) for channels from c on, as many at once as there are, the rest one by one.
template <class Body>
HWY_INLINE void each_channel(std::int64_t channels, const Body& body) {
  std::int64_t c = 0;
  constexpr auto kFull = static_cast<std::int64_t>(hn::MaxLanes(Full()));
  constexpr auto kEight = static_cast<std::int64_t>(hn::MaxLanes(Eight()));
  for (; c + kFull <= channels; c += kFull) body(Full(), c);
  for (; c + kEight <= channels; c += kEight) body(Eight(), c);
  for (; c < channels; ++c) body(One(), c);
}

// ---- Products

#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
constexpr int kSums = 24;  // vectors that stay in registers
#else
constexpr int kSums = 12;
#endif

/// `Rows` rows from `row` on, in one panel of columns.
template <int Rows, class D, int Vectors>
HWY_INLINE void multiply_tile(D d, const Product& job, const float* matrix, std::int64_t step,
                              std::int64_t row, std::int64_t first_column) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(D()));
  const float* rows = job.rows + row * job.row_stride;
  hn::Vec<D> sums[Rows][Vectors];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sums[r][v] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < job.inner; ++k) {
    const float* factors = rows + job.offsets[k];
    hn::Vec<D> columns[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) columns[v] = hn::LoadU(d, matrix + k * step + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const auto factor = hn::Set(d, factors[r * job.row_stride]);
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sums[r][v] = hn::MulAdd(factor, columns[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) {
      const std::int64_t column = first_column + v * kLanes;
      float* to = job.out + (row + r) * job.out_stride + column;
      const float* from =
          job.start == nullptr ? nullptr : job.start + (row + r) * job.start_stride + column;
      if (column + kLanes <= job.columns) {
        hn::StoreU(from == nullptr ? sums[r][v] : hn::Add(hn::LoadU(d, from), sums[r][v]), d, to);
      } else {
        HWY_ALIGN float values[kLanes];
        hn::Store(sums[r][v], d, values);
        for (std::int64_t c = 0; c < job.columns - column; ++c) {
          to[c] = from == nullptr ? values[c] : from[c] + values[c];
        }
      }
    }
  }
}

/// All rows from `row` on, `Rows` at once and the rest in ever smaller tiles.
template <int Rows, class D, int Vectors>
HWY_INLINE void multiply_rows(D d, const Product& job, const float* matrix, std::int64_t step,
                              std::int64_t row, std::int64_t first_column) {
  for (; row + Rows <= job.num_rows; row += Rows) {
    multiply_tile<Rows, D, Vectors>(d, job, matrix, step, row, first_column);
  }
  if constexpr (Rows > 1) {
    multiply_rows<Rows / 2, D, Vectors>(d, job, matrix, step, row, first_column);
  }
}

template <int Columns>
HWY_NOINLINE void multiply_panel(const Product& job, const float* matrix, std::int64_t step,
                                 std::int64_t first_column) {
  using D = hn::CappedTag<float, (Columns < 16 ? Columns : 16)>;
  constexpr int kVectors = Columns / static_cast<int>(hn::MaxLanes(D()));
  constexpr int kRows = std::clamp(kSums / kVectors, 1, 12);
  multiply_rows<kRows, D, kVectors>(D(), job, matrix, step, 0, first_column);
}

void multiply(const Product& job) {
  for (std::int64_t first = 0; first < job.columns;) {
    std::int64_t width = panel_columns(job.columns - first);
    const bool packed = job.matrix_stride == 0;
    while (!packed && width > job.columns - first) width /= 2;
    const float* matrix = job.matrix + (packed ? first * job.inner : first);
    const std::int64_t step = packed ? width : job.matrix_stride;
    if (width == 32) {
      multiply_panel<32>(job, matrix, step, first);
    } else if (width == 16) {
      multiply_panel<16>(job, matrix, step, first);
    } else {
      multiply_panel<8>(job, matrix, step, first);
    }
    first += width;
  }
}

// ---- Pooling

template <class V>
HWY_INLINE V larger(V maximum, V x) {
  return hn::IfThenElse(hn::Or(hn::Gt(x, maximum), hn::IsNaN(x)), x, maximum);
}

template <class D, class V>
HWY_INLINE void store_pooled(D d, const PooledRow& row, std::int64_t c, V maximum, float* out) {
  const V x = hn::MulAdd(maximum, hn::LoadU(d, row.scale + c), hn::LoadU(d, row.shift + c));
  const V rectified = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x);
  hn::StoreU(
      hn::MulAdd(rectified, hn::LoadU(d, row.out_scale + c), hn::LoadU(d, row.out_shift + c)), d,
      out + c);
}

void pool_row(const PooledRow& row, float* out) {
  const std::int64_t line = row.columns * row.channels;
  const auto is_valid = [&](std::int64_t column) {
    return row.valid == nullptr || row.valid[column] != 0.0F;
  };
  for (std::int64_t w = 0; w < row.num_windows; ++w, out += row.channels) {
    std::int64_t begin = w * row.window_stride;
    std::int64_t end = std::min(begin + row.window, row.columns);
    while (begin < end && !is_valid(begin)) ++begin;
    while (begin < end && !is_valid(end - 1)) --end;
    if (begin == end) {
      std::fill_n(out, row.channels, 0.0F);
      continue;
    }
    const float* first = row.maps + begin * row.channels;
    if (row.rows == 2 && end - begin == 2) {  // nearly always
      each_channel(row.channels, [&](auto d, std::int64_t c) HWY_ATTR {
        const float* from = first + c;
        const auto upper = larger(hn::LoadU(d, from), hn::LoadU(d, from + row.channels));
        const auto lower =
            larger(hn::LoadU(d, from + line), hn::LoadU(d, from + line + row.channels));
        store_pooled(d, row, c, larger(upper, lower), out);
      });
      continue;
    }
    each_channel(row.channels, [&](auto d, std::int64_t c) HWY_ATTR {
      auto maximum = hn::LoadU(d, first + c);
      for (std::int64_t r = 0; r < row.rows; ++r) {
        for (std::int64_t column = begin; column < end; ++column) {
          if (!is_valid(column)) continue;
          maximum = larger(maximum, hn::LoadU(d, row.maps + r * line + column * row.channels + c));
        }
      }
      store_pooled(d, row, c, maximum, out);
    });
  }
}

// ---- Winograd's convolution

template <class D>
HWY_INLINE hn::Vec<D> times(D d, float factor, hn::Vec<D> x, hn::Vec<D> plus) {
  return hn::MulAdd(hn::Set(d, factor), x, plus);
}

/// Bᵀd: a window's values at the points 0, ±1, ±2 and ∞.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void evaluate(D d, const V* x, V* at) {
  const V even1 = times(d, -4.0F, x[2], x[4]);
  const V odd1 = times(d, -4.0F, x[1], x[3]);
  const V even2 = hn::Sub(x[4], x[2]);
  const V odd2 = hn::Mul(hn::Set(d, 2.0F), hn::Sub(x[3], x[1]));
  at[0] = times(d, 4.0F, x[0], times(d, -5.0F, x[2], x[4]));
  at[1] = hn::Add(even1, odd1);
  at[2] = hn::Sub(even1, odd1);
  at[3] = hn::Add(even2, odd2);
  at[4] = hn::Sub(even2, odd2);
  at[5] = times(d, 4.0F, x[1], times(d, -5.0F, x[3], x[5]));
}

/// Aᵀm: the four values that products at these points stand for.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void interpolate(D d, const V* at, V* values) {
  const V even1 = hn::Add(at[1], at[2]);
  const V odd1 = hn::Sub(at[1], at[2]);
  const V even2 = hn::Add(at[3], at[4]);
  const V odd2 = hn::Sub(at[3], at[4]);
  values[0] = hn::Add(at[0], hn::Add(even1, even2));
  values[1] = times(d, 2.0F, odd2, odd1);
  values[2] = times(d, 4.0F, even2, even1);
  values[3] = times(d, 8.0F, odd2, hn::Add(odd1, at[5]));
}

/// A · values: what interpolate()'s values, as gradients, are to its points.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void spread(D d, const V* values, V* at) {
  const V even1 = hn::Add(values[0], values[2]);
  const V odd1 = hn::Add(values[1], values[3]);
  const V even2 = times(d, 4.0F, values[2], values[0]);
  const V odd2 = times(d, 8.0F, values[3], hn::Add(values[1], values[1]));
  at[0] = values[0];
  at[1] = hn::Add(even1, odd1);
  at[2] = hn::Sub(even1, odd1);
  at[3] = hn::Add(even2, odd2);
  at[4] = hn::Sub(even2, odd2);
  at[5] = values[3];
}

void winograd_evaluate(const Tiles& tiles, const float* padded_rows, float* points) {
  constexpr int kWindow = kWinogradWindow;
  const std::int64_t channels = tiles.channels;
  const std::int64_t stride = tiles.count() * channels;
  for (std::int64_t t = 0; t < tiles.count(); ++t) {
    const float* first = padded_rows + t / tiles.tile_columns * kWinogradTile * tiles.padded_row() +
                         t % tiles.tile_columns * kWinogradTile * channels;
    each_channel(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      using V = hn::Vec<decltype(d)>;
      V half[kWindow][kWindow];
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) {
        V window[kWindow];
        V at[kWindow];
#pragma GCC unroll 6
        for (int i = 0; i < kWindow; ++i) {
          window[i] = hn::LoadU(d, first + i * tiles.padded_row() + j * channels + c);
        }
        evaluate(d, window, at);
#pragma GCC unroll 6
        for (int i = 0; i < kWindow; ++i) half[i][j] = at[i];
      }
      float* to = points + t * channels + c;
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) {
        V at[kWindow];
        evaluate(d, half[i], at);
#pragma GCC unroll 6
        for (int j = 0; j < kWindow; ++j) hn::StoreU(at[j], d, to + (i * kWindow + j) * stride);
      }
    });
  }
}

/// Where a tile's values stand in rows [num_rows, columns, channels], and how many are there.
struct TilePlace {
  TilePlace(const Tiles& tiles, std::int64_t t, std::int64_t num_rows, std::int64_t columns)
      : row(t / tiles.tile_columns * kWinogradTile),
        column(t % tiles.tile_columns * kWinogradTile),
        height(static_cast<int>(std::min(kWinogradTile, num_rows - row))),
        width(static_cast<int>(std::min(kWinogradTile, columns - column))) {}

  std::int64_t row, column;
  int height, width;
};

void winograd_interpolate(const Tiles& tiles, const float* points, std::int64_t num_rows,
                          std::int64_t columns, float* rows) {
  constexpr int kWindow = kWinogradWindow;
  constexpr int kTile = kWinogradTile;
  const std::int64_t channels = tiles.channels;
  const std::int64_t stride = tiles.count() * channels;
  for (std::int64_t t = 0; t < tiles.count(); ++t) {
    const TilePlace place(tiles, t, num_rows, columns);
    each_channel(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      using V = hn::Vec<decltype(d)>;
      const float* from = points + t * channels + c;
      V half[kTile][kWindow];
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) {
        V at[kWindow];
        V values[kTile];
#pragma GCC unroll 6
        for (int i = 0; i < kWindow; ++i) at[i] = hn::LoadU(d, from + (i * kWindow + j) * stride);
        interpolate(d, at, values);
#pragma GCC unroll 4
        for (int i = 0; i < kTile; ++i) half[i][j] = values[i];
      }
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) {
        if (i >= place.height) break;
        V values[kTile];
        interpolate(d, half[i], values);
        float* to = rows + ((place.row + i) * columns + place.column) * channels + c;
#pragma GCC unroll 4
        for (int j = 0; j < kTile; ++j) {
          if (j < place.width) hn::StoreU(values[j], d, to + j * channels);
        }
      }
    });
  }
}

void winograd_spread(const Tiles& tiles, const float* rows, std::int64_t num_rows,
                     std::int64_t columns, float* points) {
  constexpr int kWindow = kWinogradWindow;
  constexpr int kTile = kWinogradTile;
  const std::int64_t channels = tiles.channels;
  const std::int64_t stride = tiles.count() * channels;
  for (std::int64_t t = 0; t < tiles.count(); ++t) {
    const TilePlace place(tiles, t, num_rows, columns);
    each_channel(channels, [&](auto d, std::int64_t c) HWY_ATTR {
      using V = hn::Vec<decltype(d)>;
      V half[kTile][kWindow];
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) {
        const float* from = rows + ((place.row + i) * columns + place.column) * channels + c;
        V values[kTile];
#pragma GCC unroll 4
        for (int j = 0; j < kTile; ++j) {
          values[j] =
              i < place.height && j < place.width ? hn::LoadU(d, from + j * channels) : hn::Zero(d);
        }
        spread(d, values, half[i]);
      }
      float* to = points + t * channels + c;
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) {
        V values[kTile];
        V at[kWindow];
#pragma GCC unroll 4
        for (int i = 0; i < kTile; ++i) values[i] = half[i][j];
        spread(d, values, at);
#pragma GCC unroll 6
        for (int i = 0; i < kWindow; ++i) hn::StoreU(at[i], d, to + (i * kWindow + j) * stride);
      }
    });
  }
}

// ---- Spectra

void multiply_spectra(const SpectraProduct& job) {
  constexpr int kRows = 4;  // at once
  const Full d;
  using V = hn::Vec<Full>;
  for (std::int64_t first = 0; first < job.num_rows; first += kRows) {
    for (std::int64_t k = 0; k < job.points; k += static_cast<std::int64_t>(hn::MaxLanes(d))) {
      V re[kRows];
      V im[kRows];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) re[r] = im[r] = hn::Zero(d);
      for (std::int64_t tap = 0; tap < job.taps; ++tap) {
        const float* filter = job.filter + tap * 2 * job.points + k;
        const V filter_re = hn::LoadU(d, filter);
        const V filter_im = hn::LoadU(d, filter + job.points);
        const float* from = job.spectra + (first + tap) * 2 * job.points + k;
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          const V x_re = hn::LoadU(d, from + r * 2 * job.points);
          const V x_im = hn::LoadU(d, from + (2 * r + 1) * job.points);
          re[r] = hn::MulAdd(x_re, filter_re, hn::NegMulAdd(x_im, filter_im, re[r]));
          im[r] = hn::MulAdd(x_re, filter_im, hn::MulAdd(x_im, filter_re, im[r]));
        }
      }
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        hn::StoreInterleaved2(re[r], im[r], d, job.out + 2 * ((first + r) * job.points + k));
      }
    }
  }
}

void take_larger(std::int64_t size, const float* values, float* largest) {
  each_channel(size, [&](auto d, std::int64_t i) HWY_ATTR {
    hn::StoreU(hn::Max(hn::LoadU(d, largest + i), hn::LoadU(d, values + i)), d, largest + i);
  });
}

void largest_of_pairs(std::int64_t count, const float* pairs, float* largest) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(Full()));
  const Full d;
  std::int64_t i = 0;
  largest[0] = pairs[0];
  largest[1] = pairs[1];
  if (kLanes > 1 && 2 * count >= kLanes) {
    auto maxima = hn::LoadU(d, pairs);
    for (i = kLanes; i + kLanes <= 2 * count; i += kLanes) {
      maxima = hn::Max(maxima, hn::LoadU(d, pairs + i));
    }
    maxima = hn::Max(maxima, hn::LoadU(d, pairs + 2 * count - kLanes));  // the rest, and some again
    HWY_ALIGN float lanes[kLanes];
    hn::Store(maxima, d, lanes);
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      largest[lane % 2] = std::max(largest[lane % 2], lanes[lane]);
    }
    return;
  }
  for (; i < 2 * count; ++i) largest[i % 2] = std::max(largest[i % 2], pairs[i]);
}

// ---- LSTM

/// e^x; beyond 87 as at 87. NaN stays NaN.
template <class D>
HWY_INLINE hn::Vec<D> exponential(D d, hn::Vec<D> x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, hn::Min(x, hn::Set(d, 87.0F))));
}

template <class D>
HWY_INLINE hn::Vec<D> sigmoid(D d, hn::Vec<D> x) {
  const auto one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::Add(one, exponential(d, hn::Neg(x))));
}

template <class D>
HWY_INLINE hn::Vec<D> hyperbolic_tangent(D d, hn::Vec<D> x) {
  const auto one = hn::Set(d, 1.0F);
  const auto two = hn::Set(d, 2.0F);
  return hn::Sub(one, hn::Div(two, hn::Add(exponential(d, hn::Add(x, x)), one)));
}

void lstm_cell(std::int64_t units, float* gates, const float* cell_before, float* cell,
               float* cell_tanh, float* hidden) {
  each_channel(units, [&](auto d, std::int64_t u) HWY_ATTR {
    float* gate = gates + u;
    const auto in = sigmoid(d, hn::LoadU(d, gate));
    const auto forget = sigmoid(d, hn::LoadU(d, gate + units));
    const auto candidate = hyperbolic_tangent(d, hn::LoadU(d, gate + 2 * units));
    const auto out = sigmoid(d, hn::LoadU(d, gate + 3 * units));
    const auto state = hn::MulAdd(forget, hn::LoadU(d, cell_before + u), hn::Mul(in, candidate));
    const auto state_tanh = hyperbolic_tangent(d, state);
    hn::StoreU(in, d, gate);
    hn::StoreU(forget, d, gate + units);
    hn::StoreU(candidate, d, gate + 2 * units);
    hn::StoreU(out, d, gate + 3 * units);
    hn::StoreU(state, d, cell + u);
    hn::StoreU(state_tanh, d, cell_tanh + u);
    hn::StoreU(hn::Mul(out, state_tanh), d, hidden + u);
  });
}

void lstm_cell_backward(std::int64_t units, const float* gates, const float* cell_before,
                        const float* cell_tanh, const float* output_grad, float* hidden_grad,
                        float* cell_grad, float* gates_grad) {
  each_channel(units, [&](auto d, std::int64_t u) HWY_ATTR {
    using V = hn::Vec<decltype(d)>;
    const auto load = [&](const float* from) HWY_ATTR { return hn::LoadU(d, from + u); };
    const V one = hn::Set(d, 1.0F);
    const V in = load(gates);
    const V forget = load(gates + units);
    const V candidate = load(gates + 2 * units);
    const V out = load(gates + 3 * units);
    const V tanh = load(cell_tanh);
    const V dh = hn::Add(load(hidden_grad), load(output_grad));
    const V dc = hn::MulAdd(hn::Mul(dh, out), hn::NegMulAdd(tanh, tanh, one), load(cell_grad));
    const auto through_sigmoid = [&](V slope, V y) HWY_ATTR {
      return hn::Mul(hn::Mul(slope, y), hn::Sub(one, y));
    };
    hn::StoreU(through_sigmoid(hn::Mul(dc, candidate), in), d, gates_grad + u);
    hn::StoreU(through_sigmoid(hn::Mul(dc, load(cell_before)), forget), d, gates_grad + units + u);
    hn::StoreU(hn::Mul(hn::Mul(dc, in), hn::NegMulAdd(candidate, candidate, one)), d,
               gates_grad + 2 * units + u);
    hn::StoreU(through_sigmoid(hn::Mul(dh, tanh), out), d, gates_grad + 3 * units + u);
    hn::StoreU(hn::Mul(dc, forget), d, cell_grad + u);
    hn::StoreU(hn::Zero(d), d, hidden_grad + u);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace mer::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mer::kernels {

std::int64_t panel_columns(std::int64_t columns) {
  return columns > 24 ? 32 : columns > 8 ? 16 : 8;
}

HWY_EXPORT(multiply);
HWY_EXPORT(pool_row);
HWY_EXPORT(winograd_evaluate);
HWY_EXPORT(winograd_interpolate);
HWY_EXPORT(winograd_spread);
HWY_EXPORT(multiply_spectra);
HWY_EXPORT(take_larger);
HWY_EXPORT(largest_of_pairs);
HWY_EXPORT(lstm_cell);
HWY_EXPORT(lstm_cell_backward);

void multiply(const Product& product) { HWY_DYNAMIC_DISPATCH(multiply)(product); }
void pool_row(const PooledRow& row, float* out) { HWY_DYNAMIC_DISPATCH(pool_row)(row, out); }
void winograd_evaluate(const Tiles& tiles, const float* padded_rows, float* points) {
  HWY_DYNAMIC_DISPATCH(winograd_evaluate)(tiles, padded_rows, points);
}
void winograd_interpolate(const Tiles& tiles, const float* points, std::int64_t num_rows,
                          std::int64_t columns, float* rows) {
  HWY_DYNAMIC_DISPATCH(winograd_interpolate)(tiles, points, num_rows, columns, rows);
}
void winograd_spread(const Tiles& tiles, const float* rows, std::int64_t num_rows,
                     std::int64_t columns, float* points) {
  HWY_DYNAMIC_DISPATCH(winograd_spread)(tiles, rows, num_rows, columns, points);
}
void multiply_spectra(const SpectraProduct& product) {
  HWY_DYNAMIC_DISPATCH(multiply_spectra)(product);
}
void take_larger(std::int64_t size, const float* values, float* largest) {
  HWY_DYNAMIC_DISPATCH(take_larger)(size, values, largest);
}
void largest_of_pairs(std::int64_t count, const float* pairs, float* largest) {
  HWY_DYNAMIC_DISPATCH(largest_of_pairs)(count, pairs, largest);
}
void lstm_cell(std::int64_t units, float* gates, const float* cell_before, float* cell,
               float* cell_tanh, float* hidden) {
  HWY_DYNAMIC_DISPATCH(lstm_cell)(units, gates, cell_before, cell, cell_tanh, hidden);
}
void lstm_cell_backward(std::int64_t units, const float* gates, const float* cell_before,
                        const float* cell_tanh, const float* output_grad, float* hidden_grad,
                        float* cell_grad, float* gates_grad) {
  HWY_DYNAMIC_DISPATCH(lstm_cell_backward)
  (units, gates, cell_before, cell_tanh, output_grad, hidden_grad, cell_grad, gates_grad);
}

}  // namespace mer::kernels
#endif  // HWY_ONCE
