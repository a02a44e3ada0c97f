#pragma once

#include <cstdint>

/// The inner loops of this project's own operations on plain arrays of floats, written once with
/// Highway, which picks the processor's vectors when a function is called. What a function makes of
/// one row or channel does not depend on the others.
namespace mer::kernels {

/// Columns that a panel of a packed matrix has, of which `columns` are left.
std::int64_t panel_columns(std::int64_t columns);

/// out[r][c] = start[r][c] + Σ_k rows[r · row_stride + offsets[k]] · matrix[k][c], k in order
struct Product {
  std::int64_t num_rows, inner, columns;
  const float* rows;
  std::int64_t row_stride;
  const std::int64_t* offsets;  ///< [inner]
  /// Packed panels, each [inner, panel_columns()], zeros beyond the columns; or with a stride a
  /// matrix as it lies in memory, its columns a multiple of eight.
  const float* matrix;
  std::int64_t matrix_stride;  ///< 0 = packed
  const float* start;          ///< null = zeros
  std::int64_t start_stride;
  float* out;
  std::int64_t out_stride;
};
void multiply(const Product& product);

/// Pooling of maps' rows into one row, and what follows it:
///   out[w][c] = out_scale[c] · relu(scale[c] · max + shift[c]) + out_shift[c]
/// over all rows and the valid columns of window w; 0 where none is valid. NaN wins over numbers
/// and passes through, so that a diverged network is noticed.
struct PooledRow {
  const float* maps;  ///< [rows, columns, channels]
  std::int64_t rows, columns, channels;
  std::int64_t window, window_stride, num_windows;     ///< columns; the last window may be short
  const float* valid;                                  ///< [columns], null = all are
  const float *scale, *shift, *out_scale, *out_shift;  ///< [channels]
};
void pool_row(const PooledRow& row, float* out);

/// Winograd's F(4 × 4, 3 × 3): a tile's 4 × 4 values come from a window of 6 × 6, by way of its
/// values at 36 points.
inline constexpr std::int64_t kWinogradSide = 3;
inline constexpr std::int64_t kWinogradTile = 4;
inline constexpr std::int64_t kWinogradWindow = kWinogradTile + kWinogradSide - 1;
inline constexpr std::int64_t kWinogradPoints = kWinogradWindow * kWinogradWindow;

/// Tiles of some rows of maps.
struct Tiles {
  std::int64_t tile_rows, tile_columns;
  std::int64_t channels;  ///< a multiple of eight

  std::int64_t count() const { return tile_rows * tile_columns; }
  /// A row of the maps with zeros around it, in numbers.
  std::int64_t padded_row() const {
    return (tile_columns * kWinogradTile + kWinogradSide - 1) * channels;
  }
};
/// Padded rows → windows at the points, [kWinogradPoints, tiles.count(), channels].
void winograd_evaluate(const Tiles& tiles, const float* padded_rows, float* points);
/// Products at the points → rows [num_rows, columns, channels].
void winograd_interpolate(const Tiles& tiles, const float* points, std::int64_t num_rows,
                          std::int64_t columns, float* rows);
/// The transpose of winograd_interpolate(): gradients of rows → gradients of products.
void winograd_spread(const Tiles& tiles, const float* rows, std::int64_t num_rows,
                     std::int64_t columns, float* points);

/// out[r][k] = Σ_i spectra[r + i][k] · filter[i][k], complex numbers: real parts before imaginary
/// ones in the factors, beside them in the result.
struct SpectraProduct {
  std::int64_t num_rows;  ///< a multiple of four
  std::int64_t points;    ///< a multiple of sixteen
  std::int64_t taps;
  const float* spectra;  ///< [num_rows + taps − 1, 2 · points]
  const float* filter;   ///< [taps, 2 · points]
  float* out;            ///< [num_rows, points, 2]
};
void multiply_spectra(const SpectraProduct& product);

/// largest[i] = max(largest[i], values[i]), i < size
void take_larger(std::int64_t size, const float* values, float* largest);
/// The largest first and the largest second number of `count` pairs.
void largest_of_pairs(std::int64_t count, const float* pairs, float* largest);

/// One row of one step of an LSTM. `gates` [4 · units] holds input, forget, cell and output gate
/// before their activation and after it at the end.
void lstm_cell(std::int64_t units, float* gates, const float* cell_before, float* cell,
               float* cell_tanh, float* hidden);
/// The same row backwards. `hidden_grad` and `cell_grad` come in as what later steps sent (the
/// output's own gradient is added here) and leave as what goes to the step before, for
/// `hidden_grad` without the share through the gates.
void lstm_cell_backward(std::int64_t units, const float* gates, const float* cell_before,
                        const float* cell_tanh, const float* output_grad, float* hidden_grad,
                        float* cell_grad, float* gates_grad);

}  // namespace mer::kernels
