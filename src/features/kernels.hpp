#pragma once

// A function marked MER_MULTIVERSION is compiled twice, for plain x86-64 and for AVX2 with FMA, and
// the loader picks once. Sanitizers can't instrument the picking.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define MER_MULTIVERSION __attribute__((target_clones("default", "arch=haswell")))
#else
#define MER_MULTIVERSION
#endif

namespace mer::kernels {

// The order of the additions below is fixed by hand (lanes, then lanes together), so that a result
// does not depend on where in memory the data lies.

/// Σ a[i] b[i]
float dot(const float* a, const float* b, int count);

/// Σ x[i]² in double precision
double energy(const float* samples, int count);

/// lags[k] = Σ_n x[n] x[n + k] for k < num_lags; x is followed by num_lags zeros
void autocorrelation(const double* samples, int count, double* lags, int num_lags);

/// out[n] = x[n] + Σ_{i=1…order} a[i] x[n − i]
void prediction_error(const double* samples, int count, const double* coefficients, int order,
                      float* out);

}  // namespace mer::kernels
