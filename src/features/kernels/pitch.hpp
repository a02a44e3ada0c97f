#pragma once

#include "fft.hpp"
#include "sums.hpp"
#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

CentredFrame centre(const float* samples, int count, float mean, int head_count, float* centred,
                    float* head) {
  CentredFrame result{0.0, 0.0};
  int n = 0;
  for (int part = 0; part < 2; ++part) {
    const bool in_head = part == 0;
    const int end = in_head ? head_count : count;
    Double8 sums[2] = {};
    Float8 x;
    const Float8 nothing = {};
    for (; n + 16 <= end; n += 16) {
      for (int j = 0; j < 2; ++j) {
        MER_LOAD(x, samples + n + 8 * j);
        x -= mean;
        MER_STORE(centred + n + 8 * j, x);
        MER_STORE(head + n + 8 * j, in_head ? x : nothing);
        Double8 wide;
        widen(x, wide);
        sums[j] += wide * wide;
      }
    }
    sums[0] += sums[1];
    double energy = 0.0;
    for (int lane = 0; lane < 8; ++lane) energy += sums[0][lane];
    for (; n < end; ++n) {
      const float one = samples[n] - mean;
      centred[n] = one;
      head[n] = in_head ? one : 0.0F;
      energy += static_cast<double>(one) * static_cast<double>(one);
    }
    if (in_head) result.head_energy = energy;
    result.energy += energy;
  }
  return result;
}

// Lane i becomes lanes 0 … i together.
template <int kBy, class V, int... kLane>
MER_INLINE void add_lanes_below(V& x, Indices<kLane...>) {
  constexpr int kLanes = sizeof...(kLane);
  if constexpr (kBy < kLanes) {
    const V nothing = {};
    x += __builtin_shufflevector(nothing, x, (kLane < kBy ? kLane : kLanes + kLane - kBy)...);
    add_lanes_below<2 * kBy>(x, Indices<kLane...>());
  }
}
// … and everything before it; `before` becomes the sum so far. Within a vector the sums are few and
// single precision is enough; from vector to vector they go on in double.
template <int... kLane>
MER_INLINE void running_sum(Wide<float>& x, double& before, Indices<kLane...>) {
  add_lanes_below<1>(x, Indices<kLane...>());
  const float base = static_cast<float>(before);
  before += static_cast<double>(x[sizeof...(kLane) - 1]);
  x += base;
}

void pitch_differences(const float* leaving, const float* entering, const float* correlation,
                       double head_energy, double scale, float least, int num_lags,
                       const PitchCurves& curves) {
  using V = Wide<float>;
  using Lanes = IndicesUpTo<kFloatLanes>;
  constexpr float kTiny = 1.17549435e-38F;
  const V nothing = {};
  const V one = nothing + 1.0F;
  const float correlation_scale = static_cast<float>(scale);
  double compared_before = 2.0 * head_energy;
  double sum_before = 0.0;
  V lag;
  for (int lane = 0; lane < kFloatLanes; ++lane) lag[lane] = static_cast<float>(lane + 1);
  curves.difference[0] = curves.energy[0] = curves.cumulative[0] = 0.0F;
  curves.normalised[0] = 1.0F;
  for (int i = 0; i < num_lags; i += kFloatLanes) {
    V in;
    V out;
    V shared;
    MER_LOAD(in, entering + i);
    MER_LOAD(out, leaving + i);
    MER_LOAD(shared, correlation + i + 1);
    V compared = (in - out) * (in + out);
    running_sum(compared, compared_before, Lanes());
    V difference = compared - correlation_scale * shared;
    difference = difference > nothing ? difference : nothing;
    compared = compared > nothing ? compared : nothing;
    MER_STORE(curves.difference + i + 1, difference);
    MER_STORE(curves.energy + i + 1, compared);

    V sum = difference;
    running_sum(sum, sum_before, Lanes());
    MER_STORE(curves.cumulative + i + 1, sum);
    V normalised = difference * lag / (sum + kTiny);
    normalised = compared >= least ? normalised : one;
    normalised = sum > nothing ? normalised : one;
    MER_STORE(curves.normalised + i + 1, normalised);
    lag += static_cast<float>(kFloatLanes);
  }
}

