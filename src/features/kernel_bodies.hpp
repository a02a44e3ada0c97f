// The kernels' code. Included once for each instruction set, by a source file that is compiled for
// it and defines MER_KERNELS, the name of its table. Nothing here may call an inline function or
// instantiate a template of a library: the linker keeps one copy of these for the whole program,
// and that copy could be one that the processor doesn't understand.

#include "kernel_table.hpp"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace mer::kernel_bodies {
namespace {

using kernels::Candidates;
using kernels::FftTables;
using kernels::kExtremeGroups;
using kernels::kSegments;
using kernels::LatticeSums;
using kernels::RootSums;

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
constexpr int kFloatLanes = kVectorBytes / 4;
constexpr int kDoubleLanes = kVectorBytes / 8;

template <class Real, int kLanes>
struct VectorOf {
  typedef Real Type __attribute__((vector_size(kLanes * sizeof(Real))));
};
template <class Real, int kLanes>
using Vector = typename VectorOf<Real, kLanes>::Type;
using Float8 = Vector<float, 8>;
using Double4 = Vector<double, 4>;
using Double8 = Vector<double, 8>;
typedef int Int8 __attribute__((vector_size(32)));

// Vectors are passed by reference only, and loaded and stored by macros: by value they would be
// passed differently on different instruction sets.
#define MER_INLINE [[gnu::always_inline]] inline
#define MER_LOAD(vector, pointer) __builtin_memcpy(&(vector), (pointer), sizeof(vector))
#define MER_STORE(pointer, vector) \
  __builtin_memcpy(static_cast<void*>(pointer), &(vector), sizeof(vector))

// Between precisions. (GCC 12 takes eight lanes apart where one instruction would do.)
template <class Narrow, class Double>
MER_INLINE void widen(const Narrow& x, Double& wide) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Narrow) == 32 && sizeof(Double) == 64) {
    wide = reinterpret_cast<Double>(_mm512_cvtps_pd(reinterpret_cast<__m256>(x)));
    return;
  }
#endif
  wide = __builtin_convertvector(x, Double);
}
template <class Double, class Narrow>
MER_INLINE void narrow(const Double& x, Narrow& result) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Double) == 64 && sizeof(Narrow) == 32) {
    result = reinterpret_cast<Narrow>(_mm512_cvtpd_ps(reinterpret_cast<__m512d>(x)));
    return;
  }
#endif
  result = __builtin_convertvector(x, Narrow);
}

template <int... kIndex>
struct Indices {};
template <int kCount, int... kIndex>
struct MakeIndices : MakeIndices<kCount - 1, kCount - 1, kIndex...> {};
template <int... kIndex>
struct MakeIndices<0, kIndex...> {
  using Type = Indices<kIndex...>;
};
template <int kCount>
using IndicesUpTo = typename MakeIndices<kCount>::Type;

// ---- sums ----

// (0 + 4) + (1 + 5) + …: the same on every instruction set
MER_INLINE float lanes_together(const Float8& x) {
  const Float8 fours = x + __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  const Float8 twos = fours + __builtin_shufflevector(fours, fours, 1, 0, 3, 2, 5, 4, 7, 6);
  return twos[0] + twos[2];
}

MER_INLINE float inline_dot(const float* a, const float* b, int count) {
  Float8 total8 = {};
  Float8 x;
  Float8 y;
  int i = 0;
  if (count >= 64) {
    Float8 sums[4] = {};
    for (; i + 32 <= count; i += 32) {
      for (int j = 0; j < 4; ++j) {
        MER_LOAD(x, a + i + 8 * j);
        MER_LOAD(y, b + i + 8 * j);
        sums[j] += x * y;
      }
    }
    total8 = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
  for (; i + 8 <= count; i += 8) {
    MER_LOAD(x, a + i);
    MER_LOAD(y, b + i);
    total8 += x * y;
  }
  float total = lanes_together(total8);
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

float dot(const float* a, const float* b, int count) { return inline_dot(a, b, count); }

void sparse_rows(const RowRun* runs, int num_runs, const float* weights, const float* in,
                 float* out) {
  for (int i = 0; i < num_runs; ++i) {
    const RowRun run = runs[i];
    out[run.row] += inline_dot(weights + run.first_weight, in + run.first_bin, run.length);
  }
}

double sum(const float* samples, int count) {
  Double8 sums[2] = {};
  Float8 x;
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int j = 0; j < 2; ++j) {
      MER_LOAD(x, samples + i + 8 * j);
      Double8 wide;
      widen(x, wide);
      sums[j] += wide;
    }
  }
  sums[0] += sums[1];
  double total = 0.0;
  for (int lane = 0; lane < 8; ++lane) total += sums[0][lane];
  for (; i < count; ++i) total += static_cast<double>(samples[i]);
  return total;
}

double energy(const float* samples, int count) {
  Double8 sums[4] = {};
  Float8 x;
  int i = 0;
  for (; i + 32 <= count; i += 32) {
    for (int j = 0; j < 4; ++j) {
      MER_LOAD(x, samples + i + 8 * j);
      Double8 wide;
      widen(x, wide);
      sums[j] += wide * wide;
    }
  }
  sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double total = 0.0;
  for (int lane = 0; lane < 8; ++lane) total += sums[0][lane];
  for (; i < count; ++i) total += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  return total;
}

bool all_within(const float* samples, int count, float limit) {
  int outside = 0;
  for (int i = 0; i < count; ++i) outside += !(__builtin_fabsf(samples[i]) <= limit);
  return outside == 0;
}

// ---- decibels ----

