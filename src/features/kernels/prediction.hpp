#pragma once

#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

void to_segments(const float* samples, int count, int margin, double* segments) {
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
    }
  }
  for (; n < length + margin; ++n) {
    for (int s = 0; s < kSegments; ++s) {
      const int at = s * length + n;
      const double sample = at < count ? static_cast<double>(samples[at]) : 0.0;
      segments[kSegments * (n + margin) + s] = sample;
    }
  }
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

}  // namespace
}  // namespace mer::kernel_bodies
