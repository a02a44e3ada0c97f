#pragma once

#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

// A complex transform of H = `half` points over L lanes, M = H / L: vector m holds the points
// L·m … L·m + L − 1, so that lane l has every L-th point from l on. Then
//   1. transforms of M points, all lanes at once (Stockham's, radix 8 or 4: no reordering)
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

// x[k] ← Σ_l x[l] e^(−2πi·kl/kPoints), in place but for the order: result k of sixteen lies at
// 4·(k mod 4) + k / 4, of eight at 2·(k mod 4) + k / 4, of fewer at k.
template <class Real, int kPoints, class V>
MER_INLINE void few_points(Complex<V>* x) {
  if constexpr (kPoints == 2) {
    two_points(x[0], x[1]);
  } else if constexpr (kPoints == 4) {
    four_points(x[0], x[1], x[2], x[3]);
  } else if constexpr (kPoints == 8) {
    constexpr Real kRoot = static_cast<Real>(0.70710678118654752440);
    four_points(x[0], x[2], x[4], x[6]);
    four_points(x[1], x[3], x[5], x[7]);
    turn(x[3], kRoot, -kRoot);
    turn(x[5], Real{0}, Real{-1});
    turn(x[7], -kRoot, -kRoot);
#pragma GCC unroll 16
    for (int j = 0; j < 8; j += 2) two_points(x[j], x[j + 1]);
  } else {
    static_assert(kPoints == 16);
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
template <int kPoints>
constexpr int place_of(int k) {
  return kPoints <= 4 ? k : kPoints / 4 * (k % 4) + k / 4;
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

// One radix-8 pass: an eighth of the points at a time. (Only where there are 32 registers.)
template <class Real, class Load>
MER_INLINE void radix8_pass(const Load& load, int n, int stride, const Real* twiddles, Real* re,
                            Real* im) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int eighth = n / 8;
  for (int p = 0; p < eighth; ++p) {
    const Real* const w = twiddles + 14 * p;
    for (int q = 0; q < stride; ++q) {
      Complex<V> x[8];
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) load(q + stride * (p + j * eighth), x[j]);
      few_points<Real, 8>(x);
      const int at = kLanes * (q + stride * 8 * p);
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        Complex<V>& result = x[place_of<8>(j)];
        if (j > 0) turn(result, w[2 * j - 2], w[2 * j - 1]);
        MER_STORE(re + at + kLanes * j * stride, result.re);
        MER_STORE(im + at + kLanes * j * stride, result.im);
      }
    }
  }
}

// The last pass: eight, four or two points, without factors.
template <int kPoints, class Real>
MER_INLINE void last_pass(const Real* from_re, const Real* from_im, int stride, Real* re,
                          Real* im) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  for (int q = 0; q < stride; ++q) {
    Complex<V> x[kPoints];
#pragma GCC unroll 8
    for (int j = 0; j < kPoints; ++j) {
      MER_LOAD(x[j].re, from_re + kLanes * (q + stride * j));
      MER_LOAD(x[j].im, from_im + kLanes * (q + stride * j));
    }
    few_points<Real, kPoints>(x);
#pragma GCC unroll 8
    for (int j = 0; j < kPoints; ++j) {
      MER_STORE(re + kLanes * (q + stride * j), x[place_of<kPoints>(j)].re);
      MER_STORE(im + kLanes * (q + stride * j), x[place_of<kPoints>(j)].im);
    }
  }
}