// ln x = e · ln 2 + ln m with m in √½ … √2, the latter by Cephes' polynomial for logf.
MER_INLINE void to_db(Float8& x) {
  constexpr float kFloor = 1e-10F;
  constexpr float kDbPerNeper = 4.3429448190325175F;  // 10 / ln 10
  const Float8 floor = Float8{} + kFloor;
  x = x > floor ? x : floor;
  Int8 bits;
  MER_LOAD(bits, &x);
  const Int8 exponent = ((bits - 0x3F3504F3) >> 23);  // so that what is left lies in √½ … √2
  bits -= exponent << 23;
  Float8 m;
  MER_LOAD(m, &bits);
  m -= 1.0F;
  const Float8 e = __builtin_convertvector(exponent, Float8);
  const Float8 square = m * m;
  Float8 series = 7.0376836292e-2F * m - 1.1514610310e-1F;
  series = series * m + 1.1676998740e-1F;
  series = series * m - 1.2420140846e-1F;
  series = series * m + 1.4249322787e-1F;
  series = series * m - 1.6668057665e-1F;
  series = series * m + 2.0000714765e-1F;
  series = series * m - 2.4999993993e-1F;
  series = series * m + 3.3333331174e-1F;
  series = series * m * square - 2.12194440e-4F * e - 0.5F * square;
  x = kDbPerNeper * (m + series + 0.693359375F * e);
}

void power_to_db(const float* power, int count, float* db) {
  Float8 x;
  int i = 0;
  for (; i + 8 <= count; i += 8) {
    MER_LOAD(x, power + i);
    to_db(x);
    MER_STORE(db + i, x);
  }
  if (i == count) return;
  x = Float8{};
  for (int lane = 0; i + lane < count; ++lane) x[lane] = power[i + lane];
  to_db(x);
  for (int lane = 0; i + lane < count; ++lane) db[i + lane] = x[lane];
}

// ---- the extremes of a band ----

// Among the largest values of sixteen interleaved groups the selected-th largest has at least
// `selected` values at or above it, so all the largest ones are: only few others are.
struct Thresholds {
  float smallest;
  float largest;
};
MER_INLINE Thresholds group_thresholds(const float* values, int num_rows, int selected) {
  Float8 low[2];
  Float8 high[2];
  Float8 x;
  for (int j = 0; j < 2; ++j) {
    MER_LOAD(low[j], values + 8 * j);
    high[j] = low[j];
  }
  for (int row = 1; row < num_rows; ++row) {
    for (int j = 0; j < 2; ++j) {
      MER_LOAD(x, values + 16 * row + 8 * j);
      low[j] = x < low[j] ? x : low[j];
      high[j] = x > high[j] ? x : high[j];
    }
  }
  // How many groups lie beyond each one; comparing gives −1 for true.
  Int8 below[2] = {};
  Int8 above[2] = {};
  for (int k = 0; k < 2; ++k) {
    for (int lane = 0; lane < 8; ++lane) {
      const Float8 one_low = Float8{} + low[k][lane];
      const Float8 one_high = Float8{} + high[k][lane];
      for (int j = 0; j < 2; ++j) {
        below[j] -= one_low < low[j];
        above[j] -= one_high > high[j];
      }
    }
  }
  Thresholds thresholds{-1.0F, __builtin_inff()};
  for (int j = 0; j < 2; ++j) {
    for (int lane = 0; lane < 8; ++lane) {
      const float small = low[j][lane];
      const float large = high[j][lane];
      if (below[j][lane] < selected && small > thresholds.smallest) thresholds.smallest = small;
      if (above[j][lane] < selected && large < thresholds.largest) thresholds.largest = large;
    }
  }
  return thresholds;
}

Candidates extreme_candidates(const float* values, int count, int selected, float* smallest,
                              float* largest) {
  Candidates found{0, 0};
  const int num_rows = count / kExtremeGroups;
  Thresholds thresholds{__builtin_inff(), -1.0F};  // everything is a candidate
  if (num_rows >= 2 && selected <= kExtremeGroups) {
    thresholds = group_thresholds(values, num_rows, selected);
  }
  int i = 0;
#if defined(__AVX512F__)
  const __m512 low = _mm512_set1_ps(thresholds.smallest);
  const __m512 high = _mm512_set1_ps(thresholds.largest);
  for (; i + 16 <= count; i += 16) {
    const __m512 x = _mm512_loadu_ps(values + i);
    const __mmask16 small = _mm512_cmp_ps_mask(x, low, _CMP_LE_OQ);
    const __mmask16 large = _mm512_cmp_ps_mask(x, high, _CMP_GE_OQ);
    _mm512_storeu_ps(smallest + found.num_smallest, _mm512_maskz_compress_ps(small, x));
    found.num_smallest += __builtin_popcount(small);
    _mm512_storeu_ps(largest + found.num_largest, _mm512_maskz_compress_ps(large, x));
    found.num_largest += __builtin_popcount(large);
  }
#endif
  for (; i < count; ++i) {
    const float x = values[i];
    smallest[found.num_smallest] = x;
    found.num_smallest += x <= thresholds.smallest ? 1 : 0;
    largest[found.num_largest] = x;
    found.num_largest += x >= thresholds.largest ? 1 : 0;
  }
  return found;
}

