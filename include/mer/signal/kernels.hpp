#pragma once

#include <complex>
#include <cstddef>

/// The inner loops that make a whole job clearly faster than plain code would. They are written
/// once, compiled for several instruction sets and dispatched once (Highway). The order of the
/// additions does not depend on where in memory the data lies; processors with and without fused
/// multiply-add round differently. Results must not overlap what they are made of.
namespace mer::kernels {

inline constexpr int kMostLanes = 16;

/// out[n] = Σ_{i<count} weights[i] · rows[i · stride + n], n < length
void weighted_sum(const double* rows, std::ptrdiff_t stride, const double* weights, int count,
                  int length, double* out);

/// out[n] = Σ_{i<count} coefficients[i] · x[n − i], n < length, in double until it is stored. Reads
/// count − 1 numbers before x, too.
void filter(const double* x, const double* coefficients, int count, int length, float* out);

/// out[i] = Σ_{n<length} rows[i · stride + n] · x[n], i < count
void products(const double* rows, std::ptrdiff_t stride, const double* x, int count, int length,
              double* out);

/// lags[l] = Σ_n x[n] · x[n + l], l < num_lags
/// @param x  [length], and kMostLanes + num_lags zeros behind
void autocorrelation(const double* x, int length, int num_lags, double* lags);

/// out[n] = a[n] · b[n]
void multiply(const double* a, const double* b, int count, double* out);

/// out[row] = Σ_{p = first_pieces[row] … first_pieces[row + 1] − 1} Σ_{i<8} weights[8p + i] ·
/// in[piece_bins[p] + i]
inline constexpr int kPiece = 8;
void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out);

/// power[k] = |bins[k]|²
void squared_magnitudes(const std::complex<double>* bins, int count, float* power);
void squared_magnitudes(const std::complex<float>* bins, int count, float* power);

/// fixed[k] ← moved[k] · conj(fixed[k])
void cross_spectrum(const std::complex<double>* moved, int count, std::complex<float>* fixed);

/// The sums of the square roots of the `selected` smallest and of the `selected` largest values,
/// none of which is negative.
/// @param scratch  [count + kMostLanes]
struct RootSums {
  double smallest;
  double largest;
};
RootSums extreme_root_sums(const float* values, int count, int selected, float* scratch);

/// db = 10 · log10(max(power, 1e-10)), for finite power
void power_to_db(const float* power, int count, float* db);

/// centered[n] = x[n] − mean. Returns Σ (x[n] − mean)².
double center(const double* samples, int count, double mean, float* centered);

/// YIN's curves (see PitchTracker), each of num_lags + 1 values, those of lag 0 too:
///   energy[τ]     = Σ_{n<W} x[n]² + x[n+τ]²
///   difference[τ] = max(0, energy[τ] − scale · correlation[τ])
///   cumulative[τ] = Σ_{1≤j≤τ} difference[j]
///   normalized[τ] = difference[τ] · τ / cumulative[τ]; 1 where energy[τ] < least
struct PitchCurves {
  float* difference;
  float* energy;
  float* cumulative;
  float* normalized;
};
/// @param leaving      x[0] …
/// @param entering     x[W] …
/// @param correlation  of the lags from 0 on
/// @param head_energy  Σ_{n<W} x[n]²
/// @param num_lags     the lags 1 … num_lags; a multiple of kMostLanes
void pitch_curves(const float* leaving, const float* entering, const float* correlation,
                  double head_energy, double scale, float least, int num_lags,
                  const PitchCurves& curves);

/// The places i in first … end − 1 of values < below that are at most as large as their neighbors',
/// in order; perhaps not those far behind one whose value is < enough.
/// @param places  [end − first + kMostLanes]
/// @return        how many there are
int local_minima(const float* values, int first, int end, float below, float enough, int* places);

/// One round of Aberth's iteration for all roots of a polynomial c[0] z^p + … at once, each moving
/// by
///   value / (slope − value · Σ_{j≠i} 1 / (z_i − z_j)).
/// @return  the largest squared move
inline constexpr int kMaxRoots = 32;
double aberth_round(const double* coefficients, int order, double* real, double* imag);

/// The last step of a real transform from the complex one Z of its `half` pairs of samples, and the
/// way back, but for bins 0 and `half`. In place, for 0 < k < half, with w = e^(−πik/half):
///   split  E = (Z[k] + conj Z[half−k]) / 2,  D = (Z[k] − conj Z[half−k]) / 2,  X[k] = E − iwD
///   merge  E = X[k] + conj X[half−k],  D = X[k] − conj X[half−k],  Z[k] = E + i·conj(w)·D
/// @param cosines, sines  of πk/half for k ≤ half / 2
void real_fft_split(std::complex<float>* bins, int half, const float* cosines, const float* sines);
void real_fft_merge(std::complex<float>* bins, int half, const float* cosines, const float* sines);
/// Both with X[k] turned by −90° and divided by 2 · half in between:
///   Z[k] ← (cos(πk/half) · conj Z[half−k] + i · sin(πk/half) · Z[k]) / half
void real_fft_hilbert(std::complex<float>* bins, int half, const float* cosines,
                      const float* sines);

/// phase = r / envelope, envelope = sqrt(r² + h²); 0 where the envelope is below the floor
void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase);

}  // namespace mer::kernels
