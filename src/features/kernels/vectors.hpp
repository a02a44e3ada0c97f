#pragma once

#include "kernel_table.hpp"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

// What the kernels are written in: vectors as long as the instruction set has them.
// Nothing here may call an inline function or instantiate a template of a library (see bodies.hpp).
namespace mer::kernel_bodies {
namespace {

using kernels::Candidates;
using kernels::CentredFrame;
using kernels::FftTables;
using kernels::kExtremeGroups;
using kernels::kMaxRoots;
using kernels::kModelVector;
using kernels::kSegments;
using kernels::kSincTaps;
using kernels::LatticeSums;
using kernels::LinePeaks;
using kernels::PitchCurves;
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
using Doubles = Vector<double, kDoubleLanes>;
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

// 1 / x, within two units in the last place. By the processor's estimate of 14 bits and two steps
// of Newton's where it has one: a division keeps it busy for longer.
MER_INLINE void invert(Doubles& x) {
#if defined(__AVX512F__)
  const __m512d value = reinterpret_cast<__m512d>(x);
  const __m512d two = _mm512_set1_pd(2.0);
  __m512d inverse = _mm512_rcp14_pd(value);
  inverse = _mm512_mul_pd(inverse, _mm512_fnmadd_pd(value, inverse, two));
  inverse = _mm512_mul_pd(inverse, _mm512_fnmadd_pd(value, inverse, two));
  x = reinterpret_cast<Doubles>(inverse);
#else
  x = 1.0 / x;
#endif
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

}  // namespace
}  // namespace mer::kernel_bodies
