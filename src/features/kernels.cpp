#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace mer::kernels {
namespace {

// Four doubles or eight floats that are computed with together; on plain x86-64 the compiler splits
// them into two registers.
typedef double Double4 __attribute__((vector_size(32)));
typedef float Float8 __attribute__((vector_size(32)));

// Macros, because a function returning such a vector would have another ABI on either target.
#define MER_LOAD(vector, pointer) std::memcpy(&(vector), (pointer), sizeof(vector))
#define MER_STORE(pointer, vector) \
  std::memcpy(static_cast<void*>(pointer), &(vector), sizeof(vector))

}  // namespace

MER_MULTIVERSION
float dot(const float* a, const float* b, int count) {
  float tail = 0.0F;
  int i = 0;
  if (count >= 8) {
    Float8 even = {};
    Float8 odd = {};
    Float8 x;
    Float8 y;
    for (; i + 16 <= count; i += 16) {
      MER_LOAD(x, a + i);
      MER_LOAD(y, b + i);
      even += x * y;
      MER_LOAD(x, a + i + 8);
      MER_LOAD(y, b + i + 8);
      odd += x * y;
    }
    for (; i + 8 <= count; i += 8) {
      MER_LOAD(x, a + i);
      MER_LOAD(y, b + i);
      even += x * y;
    }
    even += odd;
    tail =
        ((even[0] + even[4]) + (even[1] + even[5])) + ((even[2] + even[6]) + (even[3] + even[7]));
  }
  for (; i < count; ++i) tail += a[i] * b[i];
  return tail;
}

MER_MULTIVERSION
double sum(const float* samples, int count) {
  Double4 sums[2] = {};
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int j = 0; j < 2; ++j) {
      const float* x = samples + i + 4 * j;
      sums[j] += Double4{x[0], x[1], x[2], x[3]};
    }
  }
  sums[0] += sums[1];
  double total = (sums[0][0] + sums[0][1]) + (sums[0][2] + sums[0][3]);
  for (; i < count; ++i) total += samples[i];
  return total;
}

MER_MULTIVERSION
double energy(const float* samples, int count) {
  Double4 sums[4] = {};
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int j = 0; j < 4; ++j) {
      const float* x = samples + i + 4 * j;
      const Double4 value = {x[0], x[1], x[2], x[3]};
      sums[j] += value * value;
    }
  }
  sums[0] += sums[1];
  sums[2] += sums[3];
  sums[0] += sums[2];
  double sum = (sums[0][0] + sums[0][1]) + (sums[0][2] + sums[0][3]);
  for (; i < count; ++i) sum += static_cast<double>(samples[i]) * samples[i];
  return sum;
}

MER_MULTIVERSION
void autocorrelation(const double* samples, int count, double* lags, int num_lags) {
  // Twenty lags at a time stay in registers, for even and odd samples apart.
  constexpr int kVectors = kLagBlock / 4;
  for (int first = 0; first < num_lags; first += kLagBlock) {
    Double4 even[kVectors] = {};
    Double4 odd[kVectors] = {};
    Double4 shifted;
    for (int n = 0; n + 2 <= count; n += 2) {
      const double x0 = samples[n];
      const double x1 = samples[n + 1];
      const double* y = samples + n + first;
      for (int k = 0; k < kVectors; ++k) {
        MER_LOAD(shifted, y + 4 * k);
        even[k] += x0 * shifted;
        MER_LOAD(shifted, y + 4 * k + 1);
        odd[k] += x1 * shifted;
      }
    }
    if (count % 2 != 0) {
      const double x0 = samples[count - 1];
      for (int k = 0; k < kVectors; ++k) {
        MER_LOAD(shifted, samples + count - 1 + first + 4 * k);
        even[k] += x0 * shifted;
      }
    }
    double sums[kLagBlock];
    for (int k = 0; k < kVectors; ++k) {
      const Double4 sum = even[k] + odd[k];
      MER_STORE(sums + 4 * k, sum);
    }
    std::copy_n(sums, std::min(kLagBlock, num_lags - first), lags + first);
  }
}