template <class Real>
MER_INLINE void exchange_pointers(Real*& a, Real*& b) {
  Real* const kept = a;
  a = b;
  b = kept;
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
  int n = count;
  int stride = 1;
  const auto pass = [&](const auto& points) __attribute__((always_inline)) {
    if (kernels::fft_radix(n, kVectorBytes) == 8) {
      if constexpr (kVectorBytes == 64) {
        radix8_pass(points, n, stride, twiddles, other_re, other_im);
      }
      twiddles += 14 * (n / 8);
      n /= 8;
      stride *= 8;
    } else {
      radix4_pass(points, n, stride, twiddles, other_re, other_im);
      twiddles += 6 * (n / 4);
      n /= 4;
      stride *= 4;
    }
    exchange_pointers(re, other_re);
    exchange_pointers(im, other_im);
  };
  pass(load);
  while (n > kernels::fft_last_points(kVectorBytes)) {
    pass([&](int at, Complex<V>& x) __attribute__((always_inline)) {
      MER_LOAD(x.re, re + kLanes * at);
      MER_LOAD(x.im, im + kLanes * at);
    });
  }
  if (n == 8) {
    last_pass<8>(re, im, stride, other_re, other_im);
  } else if (n == 4) {
    last_pass<4>(re, im, stride, other_re, other_im);
  } else {
    last_pass<2>(re, im, stride, other_re, other_im);
  }
  re = other_re;
  im = other_im;

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
    few_points<Real, kLanes>(x);
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
template <class Real, int kLanes = kLanesOf<Real>>
struct LoadPairs {
  const Real* samples;
  MER_INLINE void operator()(int m, Complex<Vector<Real, kLanes>>& x) const {
    Vector<Real, kLanes> first;
    Vector<Real, kLanes> second;
    MER_LOAD(first, samples + 2 * kLanes * m);
    MER_LOAD(second, samples + 2 * kLanes * m + kLanes);
    separate(first, second, x, IndicesUpTo<kLanes>());
  }
};
// … widened.
struct LoadWidened {
  const float* samples;
  MER_INLINE void operator()(int m, Complex<Wide<double>>& x) const {
    Complex<Vector<float, kDoubleLanes>> pairs;
    LoadPairs<float, kDoubleLanes>{samples}(m, pairs);
    widen(pairs.re, x.re);
    widen(pairs.im, x.im);
  }
};
// … times a window, whose even values lie before the odd ones.
struct LoadWindowed {
  const float* samples;
  const float* even;
  const float* odd;
  MER_INLINE void operator()(int m, Complex<Wide<float>>& x) const {
    LoadPairs<float>{samples}(m, x);
    Wide<float> window;
    MER_LOAD(window, even + kFloatLanes * m);
    x.re *= window;
    MER_LOAD(window, odd + kFloatLanes * m);
    x.im *= window;
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
template <class Real, class V>
MER_INLINE void untangle(const FftTables<Real>& tables, int k, const Complex<V>& a,
                         const Complex<V>& b, Complex<V>& x, Complex<V>& mirrored) {
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
  x.re = even_re + odd_re;
  x.im = even_im - odd_im;
  mirrored.re = even_re - odd_re;
  mirrored.im = -(even_im + odd_im);
}

// The other way round: with E = X[k] + conj X[half−k], D = X[k] − conj X[half−k]
//   Z[k] = E + i·conj(w)·D,  Z[half−k] = conj(E − i·conj(w)·D).
template <class Real, class V>
MER_INLINE void tangle(const FftTables<Real>& tables, int k, const Complex<V>& a,
                       const Complex<V>& b, Complex<V>& z, Complex<V>& mirrored) {
  V cosine;
  V sine;
  MER_LOAD(cosine, tables.cosine + k);
  MER_LOAD(sine, tables.sine + k);
  const V even_re = a.re + b.re;
  const V even_im = a.im - b.im;
  const V d_re = a.re - b.re;
  const V d_im = a.im + b.im;
  const V odd_re = cosine * d_im + sine * d_re;
  const V odd_im = cosine * d_re - sine * d_im;
  z.re = even_re - odd_re;
  z.im = even_im + odd_im;
  mirrored.re = even_re + odd_re;
  mirrored.im = odd_im - even_im;
}

// use(k, x) gets all bins but the first and the last one, a vector of them at a time.
template <class Real, class Use>
MER_INLINE void untangle_all(const FftTables<Real>& tables, const Real* re, const Real* im,
                             const Use& use) {
  constexpr int kLanes = kLanesOf<Real>;
  using V = Wide<Real>;
  const int half = tables.half;
  for (int k = 1; k <= half / 2; k += kLanes) {
    const int mirror = half - k - kLanes + 1;
    Complex<V> a;
    Complex<V> b;
    Complex<V> x;
    Complex<V> mirrored;
    load_mirrored(re, im, k, mirror, a, b);
    untangle(tables, k, a, b, x, mirrored);
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
  untangle_all(
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

void power_float(const FftTables<float>& tables, const float* samples, const float* window,
                 float* scratch, float* out) {
  const int half = tables.half;
  float* const re = scratch + 4 * half;
  float* const im = scratch + 5 * half;
  transform(tables, scratch, LoadWindowed{samples, window, window + half},
            StoreSplit<float>{re, im});
  untangle_all(
      tables, re, im, [&](int k, const Complex<Wide<float>>& x) __attribute__((always_inline)) {
        const Wide<float> square = x.re * x.re + x.im * x.im;
        MER_STORE(out + k, square);
      });
  const float first = re[0] + im[0];
  const float last = re[0] - im[0];
  out[0] = first * first;
  out[half] = last * last;
}

void spectrum(const FftTables<double>& tables, const float* samples, double* scratch, double* real,
              double* imag) {
  const int half = tables.half;
  double* const re = scratch + 4 * half;
  double* const im = scratch + 5 * half;
  transform(tables, scratch, LoadWidened{samples}, StoreSplit<double>{re, im});
  untangle_all(
      tables, re, im, [&](int k, const Complex<Wide<double>>& x) __attribute__((always_inline)) {
        MER_STORE(real + k, x.re);
        MER_STORE(imag + k, x.im);
      });
  real[0] = re[0] + im[0];
  real[half] = re[0] - im[0];
  imag[0] = imag[half] = 0.0;
}

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
    MER_LOAD(first, bins + 2 * k);
    MER_LOAD(second, bins + 2 * k + kLanes);
    separate(first, second, a, IndicesUpTo<kLanes>());
    MER_LOAD(first, bins + 2 * mirror);
    MER_LOAD(second, bins + 2 * mirror + kLanes);
    separate(first, second, b, IndicesUpTo<kLanes>());
    reverse(b.re, IndicesUpTo<kLanes>());
    reverse(b.im, IndicesUpTo<kLanes>());
    Complex<V> z;
    Complex<V> mirrored;
    tangle(tables, k, a, b, z, mirrored);
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

// A vector of single precision from doubles.
MER_INLINE void load_narrowed(const double* from, Wide<float>& x) {
  Wide<double> wide;
  Vector<float, kDoubleLanes> narrowed;
  for (int part = 0; part < kFloatLanes; part += kDoubleLanes) {
    MER_LOAD(wide, from + part);
    narrow(wide, narrowed);
    MER_STORE(reinterpret_cast<float*>(&x) + part, narrowed);
  }
}

// The inverse transform of one spectrum times the other one's conjugate.
void correlation(const FftTables<float>& tables, const double* real, const double* imag,
                 double offset, const float* fixed, float* scratch, float* out) {
  constexpr int kLanes = kFloatLanes;
  using V = Wide<float>;
  const int half = tables.half;
  float* const fixed_re = scratch + 4 * half;
  float* const fixed_im = scratch + 5 * half;
  transform(tables, scratch, LoadPairs<float>{fixed}, StoreSplit<float>{fixed_re, fixed_im});
  float* const re = scratch;
  float* const im = scratch + half;
  for (int k = 1; k <= half / 2; k += kLanes) {
    const int mirror = half - k - kLanes + 1;
    Complex<V> a;
    Complex<V> b;
    Complex<V> x;
    Complex<V> x_mirrored;
    Complex<V> y;
    Complex<V> y_mirrored;
    load_narrowed(real + k, x.re);
    load_narrowed(imag + k, x.im);
    load_narrowed(real + mirror, x_mirrored.re);
    load_narrowed(imag + mirror, x_mirrored.im);
    reverse(x_mirrored.re, IndicesUpTo<kLanes>());
    reverse(x_mirrored.im, IndicesUpTo<kLanes>());
    load_mirrored(fixed_re, fixed_im, k, mirror, a, b);
    untangle(tables, k, a, b, y, y_mirrored);
    turn(x, y.re, -y.im);
    turn(x_mirrored, y_mirrored.re, -y_mirrored.im);
    tangle(tables, k, x, x_mirrored, a, b);
    store_mirrored(a, b, k, mirror, re, im);
  }
  const float first =
      static_cast<float>(real[0] - 2.0 * half * offset) * (fixed_re[0] + fixed_im[0]);
  const float last = static_cast<float>(real[half]) * (fixed_re[0] - fixed_im[0]);
  re[0] = first + last;
  im[0] = first - last;
  transform(tables, scratch + 2 * half, LoadSplit<float>{im, re}, StorePairs<float>{out});
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
}  // namespace
}  // namespace mer::kernel_bodies
