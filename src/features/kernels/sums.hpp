#pragma once

#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

// (0 + 4) + (1 + 5) + …: the same on every instruction set
MER_INLINE float lanes_together(const Float8& x) {
  const Float8 fours = x + __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
  const Float8 twos = fours + __builtin_shufflevector(fours, fours, 1, 0, 3, 2, 5, 4, 7, 6);
  return twos[0] + twos[2];
}

// Eight rows at a time, so that their lanes are added up side by side.
void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out) {
  for (int first = 0; first < num_rows; first += 8) {
    Float8 totals[8] = {};
    const int count = num_rows - first < 8 ? num_rows - first : 8;
    for (int row = 0; row < count; ++row) {
      Float8 even = {};
      Float8 odd = {};
      Float8 w;
      Float8 x;
      const int end = first_pieces[first + row + 1];
      int piece = first_pieces[first + row];
      for (; piece + 2 <= end; piece += 2) {
        MER_LOAD(w, weights + 8 * piece);
        MER_LOAD(x, in + piece_bins[piece]);
        even += w * x;
        MER_LOAD(w, weights + 8 * piece + 8);
        MER_LOAD(x, in + piece_bins[piece + 1]);
        odd += w * x;
      }
      if (piece < end) {
        MER_LOAD(w, weights + 8 * piece);
        MER_LOAD(x, in + piece_bins[piece]);
        even += w * x;
      }
      totals[row] = even + odd;
    }
    transpose<8>(totals);
    const Float8 sums = ((totals[0] + totals[4]) + (totals[2] + totals[6])) +
                        ((totals[1] + totals[5]) + (totals[3] + totals[7]));
    if (count == 8) {
      MER_STORE(out + first, sums);
    } else {
      for (int row = 0; row < count; ++row) out[first + row] = sums[row];
    }
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

}  // namespace
}  // namespace mer::kernel_bodies