MER_MULTIVERSION
void prediction_error(const double* samples, int count, const double* coefficients, int order,
                      float* out) {
  constexpr int kVectors = 8;
  constexpr int kBlock = 4 * kVectors;
  int n = 0;
  for (; n + kBlock <= count; n += kBlock) {
    Double4 sums[kVectors];
    Double4 earlier;
    for (int j = 0; j < kVectors; ++j) MER_LOAD(sums[j], samples + n + 4 * j);
    for (int i = 1; i <= order; ++i) {
      const double a = coefficients[i];
      const double* x = samples + n - i;
      for (int j = 0; j < kVectors; ++j) {
        MER_LOAD(earlier, x + 4 * j);
        sums[j] += a * earlier;
      }
    }
    for (int j = 0; j < kVectors; ++j) {
      for (int k = 0; k < 4; ++k) out[n + 4 * j + k] = static_cast<float>(sums[j][k]);
    }
  }
  for (; n < count; ++n) {
    double sum = samples[n];
    for (int i = 1; i <= order; ++i) sum += coefficients[i] * samples[n - i];
    out[n] = static_cast<float>(sum);
  }
}

MER_MULTIVERSION
void cosine_phase(const float* __restrict residual, const float* __restrict hilbert, int count,
                  float floor, float* __restrict envelope, float* __restrict phase) {
  for (int n = 0; n < count; ++n) {
    const float r = residual[n];
    const float h = hilbert[n];
    const float size = std::sqrt(r * r + h * h);
    envelope[n] = size;
    const float ratio = r / std::max(size, floor);
    phase[n] = size >= floor ? ratio : 0.0F;
  }
}

MER_MULTIVERSION
void lattice_step(double* __restrict forward, double* __restrict backward, int count,
                  double reflection) {
  for (int n = 0; n < count; ++n) {
    const double front = forward[n];
    const double back = backward[n];
    forward[n] = front + reflection * back;
    backward[n] = back + reflection * front;
  }
}

MER_MULTIVERSION
LatticeSums lattice_sums(const double* forward, const double* backward, int count) {
  constexpr int kVectors = 2;
  Double4 products[kVectors] = {};
  Double4 energies[kVectors] = {};
  Double4 front;
  Double4 back;
  int n = 0;
  for (; n + 4 * kVectors <= count; n += 4 * kVectors) {
    for (int j = 0; j < kVectors; ++j) {
      MER_LOAD(front, forward + n + 4 * j);
      MER_LOAD(back, backward + n + 4 * j);
      products[j] += front * back;
      energies[j] += front * front;
      energies[j] += back * back;
    }
  }
  const Double4 product = products[0] + products[1];
  const Double4 energy = energies[0] + energies[1];
  LatticeSums sums{(product[0] + product[1]) + (product[2] + product[3]),
                   (energy[0] + energy[1]) + (energy[2] + energy[3])};
  for (; n < count; ++n) {
    sums.product += forward[n] * backward[n];
    sums.energy += forward[n] * forward[n] + backward[n] * backward[n];
  }
  return sums;
}