// By counting for each value how many lie beyond it, which needs no branches. Of several values
// equal to the last one selected only as many count as there is room for.
template <bool kLargest>
MER_INLINE double root_sum(float* values, int count, int selected) {
  const int padded = (count + 7) / 8 * 8;
  for (int i = count; i < padded; ++i) values[i] = kLargest ? -1.0F : __builtin_inff();
  double sum = 0.0;
  float last = kLargest ? __builtin_inff() : -1.0F;
  int num_taken = 0;
  for (int i = 0; i < padded; i += 8) {
    Float8 x;
    MER_LOAD(x, values + i);
    Int8 num_beyond[2] = {};
    for (int j = 0; j < padded; j += 2) {
      const Float8 one = Float8{} + values[j];
      const Float8 other = Float8{} + values[j + 1];
      num_beyond[0] -= kLargest ? one > x : one < x;
      num_beyond[1] -= kLargest ? other > x : other < x;
    }
    num_beyond[0] += num_beyond[1];
    for (int lane = 0; lane < 8; ++lane) {
      if (num_beyond[0][lane] >= selected) continue;
      const float value = x[lane];
      sum += static_cast<double>(__builtin_sqrtf(value));
      last = (kLargest ? value < last : value > last) ? value : last;
      ++num_taken;
    }
  }
  return sum - (num_taken - selected) * static_cast<double>(__builtin_sqrtf(last));
}

RootSums extreme_root_sums(float* smallest, int num_smallest, float* largest, int num_largest,
                           int selected) {
  return {root_sum<false>(smallest, num_smallest, selected),
          root_sum<true>(largest, num_largest, selected)};
}

// ---- linear prediction ----

// One step of a transposition: of two vectors, the lanes with the bit kDistance clear into one and
// those with it set into the other.
template <int kDistance, class V, int... kLane>
MER_INLINE void exchange(V& a, V& b, Indices<kLane...>) {
  constexpr int kLanes = sizeof...(kLane);
  const V low = __builtin_shufflevector(
      a, b, ((kLane & kDistance) != 0 ? kLanes + kLane - kDistance : kLane)...);
  const V high = __builtin_shufflevector(
      a, b, ((kLane & kDistance) != 0 ? kLanes + kLane : kLane + kDistance)...);
  a = low;
  b = high;
}
template <int kDistance, int kLanes, class V>
MER_INLINE void transpose_from(V* rows) {
  if constexpr (kDistance > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if ((i & kDistance) == 0) {
        exchange<kDistance>(rows[i], rows[i + kDistance], IndicesUpTo<kLanes>());
      }
    }
    transpose_from<kDistance / 2, kLanes>(rows);
  }
}
/// kLanes vectors of kLanes become each other's columns.
template <int kLanes, class V>
MER_INLINE void transpose(V* rows) {
  transpose_from<kLanes / 2, kLanes>(rows);
}

void to_segments(const float* samples, int count, int margin, const double* window,
                 double* segments, double* windowed) {
  const int length = (count + kSegments - 1) / kSegments;
  int n = -margin;
  const int last_length = count - (kSegments - 1) * length;  // of the last segment
  for (; n + 8 <= last_length; n += 8) {
    Float8 rows[kSegments];
    for (int s = 0; s < kSegments; ++s) MER_LOAD(rows[s], samples + s * length + n);
    transpose<8>(rows);
    for (int i = 0; i < 8; ++i) {
      Double8 wide;
      widen(rows[i], wide);
      MER_STORE(segments + kSegments * (n + margin + i), wide);
      if (n + i < 0) continue;
      Double8 weights;
      MER_LOAD(weights, window + kSegments * (n + i));
      const Double8 weighted = weights * wide;
      MER_STORE(windowed + kSegments * (n + i), weighted);
    }
  }
  for (; n < length + margin; ++n) {
    for (int s = 0; s < kSegments; ++s) {
      const int at = s * length + n;
      const double sample = at < count ? static_cast<double>(samples[at]) : 0.0;
      segments[kSegments * (n + margin) + s] = sample;
      if (n >= 0 && n < length) windowed[kSegments * n + s] = window[kSegments * n + s] * sample;
    }
  }
}

using Doubles = Vector<double, kDoubleLanes>;

// The sums of kLags lags from `first` on.
template <int kLags>
MER_INLINE void lag_sums(const double* windowed, int length, int first, double* lags) {
  double sums[kLags] = {};
  for (int part = 0; part < kSegments; part += kDoubleLanes) {
    Doubles lane_sums[kLags] = {};
    Doubles x;
    Doubles later;
    for (int n = 0; n < length; ++n) {
      const double* const at = windowed + kSegments * n + part;
      MER_LOAD(x, at);
#pragma GCC unroll 32
      for (int k = 0; k < kLags; ++k) {
        MER_LOAD(later, at + kSegments * (first + k));
        lane_sums[k] += x * later;
      }
    }
    for (int k = 0; k < kLags; ++k) {
      for (int lane = 0; lane < kDoubleLanes; ++lane) sums[k] += lane_sums[k][lane];
    }
  }
  for (int k = 0; k < kLags; ++k) lags[first + k] = sums[k];
}

void segment_autocorrelation(double* windowed, int length, double* lags, int order) {
  // What follows a segment is the start of the next one.
  for (int n = 0; n < order; ++n) {
    double* const row = windowed + kSegments * (length + n);
    for (int s = 0; s + 1 < kSegments; ++s) row[s] = windowed[kSegments * n + s + 1];
    row[kSegments - 1] = 0.0;
  }
  // As many lags at a time as the registers hold.
  int lag = 0;
  if constexpr (kVectorBytes == 64) {
    for (; lag + 17 <= order + 1; lag += 17) lag_sums<17>(windowed, length, lag, lags);
  }
  for (; lag + 12 <= order + 1; lag += 12) lag_sums<12>(windowed, length, lag, lags);
  for (; lag + 4 <= order + 1; lag += 4) lag_sums<4>(windowed, length, lag, lags);
  for (; lag <= order; ++lag) lag_sums<1>(windowed, length, lag, lags);
}

