#pragma once

#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

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
  const Int8 limit = Int8{} + selected;
  Float8 smallest = Float8{} - 1.0F;
  Float8 largest = Float8{} + __builtin_inff();
  for (int j = 0; j < 2; ++j) {
    const Float8 small = below[j] < limit ? low[j] : smallest;
    const Float8 large = above[j] < limit ? high[j] : largest;
    smallest = small > smallest ? small : smallest;
    largest = large < largest ? large : largest;
  }
  Thresholds thresholds{smallest[0], largest[0]};
  for (int lane = 1; lane < 8; ++lane) {
    thresholds.smallest =
        smallest[lane] > thresholds.smallest ? smallest[lane] : thresholds.smallest;
    thresholds.largest = largest[lane] < thresholds.largest ? largest[lane] : thresholds.largest;
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

MER_INLINE void square_roots(Float8& x) {
#if defined(__AVX2__)
  x = reinterpret_cast<Float8>(_mm256_sqrt_ps(reinterpret_cast<__m256>(x)));
#else
  for (int lane = 0; lane < 8; ++lane) x[lane] = __builtin_sqrtf(x[lane]);
#endif
}

// By counting for each value how many lie beyond it, which needs no branches. Of several values
// equal to the last one selected only as many count as there is room for.
template <bool kLargest>
MER_INLINE double root_sum(float* values, int count, int selected) {
  const int padded = (count + 7) / 8 * 8;
  for (int i = count; i < padded; ++i) values[i] = kLargest ? -1.0F : __builtin_inff();
  const Float8 nothing = {};
  const Int8 limit = Int8{} + selected;
  Double8 sums = {};
  Float8 last = nothing + (kLargest ? __builtin_inff() : -1.0F);
  Int8 num_taken = {};
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
    const Int8 is_taken = num_beyond[0] + num_beyond[1] < limit;  // −1 or 0
    num_taken -= is_taken;
    Float8 root = is_taken ? x : nothing;
    const Float8 nearer = kLargest ? (x < last ? x : last) : (x > last ? x : last);
    last = is_taken ? nearer : last;
    square_roots(root);
    Double8 wide;
    widen(root, wide);
    sums += wide;
  }
  double sum = 0.0;
  float last_value = last[0];
  int count_taken = 0;
  for (int lane = 0; lane < 8; ++lane) {
    sum += sums[lane];
    count_taken += num_taken[lane];
    if (kLargest ? last[lane] < last_value : last[lane] > last_value) last_value = last[lane];
  }
  return sum - (count_taken - selected) * static_cast<double>(__builtin_sqrtf(last_value));
}

RootSums extreme_root_sums(float* smallest, int num_smallest, float* largest, int num_largest,
                           int selected) {
  return {root_sum<false>(smallest, num_smallest, selected),
          root_sum<true>(largest, num_largest, selected)};
}

}  // namespace
}  // namespace mer::kernel_bodies
