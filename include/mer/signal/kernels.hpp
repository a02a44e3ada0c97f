#pragma once

#include <complex>
#include <cstddef>

/// The inner loops that make a whole job clearly faster than plain code would. They are written
/// once, compiled for several instruction sets and dispatched once (Highway). The order of the
/// additions does not depend on where in memory the data lies; processors with and without fused
/// multiply-add round differently. Results must not overlap what they are made of.
namespace mer::kernels {

/// out[n] = Σ_{i<count} weights[i] · rows[i · stride + n], n < length. With a stride of −1 that is
/// a filter: out[n] = Σ_i weights[i] · x[n − i].
void weighted_sum(const double* rows, std::ptrdiff_t stride, const double* weights, int count,
                  int length, double* out);

/// out[i] = Σ_{n<length} rows[i · stride + n] · x[n], i < count. With a stride of 1 and rows = x
/// that is an autocorrelation.
void products(const double* rows, std::ptrdiff_t stride, const double* x, int count, int length,
              double* out);

/// out[row] = Σ_{p = first_pieces[row] … first_pieces[row + 1] − 1} Σ_{i<8} weights[8p + i] ·
/// in[piece_bins[p] + i]
inline constexpr int kPiece = 8;
void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out);

/// power[k] = |bins[k]|²
void squared_magnitudes(const std::complex<double>* bins, int count, float* power);

/// The last step of a real transform from the complex one Z of its `half` pairs of samples, and the
/// way back, but for bins 0 and `half`. In place, for 0 < k < half, with w = e^(−πik/half):
///   split  E = (Z[k] + conj Z[half−k]) / 2,  D = (Z[k] − conj Z[half−k]) / 2,  X[k] = E − iwD
///   merge  E = X[k] + conj X[half−k],  D = X[k] − conj X[half−k],  Z[k] = E + i·conj(w)·D
/// @param cosines, sines  of πk/half for k ≤ half / 2
void real_fft_split(std::complex<float>* bins, int half, const float* cosines, const float* sines);
void real_fft_merge(std::complex<float>* bins, int half, const float* cosines, const float* sines);

/// phase = r / envelope, envelope = sqrt(r² + h²); 0 where the envelope is below the floor
void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase);

}  // namespace mer::kernels