// With x = part + j the weight is ± sin(π·part) · (1 + cos(πx/8)) / x; the sine cancels, and the
// cosine of the sum comes from those of its parts.
float interpolate(const float* values, const float* exists, float part) {
  static_assert(kSincTaps == 16);
  // Of the angles π·(7 − i)/8.
  constexpr float kTapCosine[16] = {-0.92387953F, -0.70710678F, -0.38268343F, 0.0F,
                                    0.38268343F,  0.70710678F,  0.92387953F,  1.0F,
                                    0.92387953F,  0.70710678F,  0.38268343F,  0.0F,
                                    -0.38268343F, -0.70710678F, -0.92387953F, -1.0F};
  constexpr float kTapSine[16] = {0.38268343F,  0.70710678F,  0.92387953F,  1.0F,
                                  0.92387953F,  0.70710678F,  0.38268343F,  0.0F,
                                  -0.38268343F, -0.70710678F, -0.92387953F, -1.0F,
                                  -0.92387953F, -0.70710678F, -0.38268343F, 0.0F};
  constexpr float kPlace[16] = {7.0F,  6.0F,  5.0F,  4.0F,  3.0F,  2.0F,  1.0F,  0.0F,
                                -1.0F, -2.0F, -3.0F, -4.0F, -5.0F, -6.0F, -7.0F, -8.0F};
  constexpr float kSign[8] = {1.0F, -1.0F, 1.0F, -1.0F, 1.0F, -1.0F, 1.0F, -1.0F};
  // Both to 1e-8 up to π/8.
  const float angle = 0.39269908F * part;
  const float square = angle * angle;
  const float sine =
      angle * (1.0F - square * (1.0F / 6.0F - square * (1.0F / 120.0F - square / 5040.0F)));
  const float cosine =
      1.0F -
      square * (0.5F - square * (1.0F / 24.0F - square * (1.0F / 720.0F - square / 40320.0F)));
  Float8 sums = {};
  Float8 weights = {};
  for (int i = 0; i < 16; i += 8) {
    Float8 tap_cosine;
    Float8 tap_sine;
    Float8 place;
    Float8 sign;
    Float8 there;
    Float8 value;
    MER_LOAD(tap_cosine, kTapCosine + i);
    MER_LOAD(tap_sine, kTapSine + i);
    MER_LOAD(place, kPlace + i);
    MER_LOAD(sign, kSign);
    MER_LOAD(there, exists + i);
    MER_LOAD(value, values + i);
    const Float8 taper = 1.0F + (cosine * tap_cosine - sine * tap_sine);
    const Float8 weight = there * sign * taper / (part + place);
    sums += weight * value;
    weights += weight;
  }
  return lanes_together(sums) / lanes_together(weights);
}

int next_minimum(const float* values, int first, int last, float limit) {
  int i = first;
#if defined(__AVX512F__)
  const __m512 limits = _mm512_set1_ps(limit);
  for (; i + 15 <= last; i += 16) {
    const __m512 x = _mm512_loadu_ps(values + i);
    __mmask16 low = _mm512_cmp_ps_mask(x, limits, _CMP_LT_OQ);
    low = _mm512_mask_cmp_ps_mask(low, x, _mm512_loadu_ps(values + i - 1), _CMP_LE_OQ);
    low = _mm512_mask_cmp_ps_mask(low, x, _mm512_loadu_ps(values + i + 1), _CMP_LE_OQ);
    if (low != 0) return i + __builtin_ctz(low);
  }
#elif defined(__AVX2__)
  const __m256 limits = _mm256_set1_ps(limit);
  for (; i + 7 <= last; i += 8) {
    const __m256 x = _mm256_loadu_ps(values + i);
    __m256 low = _mm256_cmp_ps(x, limits, _CMP_LT_OQ);
    low = _mm256_and_ps(low, _mm256_cmp_ps(x, _mm256_loadu_ps(values + i - 1), _CMP_LE_OQ));
    low = _mm256_and_ps(low, _mm256_cmp_ps(x, _mm256_loadu_ps(values + i + 1), _CMP_LE_OQ));
    const int lanes = _mm256_movemask_ps(low);
    if (lanes != 0) return i + __builtin_ctz(static_cast<unsigned>(lanes));
  }
#endif
  for (; i <= last; ++i) {
    if (values[i] < limit && values[i] <= values[i - 1] && values[i] <= values[i + 1]) return i;
  }
  return last + 1;
}

}  // namespace
}  // namespace mer::kernel_bodies
