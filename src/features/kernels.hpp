#pragma once

#include <complex>

// A function marked MER_MULTIVERSION is compiled twice, for plain x86-64 and for AVX2 with FMA, and
// the loader picks once. Sanitizers can't instrument the picking.
#if defined(__x86_64__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define MER_MULTIVERSION __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define MER_MULTIVERSION
#endif

namespace mer::kernels {

// The order of the additions below is fixed by hand (lanes, then lanes together), so that a result
// does not depend on where in memory the data lies.

/// Σ a[i] b[i]
float dot(const float* a, const float* b, int count);

/// Σ x[i] in double precision
double sum(const float* samples, int count);

/// Σ x[i]² in double precision
double energy(const float* samples, int count);

/// autocorrelation() computes the lags in groups of this many.
inline constexpr int kLagBlock = 20;

/// lags[k] = Σ_n x[n] x[n + k] for k < num_lags. The samples are followed by zeros, as many as
/// num_lags rounded up to whole groups.
void autocorrelation(const double* samples, int count, double* lags, int num_lags);

/// out[n] = x[n] + Σ_{i=1…order} a[i] x[n − i]
void prediction_error(const double* samples, int count, const double* coefficients, int order,
                      float* out);

/// envelope = sqrt(r² + h²); phase = r / envelope, 0 where the envelope is below the floor
void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* envelope, float* phase);

/// One step of Burg's lattice over `count` pairs, in place: f ← f + k·b, b ← b + k·f
void lattice_step(double* forward, double* backward, int count, double reflection);

/// Σ f b and Σ f² + b²
struct LatticeSums {
  double product = 0.0;
  double energy = 0.0;
};
LatticeSums lattice_sums(const double* forward, const double* backward, int count);

/// The steps between a complex FFT of N/2 = `half` points and a real one of N, for the bins 1 …
/// half − 1, in place; twiddles[k] = −i/2 · e^(−2πi·k/N). See fft.cpp.
///   untangle: X[k] = (Z[k] + conj Z[half−k]) / 2 + twiddle · (Z[k] − conj Z[half−k]), …
///   tangle:   the inverse, times 2
void untangle(std::complex<float>* bins, const std::complex<float>* twiddles, int half);
void untangle(std::complex<double>* bins, const std::complex<double>* twiddles, int half);
void tangle(std::complex<float>* bins, const std::complex<float>* twiddles, int half);
void tangle(std::complex<double>* bins, const std::complex<double>* twiddles, int half);

/// power[k] = |bins[k]|²
void power(const std::complex<double>* bins, int count, float* power);

/// The largest and the smallest of 32 values.
inline constexpr int kExtremesBlock = 32;
struct Extremes {
  float smallest;
  float largest;
};
Extremes extremes(const float* values);

}  // namespace mer::kernels