void segment_prediction_error(const double* segments, int length, const double* coefficients,
                              int order, float* out) {
  constexpr int kRows = 8;
  const double* const inside = segments + kSegments * order;
  int n = 0;
  for (; n + kRows <= length; n += kRows) {
    Float8 rounded[kRows];
    for (int part = 0; part < kSegments; part += kDoubleLanes) {
      const double* const at = inside + kSegments * n + part;
      Doubles sums[kRows];
      Doubles earlier;
      for (int row = 0; row < kRows; ++row) MER_LOAD(sums[row], at + kSegments * row);
      for (int i = 1; i <= order; ++i) {
        const double a = coefficients[i];
        for (int row = 0; row < kRows; ++row) {
          MER_LOAD(earlier, at + kSegments * (row - i));
          sums[row] += a * earlier;
        }
      }
      for (int row = 0; row < kRows; ++row) {
        Vector<float, kDoubleLanes> some;
        narrow(sums[row], some);
        MER_STORE(reinterpret_cast<float*>(&rounded[row]) + part, some);
      }
    }
    transpose<8>(rounded);
    for (int s = 0; s < kSegments; ++s) MER_STORE(out + s * length + n, rounded[s]);
  }
  for (; n < length; ++n) {
    for (int s = 0; s < kSegments; ++s) {
      const double* const at = inside + kSegments * n + s;
      double sum = *at;
      for (int i = 1; i <= order; ++i) sum += coefficients[i] * at[-kSegments * i];
      out[s * length + n] = static_cast<float>(sum);
    }
  }
}

// ---- residual phase, Burg ----

void cosine_phase(const float* __restrict residual, const float* __restrict hilbert, int count,
                  float floor, float* __restrict envelope, float* __restrict phase) {
  constexpr float kTiny = 1e-36F;
  int n = 0;
#if defined(__AVX512F__)
  // 1 / sqrt by the processor's estimate of 14 bits and one step of Newton's.
  const __m512 floors = _mm512_set1_ps(floor);
  for (; n + 16 <= count; n += 16) {
    const __m512 r = _mm512_loadu_ps(residual + n);
    const __m512 h = _mm512_loadu_ps(hilbert + n);
    const __m512 square =
        _mm512_max_ps(_mm512_fmadd_ps(r, r, _mm512_mul_ps(h, h)), _mm512_set1_ps(kTiny));
    __m512 inverse = _mm512_rsqrt14_ps(square);
    const __m512 half = _mm512_mul_ps(_mm512_mul_ps(square, inverse), inverse);
    inverse =
        _mm512_mul_ps(inverse, _mm512_fnmadd_ps(half, _mm512_set1_ps(0.5F), _mm512_set1_ps(1.5F)));
    const __m512 size = _mm512_mul_ps(square, inverse);
    _mm512_storeu_ps(envelope + n, size);
    const __mmask16 loud = _mm512_cmp_ps_mask(size, floors, _CMP_GE_OQ);
    _mm512_storeu_ps(phase + n, _mm512_maskz_mul_ps(loud, r, inverse));
  }
#endif
  for (; n < count; ++n) {
    const float r = residual[n];
    const float square = r * r + hilbert[n] * hilbert[n];
    const float size = __builtin_sqrtf(square > kTiny ? square : kTiny);
    envelope[n] = size;
    const float ratio = r / size;
    phase[n] = size >= floor ? ratio : 0.0F;
  }
}

void lattice_step(double* __restrict forward, double* __restrict backward, int count,
                  double reflection) {
  for (int n = 0; n < count; ++n) {
    const double front = forward[n];
    const double back = backward[n];
    forward[n] = front + reflection * back;
    backward[n] = back + reflection * front;
  }
}

LatticeSums lattice_sums(const double* forward, const double* backward, int count) {
  constexpr int kVectors = 2;
  Double8 products[kVectors] = {};
  Double8 energies[kVectors] = {};
  Double8 front;
  Double8 back;
  int n = 0;
  for (; n + 8 * kVectors <= count; n += 8 * kVectors) {
    for (int j = 0; j < kVectors; ++j) {
      MER_LOAD(front, forward + n + 8 * j);
      MER_LOAD(back, backward + n + 8 * j);
      products[j] += front * back;
      energies[j] += front * front;
      energies[j] += back * back;
    }
  }
  products[0] += products[1];
  energies[0] += energies[1];
  LatticeSums sums;
  for (int lane = 0; lane < 8; ++lane) {
    sums.product += products[0][lane];
    sums.energy += energies[0][lane];
  }
  for (; n < count; ++n) {
    sums.product += forward[n] * backward[n];
    sums.energy += forward[n] * forward[n] + backward[n] * backward[n];
  }
  return sums;
}

// ---- FFT ----
//
// A complex transform of H = `half` points over L lanes, M = H / L: vector m holds the points
// L·m … L·m + L − 1, so that lane l has every L-th point from l on. Then
//   1. transforms of M points, all lanes at once (Stockham's radix 4: no reordering)
//   2. lane l's result k times e^(−2πi·kl/H)
//   3. transforms of L points across the lanes: L vectors are transposed, and again all are
//      transformed at once. Result k of lane l' is point k + M·l'.
// Real and imaginary parts lie in arrays of their own; with the two exchanged the transform is the
// inverse.

template <class Real>
inline constexpr int kLanesOf = kVectorBytes / static_cast<int>(sizeof(Real));
template <class Real>
using Wide = Vector<Real, kLanesOf<Real>>;

template <class V>
struct Complex {
  V re;
  V im;
};