namespace {

// Four complex numbers and the numbers that rearrange them.
template <class Real>
struct Complex4;
template <>
struct Complex4<float> {
  typedef float Vector __attribute__((vector_size(32)));
  typedef int Indices __attribute__((vector_size(32)));
};
template <>
struct Complex4<double> {
  typedef double Vector __attribute__((vector_size(64)));
  typedef long long Indices __attribute__((vector_size(64)));
};

#if defined(__clang__)
#define MER_SHUFFLE(x, ...) __builtin_shufflevector(x, x, __VA_ARGS__)
#else
#define MER_SHUFFLE(x, ...) __builtin_shuffle(x, Indices{__VA_ARGS__})
#endif

// One pair of bins, k and half − k: a = first[k], b = conj(first[half − k]);
//   first[k] = scale (a + b) + w (a − b),  first[half − k] = conj(scale (a + b) − w (a − b)).
// Forward and inverse differ in w and scale only.
template <class Real>
[[gnu::always_inline]] inline void butterflies(std::complex<Real>* bins,
                                               const std::complex<Real>* twiddles, int half,
                                               Real scale, Real twiddle_scale, Real imag_sign) {
  using Vector = typename Complex4<Real>::Vector;
  using Indices = typename Complex4<Real>::Indices;
  const Vector conjugate = {1, -1, 1, -1, 1, -1, 1, -1};
  const Vector imag_signs = {-imag_sign, imag_sign, -imag_sign, imag_sign,
                             -imag_sign, imag_sign, -imag_sign, imag_sign};
  int k = 1;
  for (; k + 3 < half - k - 3; k += 4) {
    Vector a;
    Vector b;
    Vector w;
    std::complex<Real>* const low = bins + k;
    std::complex<Real>* const high = bins + (half - k - 3);
    MER_LOAD(a, low);
    MER_LOAD(b, high);
    MER_LOAD(w, twiddles + k);
    b = MER_SHUFFLE(b, 6, 7, 4, 5, 2, 3, 0, 1) * conjugate;
    const Vector even = scale * (a + b);
    const Vector difference = twiddle_scale * (a - b);
    const Vector w_real = MER_SHUFFLE(w, 0, 0, 2, 2, 4, 4, 6, 6);
    const Vector w_imag = MER_SHUFFLE(w, 1, 1, 3, 3, 5, 5, 7, 7) * imag_signs;
    const Vector odd =
        w_real * difference + w_imag * MER_SHUFFLE(difference, 1, 0, 3, 2, 5, 4, 7, 6);
    const Vector sum = even + odd;
    Vector rest = (even - odd) * conjugate;
    rest = MER_SHUFFLE(rest, 6, 7, 4, 5, 2, 3, 0, 1);
    MER_STORE(low, sum);
    MER_STORE(high, rest);
  }
  for (; k <= half - k; ++k) {
    const std::complex<Real> a = bins[k];
    const std::complex<Real> b = std::conj(bins[half - k]);
    const std::complex<Real> even = scale * (a + b);
    const std::complex<Real> difference = twiddle_scale * (a - b);
    const Real w_real = twiddles[k].real();
    const Real w_imag = imag_sign * twiddles[k].imag();
    const std::complex<Real> odd(w_real * difference.real() - w_imag * difference.imag(),
                                 w_real * difference.imag() + w_imag * difference.real());
    bins[k] = even + odd;
    bins[half - k] = std::conj(even - odd);
  }
}

}  // namespace

MER_MULTIVERSION
void untangle(std::complex<float>* bins, const std::complex<float>* twiddles, int half) {
  butterflies(bins, twiddles, half, 0.5F, 1.0F, 1.0F);
}
MER_MULTIVERSION
void untangle(std::complex<double>* bins, const std::complex<double>* twiddles, int half) {
  butterflies(bins, twiddles, half, 0.5, 1.0, 1.0);
}
// Z[k] = E + iO with E = X[k] + conj X[half−k] and O = e^(+2πik/N) (X[k] − conj X[half−k]):
// i e^(+2πik/N) is twice the conjugate of the twiddle.
MER_MULTIVERSION
void tangle(std::complex<float>* bins, const std::complex<float>* twiddles, int half) {
  butterflies(bins, twiddles, half, 1.0F, 2.0F, -1.0F);
}
MER_MULTIVERSION
void tangle(std::complex<double>* bins, const std::complex<double>* twiddles, int half) {
  butterflies(bins, twiddles, half, 1.0, 2.0, -1.0);
}

MER_MULTIVERSION
void power(const std::complex<double>* bins, int count, float* power) {
  const double* parts = reinterpret_cast<const double*>(bins);
  for (int k = 0; k < count; ++k) {
    const double real = parts[2 * k];
    const double imag = parts[2 * k + 1];
    power[k] = static_cast<float>(real * real + imag * imag);
  }
}

MER_MULTIVERSION
Extremes extremes(const float* values) {
  Float8 low;
  MER_LOAD(low, values);
  Float8 high = low;
  Float8 x;
  for (int i = 8; i < kExtremesBlock; i += 8) {
    MER_LOAD(x, values + i);
    low = x < low ? x : low;
    high = x > high ? x : high;
  }
  Extremes found{low[0], high[0]};
  for (int lane = 1; lane < 8; ++lane) {
    found.smallest = std::min(found.smallest, low[lane]);
    found.largest = std::max(found.largest, high[lane]);
  }
  return found;
}

}  // namespace mer::kernels