// Four points in place: x[k] ← Σ_n x[n] (−i)^(kn)
template <class V>
MER_INLINE void four_points(Complex<V>& a, Complex<V>& b, Complex<V>& c, Complex<V>& d) {
  const V ac_re = a.re + c.re;
  const V ac_im = a.im + c.im;
  const V a_c_re = a.re - c.re;
  const V a_c_im = a.im - c.im;
  const V bd_re = b.re + d.re;
  const V bd_im = b.im + d.im;
  const V b_d_re = b.re - d.re;
  const V b_d_im = b.im - d.im;
  a.re = ac_re + bd_re;
  a.im = ac_im + bd_im;
  b.re = a_c_re + b_d_im;
  b.im = a_c_im - b_d_re;
  c.re = ac_re - bd_re;
  c.im = ac_im - bd_im;
  d.re = a_c_re - b_d_im;
  d.im = a_c_im + b_d_re;
}

template <class V>
MER_INLINE void two_points(Complex<V>& a, Complex<V>& b) {
  const Complex<V> difference{a.re - b.re, a.im - b.im};
  a.re += b.re;
  a.im += b.im;
  b = difference;
}

template <class V, class Factor>
MER_INLINE void turn(Complex<V>& x, const Factor& re, const Factor& im) {
  const V real = x.re * re - x.im * im;
  x.im = x.re * im + x.im * re;
  x.re = real;
}

// One radix-4 pass over n points, of which `stride` interleaved sets are transformed.
template <class Real, class Load>
MER_INLINE void radix4_pass(const Load& load, int n, int stride, const Real* twiddles, Real* re,
                            Real* im) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int quarter = n / 4;
  for (int p = 0; p < quarter; ++p) {
    const Real* const w = twiddles + 6 * p;
    for (int q = 0; q < stride; ++q) {
      Complex<V> a;
      Complex<V> b;
      Complex<V> c;
      Complex<V> d;
      load(q + stride * p, a);
      load(q + stride * (p + quarter), b);
      load(q + stride * (p + 2 * quarter), c);
      load(q + stride * (p + 3 * quarter), d);
      four_points(a, b, c, d);
      turn(b, w[0], w[1]);
      turn(c, w[2], w[3]);
      turn(d, w[4], w[5]);
      const int at = kLanes * (q + stride * 4 * p);
      MER_STORE(re + at, a.re);
      MER_STORE(im + at, a.im);
      MER_STORE(re + at + kLanes * stride, b.re);
      MER_STORE(im + at + kLanes * stride, b.im);
      MER_STORE(re + at + kLanes * 2 * stride, c.re);
      MER_STORE(im + at + kLanes * 2 * stride, c.im);
      MER_STORE(re + at + kLanes * 3 * stride, d.re);
      MER_STORE(im + at + kLanes * 3 * stride, d.im);
    }
  }
}

// The last pass: four (n = 4) or two points, without factors.
template <class Real>
MER_INLINE void last_pass(const Real* from_re, const Real* from_im, int n, int stride, Real* re,
                          Real* im) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  for (int q = 0; q < stride; ++q) {
    Complex<V> x[4];
    for (int j = 0; j < n; ++j) {
      MER_LOAD(x[j].re, from_re + kLanes * (q + stride * j));
      MER_LOAD(x[j].im, from_im + kLanes * (q + stride * j));
    }
    if (n == 4) {
      four_points(x[0], x[1], x[2], x[3]);
    } else {
      two_points(x[0], x[1]);
    }
    for (int j = 0; j < n; ++j) {
      MER_STORE(re + kLanes * (q + stride * j), x[j].re);
      MER_STORE(im + kLanes * (q + stride * j), x[j].im);
    }
  }
}

// x[k] ← Σ_l x[l] e^(−2πi·kl/kLanes), in place but for the order: result k of sixteen lies at
// 4·(k mod 4) + k / 4, of eight at 2·(k mod 4) + k / 4, of fewer at k.
template <class Real, int kLanes, class V>
MER_INLINE void across_lanes(Complex<V>* x) {
  if constexpr (kLanes == 2) {
    two_points(x[0], x[1]);
  } else if constexpr (kLanes == 4) {
    four_points(x[0], x[1], x[2], x[3]);
  } else if constexpr (kLanes == 8) {
    constexpr Real kRoot = static_cast<Real>(0.70710678118654752440);
    four_points(x[0], x[2], x[4], x[6]);
    four_points(x[1], x[3], x[5], x[7]);
    turn(x[3], kRoot, -kRoot);
    turn(x[5], Real{0}, Real{-1});
    turn(x[7], -kRoot, -kRoot);
#pragma GCC unroll 16
    for (int j = 0; j < 8; j += 2) two_points(x[j], x[j + 1]);
  } else {
    static_assert(kLanes == 16);
    constexpr Real kRoot = static_cast<Real>(0.70710678118654752440);
    constexpr Real kCos = static_cast<Real>(0.92387953251128675613);
    constexpr Real kSin = static_cast<Real>(0.38268343236508977173);
#pragma GCC unroll 16
    for (int j = 0; j < 4; ++j) four_points(x[j], x[j + 4], x[j + 8], x[j + 12]);
    turn(x[5], kCos, -kSin);
    turn(x[6], kRoot, -kRoot);
    turn(x[7], kSin, -kCos);
    turn(x[9], kRoot, -kRoot);
    turn(x[10], Real{0}, Real{-1});
    turn(x[11], -kRoot, -kRoot);
    turn(x[13], kSin, -kCos);
    turn(x[14], -kRoot, -kRoot);
    turn(x[15], -kCos, kSin);
#pragma GCC unroll 16
    for (int j = 0; j < 16; j += 4) four_points(x[j], x[j + 1], x[j + 2], x[j + 3]);
  }
}
template <int kLanes>
constexpr int place_of(int k) {
  return kLanes <= 4 ? k : kLanes / 4 * (k % 4) + k / 4;
}

/// The whole transform. load(m, x) gives vector m of the points; store(k, x) takes the results k …
/// k + lanes − 1.
template <class Real, class Load, class Store>
MER_INLINE void transform(const FftTables<Real>& tables, Real* scratch, const Load& load,
                          const Store& store) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int half = tables.half;
  const int count = half / kLanes;
  Real* re = scratch;
  Real* im = scratch + half;
  Real* other_re = scratch + 2 * half;
  Real* other_im = scratch + 3 * half;

  const Real* twiddles = tables.passes;
  radix4_pass(load, count, 1, twiddles, re, im);
  twiddles += 6 * (count / 4);
  int n = count / 4;
  int stride = 4;
  for (; n > 4; n /= 4, stride *= 4) {
    radix4_pass(
        [&](int at, Complex<V>& x) __attribute__((always_inline)) {
          MER_LOAD(x.re, re + kLanes * at);
          MER_LOAD(x.im, im + kLanes * at);
        },
        n, stride, twiddles, other_re, other_im);
    twiddles += 6 * (n / 4);
    Real* const done_re = other_re;
    Real* const done_im = other_im;
    other_re = re;
    other_im = im;
    re = done_re;
    im = done_im;
  }
  if (n == 4) {
    last_pass(re, im, 4, stride, other_re, other_im);
    re = other_re;
    im = other_im;
  } else if (n == 2) {
    last_pass(re, im, 2, stride, other_re, other_im);
    re = other_re;
    im = other_im;
  }

  for (int k = 0; k < count; k += kLanes) {
    Complex<V> x[kLanes];
    V parts[kLanes];
    V w_re;
    V w_im;
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      MER_LOAD(x[i].re, re + kLanes * (k + i));
      MER_LOAD(x[i].im, im + kLanes * (k + i));
      MER_LOAD(w_re, tables.across + 2 * kLanes * (k + i));
      MER_LOAD(w_im, tables.across + 2 * kLanes * (k + i) + kLanes);
      turn(x[i], w_re, w_im);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) parts[i] = x[i].re;
    transpose<kLanes>(parts);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      x[i].re = parts[i];
      parts[i] = x[i].im;
    }
    transpose<kLanes>(parts);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) x[i].im = parts[i];
    across_lanes<Real, kLanes>(x);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) store(k + count * i, x[place_of<kLanes>(i)]);
  }
}

// Two vectors of alternating real and imaginary parts, and back.
template <class V, int... kLane>
MER_INLINE void separate(const V& first, const V& second, Complex<V>& x, Indices<kLane...>) {
  x.re = __builtin_shufflevector(first, second, (2 * kLane)...);
  x.im = __builtin_shufflevector(first, second, (2 * kLane + 1)...);
}
template <class V, int... kLane>
MER_INLINE void alternate(const Complex<V>& x, V& first, V& second, Indices<kLane...>) {
  constexpr int kLanes = sizeof...(kLane);
  first = __builtin_shufflevector(x.re, x.im, (kLane / 2 + kLane % 2 * kLanes)...);
  second = __builtin_shufflevector(x.re, x.im, (kLanes / 2 + kLane / 2 + kLane % 2 * kLanes)...);
}
template <class V, int... kLane>
MER_INLINE void reverse(V& x, Indices<kLane...>) {
  constexpr int kLanes = sizeof...(kLane);
  x = __builtin_shufflevector(x, x, (kLanes - 1 - kLane)...);
}

// Loads for transform(): `samples` in pairs as complex numbers.
template <class Real>
struct LoadPairs {
  const Real* samples;
  MER_INLINE void operator()(int m, Complex<Wide<Real>>& x) const {
    constexpr int kLanes = kLanesOf<Real>;
    Wide<Real> first;
    Wide<Real> second;
    MER_LOAD(first, samples + 2 * kLanes * m);
    MER_LOAD(second, samples + 2 * kLanes * m + kLanes);
    separate(first, second, x, IndicesUpTo<kLanes>());
  }
};
// … times a window, whose even values lie before the odd ones.
template <class Real>
struct LoadWindowed {
  const float* samples;
  const Real* even;
  const Real* odd;
  MER_INLINE void operator()(int m, Complex<Wide<Real>>& x) const {
    constexpr int kLanes = kLanesOf<Real>;
    using Narrow = Vector<float, kLanes>;
    Narrow first;
    Narrow second;
    Complex<Narrow> pairs;
    MER_LOAD(first, samples + 2 * kLanes * m);
    MER_LOAD(second, samples + 2 * kLanes * m + kLanes);
    separate(first, second, pairs, IndicesUpTo<kLanes>());
    Wide<Real> window;
    MER_LOAD(window, even + kLanes * m);
    Wide<Real> wide;
    widen(pairs.re, wide);
    x.re = window * wide;
    MER_LOAD(window, odd + kLanes * m);
    widen(pairs.im, wide);
    x.im = window * wide;
  }
};
template <class Real>
struct LoadSplit {
  const Real* re;
  const Real* im;
  MER_INLINE void operator()(int m, Complex<Wide<Real>>& x) const {
    MER_LOAD(x.re, re + kLanesOf<Real> * m);
    MER_LOAD(x.im, im + kLanesOf<Real> * m);
  }
};
template <class Real>
struct StoreSplit {
  Real* re;
  Real* im;
  MER_INLINE void operator()(int k, const Complex<Wide<Real>>& x) const {
    MER_STORE(re + k, x.re);
    MER_STORE(im + k, x.im);
  }
};
// … of an inverse transform, whose parts are exchanged.
template <class Real>
struct StorePairs {
  Real* samples;
  MER_INLINE void operator()(int k, const Complex<Wide<Real>>& x) const {
    const Complex<Wide<Real>> exchanged{x.im, x.re};
    Wide<Real> first;
    Wide<Real> second;
    alternate(exchanged, first, second, IndicesUpTo<kLanesOf<Real>>());
    MER_STORE(samples + 2 * k, first);
    MER_STORE(samples + 2 * k + kLanesOf<Real>, second);
  }
};

// a = the bins k … and b = those that mirror them, half − k, half − k − 1 … (from `mirror` on).
template <class Real>
MER_INLINE void load_mirrored(const Real* re, const Real* im, int k, int mirror,
                              Complex<Wide<Real>>& a, Complex<Wide<Real>>& b) {
  MER_LOAD(a.re, re + k);
  MER_LOAD(a.im, im + k);
  MER_LOAD(b.re, re + mirror);
  MER_LOAD(b.im, im + mirror);
  reverse(b.re, IndicesUpTo<kLanesOf<Real>>());
  reverse(b.im, IndicesUpTo<kLanesOf<Real>>());
}

// … and back to memory, which uses up b.
template <class Real>
MER_INLINE void store_mirrored(const Complex<Wide<Real>>& a, Complex<Wide<Real>>& b, int k,
                               int mirror, Real* re, Real* im) {
  reverse(b.re, IndicesUpTo<kLanesOf<Real>>());
  reverse(b.im, IndicesUpTo<kLanesOf<Real>>());
  MER_STORE(re + k, a.re);
  MER_STORE(im + k, a.im);
  MER_STORE(re + mirror, b.re);
  MER_STORE(im + mirror, b.im);
}

// Bins k … and half − k … of the real transform from those of the complex one, Z. With
//   E = (Z[k] + conj Z[half−k]) / 2,  D = (Z[k] − conj Z[half−k]) / 2,  w = e^(−2πik/N)
//   X[k] = E − iwD,  X[half−k] = conj(E + iwD).
// use(k, x, mirrored) gets both, the second in ascending order too: half − k − lanes + 1 …
template <class Real, class Use>
MER_INLINE void untangle(const FftTables<Real>& tables, const Real* re, const Real* im,
                         const Use& use) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int half = tables.half;
  for (int k = 1; k <= half / 2; k += kLanes) {
    const int mirror = half - k - kLanes + 1;
    Complex<V> a;
    Complex<V> b;
    load_mirrored(re, im, k, mirror, a, b);
    V cosine;
    V sine;
    MER_LOAD(cosine, tables.cosine + k);
    MER_LOAD(sine, tables.sine + k);
    const Real scale = Real{0.5};
    const V even_re = scale * (a.re + b.re);
    const V even_im = scale * (a.im - b.im);
    const V d_re = scale * (a.re - b.re);
    const V d_im = scale * (a.im + b.im);
    const V odd_re = cosine * d_im - sine * d_re;
    const V odd_im = cosine * d_re + sine * d_im;
    Complex<V> x{even_re + odd_re, even_im - odd_im};
    Complex<V> mirrored{even_re - odd_re, -(even_im + odd_im)};
    reverse(mirrored.re, IndicesUpTo<kLanes>());
    reverse(mirrored.im, IndicesUpTo<kLanes>());
    use(k, x);
    use(mirror, mirrored);
  }
}

template <class Real>
MER_INLINE void forward(const FftTables<Real>& tables, const Real* samples, Real* scratch,
                        Real* bins) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int half = tables.half;
  Real* const re = scratch + 4 * half;
  Real* const im = scratch + 5 * half;
  transform(tables, scratch, LoadPairs<Real>{samples}, StoreSplit<Real>{re, im});
  untangle(
      tables, re, im, [&](int k, const Complex<V>& x) __attribute__((always_inline)) {
        V first;
        V second;
        alternate(x, first, second, IndicesUpTo<kLanes>());
        MER_STORE(bins + 2 * k, first);
        MER_STORE(bins + 2 * k + kLanes, second);
      });
  bins[0] = re[0] + im[0];
  bins[1] = Real{0};
  bins[2 * half] = re[0] - im[0];
  bins[2 * half + 1] = Real{0};
}

template <class Real>
MER_INLINE void power(const FftTables<Real>& tables, const float* samples, const Real* window,
                      Real* scratch, float* out) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int half = tables.half;
  Real* const re = scratch + 4 * half;
  Real* const im = scratch + 5 * half;
  transform(tables, scratch, LoadWindowed<Real>{samples, window, window + half},
            StoreSplit<Real>{re, im});
  untangle(
      tables, re, im, [&](int k, const Complex<V>& x) __attribute__((always_inline)) {
        const V square = x.re * x.re + x.im * x.im;
        Vector<float, kLanes> rounded;
        narrow(square, rounded);
        MER_STORE(out + k, rounded);
      });
  const Real first = re[0] + im[0];
  const Real last = re[0] - im[0];
  out[0] = static_cast<float>(first * first);
  out[half] = static_cast<float>(last * last);
}

// The other way round: with E = X[k] + conj X[half−k], D = X[k] − conj X[half−k]
//   Z[k] = E + i·conj(w)·D,  Z[half−k] = conj(E − i·conj(w)·D).
template <class Real>
MER_INLINE void inverse(const FftTables<Real>& tables, const Real* bins, Real* scratch,
                        Real* samples) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int half = tables.half;
  Real* const re = scratch + 4 * half;
  Real* const im = scratch + 5 * half;
  for (int k = 1; k <= half / 2; k += kLanes) {
    const int mirror = half - k - kLanes + 1;
    Complex<V> a;
    Complex<V> b;
    V first;
    V second;
    V cosine;
    V sine;
    MER_LOAD(first, bins + 2 * k);
    MER_LOAD(second, bins + 2 * k + kLanes);
    separate(first, second, a, IndicesUpTo<kLanes>());
    MER_LOAD(first, bins + 2 * mirror);
    MER_LOAD(second, bins + 2 * mirror + kLanes);
    separate(first, second, b, IndicesUpTo<kLanes>());
    reverse(b.re, IndicesUpTo<kLanes>());
    reverse(b.im, IndicesUpTo<kLanes>());
    MER_LOAD(cosine, tables.cosine + k);
    MER_LOAD(sine, tables.sine + k);
    const V even_re = a.re + b.re;
    const V even_im = a.im - b.im;
    const V d_re = a.re - b.re;
    const V d_im = a.im + b.im;
    const V odd_re = cosine * d_im + sine * d_re;
    const V odd_im = cosine * d_re - sine * d_im;
    const Complex<V> z{even_re - odd_re, even_im + odd_im};
    Complex<V> mirrored{even_re + odd_re, odd_im - even_im};
    store_mirrored(z, mirrored, k, mirror, re, im);
  }
  re[0] = bins[0] + bins[2 * half];
  im[0] = bins[0] - bins[2 * half];
  transform(tables, scratch, LoadSplit<Real>{im, re}, StorePairs<Real>{samples});
}

// Turning the bins by −i is, on the complex transform of half the size and but for its bin 0,
//   Z'[k] = cos(2πk/N) · conj Z[half−k] + i sin(2πk/N) · Z[k].
void hilbert(const FftTables<float>& tables, const float* samples, float* scratch, float* out) {
  constexpr int kLanes = kFloatLanes;
  using V = Wide<float>;
  const int half = tables.half;
  float* const re = scratch + 4 * half;
  float* const im = scratch + 5 * half;
  transform(tables, scratch, LoadPairs<float>{samples}, StoreSplit<float>{re, im});
  float* const turned_re = scratch;
  float* const turned_im = scratch + half;
  const float scale = 1.0F / static_cast<float>(half);
  for (int k = 1; k <= half / 2; k += kLanes) {
    const int mirror = half - k - kLanes + 1;
    Complex<V> a;
    Complex<V> b;
    load_mirrored(re, im, k, mirror, a, b);
    V cosine;
    V sine;
    MER_LOAD(cosine, tables.cosine + k);
    MER_LOAD(sine, tables.sine + k);
    cosine *= scale;
    sine *= scale;
    const Complex<V> z{cosine * b.re - sine * a.im, sine * a.re - cosine * b.im};
    // At half − k the cosine has the other sign.
    Complex<V> mirrored{-(cosine * a.re + sine * b.im), cosine * a.im + sine * b.re};
    store_mirrored(z, mirrored, k, mirror, turned_re, turned_im);
  }
  turned_re[0] = 0.0F;
  turned_im[0] = 0.0F;
  transform(tables, scratch + 2 * half, LoadSplit<float>{turned_im, turned_re},
            StorePairs<float>{out});
}

void forward_float(const FftTables<float>& tables, const float* samples, float* scratch,
                   float* bins) {
  forward(tables, samples, scratch, bins);
}
void forward_double(const FftTables<double>& tables, const double* samples, double* scratch,
                    double* bins) {
  forward(tables, samples, scratch, bins);
}
void inverse_float(const FftTables<float>& tables, const float* bins, float* scratch,
                   float* samples) {
  inverse(tables, bins, scratch, samples);
}
void inverse_double(const FftTables<double>& tables, const double* bins, double* scratch,
                    double* samples) {
  inverse(tables, bins, scratch, samples);
}
void power_float(const FftTables<float>& tables, const float* samples, const float* window,
                 float* scratch, float* out) {
  power(tables, samples, window, scratch, out);
}
void power_double(const FftTables<double>& tables, const float* samples, const double* window,
                  double* scratch, float* out) {
  power(tables, samples, window, scratch, out);
}

}  // namespace

}  // namespace mer::kernel_bodies

namespace mer::kernels {

extern const KernelTable MER_KERNELS = {
    .dot = kernel_bodies::dot,
    .sum = kernel_bodies::sum,
    .energy = kernel_bodies::energy,
    .all_within = kernel_bodies::all_within,
    .sparse_rows = kernel_bodies::sparse_rows,
    .power_to_db = kernel_bodies::power_to_db,
    .extreme_candidates = kernel_bodies::extreme_candidates,
    .extreme_root_sums = kernel_bodies::extreme_root_sums,
    .to_segments = kernel_bodies::to_segments,
    .segment_autocorrelation = kernel_bodies::segment_autocorrelation,
    .segment_prediction_error = kernel_bodies::segment_prediction_error,
    .cosine_phase = kernel_bodies::cosine_phase,
    .lattice_step = kernel_bodies::lattice_step,
    .lattice_sums = kernel_bodies::lattice_sums,
    .float_lanes = kernel_bodies::kFloatLanes,
    .double_lanes = kernel_bodies::kDoubleLanes,
    .forward_float = kernel_bodies::forward_float,
    .forward_double = kernel_bodies::forward_double,
    .inverse_float = kernel_bodies::inverse_float,
    .inverse_double = kernel_bodies::inverse_double,
    .power_float = kernel_bodies::power_float,
    .power_double = kernel_bodies::power_double,
    .hilbert = kernel_bodies::hilbert,
};

}  // namespace mer::kernels
