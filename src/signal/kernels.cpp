#include "mer/signal/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

// The file is included once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels.cpp"
#include <hwy/foreach_target.h>
// After the line above, which includes this file again.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mer::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::ScalableTag<double> kDoubles;
using Doubles = hn::Vec<hn::ScalableTag<double>>;
constexpr hn::ScalableTag<float> kFloats;
using Floats = hn::Vec<hn::ScalableTag<float>>;
constexpr int kFloatLanes = static_cast<int>(hn::MaxLanes(kFloats));
using PieceTag = hn::CappedTag<float, kPiece>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(kDoubles));

constexpr hn::Rebind<float, hn::ScalableTag<double>> kHalfFloats;  // as many as doubles

HWY_INLINE void store(const Doubles& x, double* out) { hn::StoreU(x, kDoubles, out); }
HWY_INLINE void store(const Doubles& x, float* out) {
  hn::StoreU(hn::DemoteTo(kHalfFloats, x), kHalfFloats, out);
}

template <class Real>
HWY_INLINE Real squared_magnitude(const std::complex<Real>& bin) {
  return bin.real() * bin.real() + bin.imag() * bin.imag();
}

template <int kVectors>
HWY_INLINE void weighted_sum_of(const double* rows, std::ptrdiff_t stride, const double* weights,
                                int count, double* out) {
  Doubles sums[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) sums[v] = hn::Zero(kDoubles);
  for (int i = 0; i < count; ++i) {
    const Doubles weight = hn::Set(kDoubles, weights[i]);
    const double* const row = rows + i * stride;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = hn::MulAdd(weight, hn::LoadU(kDoubles, row + v * kLanes), sums[v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) store(sums[v], out + v * kLanes);
}

void weighted_sum(const double* rows, std::ptrdiff_t stride, const double* weights, int count,
                  int length, double* out) {
  int n = 0;
  for (; n + 4 * kLanes <= length; n += 4 * kLanes) {
    weighted_sum_of<4>(rows + n, stride, weights, count, out + n);
  }
  for (; n + kLanes <= length; n += kLanes) {
    weighted_sum_of<1>(rows + n, stride, weights, count, out + n);
  }
  for (; n < length; ++n) {
    double sum = 0.0;
    for (int i = 0; i < count; ++i) sum += weights[i] * rows[i * stride + n];
    out[n] = sum;
  }
}

// Loading takes the time here, as most of what is loaded lies across two cache lines. The
// coefficients i and i + kLanes share all that they load but one vector.
template <int kVectors>
HWY_INLINE void filter_of(const double* x, const double* coefficients, int count, float* out) {
  Doubles sums[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) sums[v] = hn::Zero(kDoubles);
  int first = 0;
  for (; first + 2 * kLanes <= count; first += 2 * kLanes) {
    for (int i = first; i < first + kLanes; ++i) {
      const Doubles near = hn::Set(kDoubles, coefficients[i]);
      const Doubles far = hn::Set(kDoubles, coefficients[i + kLanes]);
      Doubles before = hn::LoadU(kDoubles, x - i - kLanes);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Doubles here = hn::LoadU(kDoubles, x - i + v * kLanes);
        sums[v] = hn::MulAdd(near, here, hn::MulAdd(far, before, sums[v]));
        before = here;
      }
    }
  }
  for (int i = first; i < count; ++i) {
    const Doubles coefficient = hn::Set(kDoubles, coefficients[i]);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = hn::MulAdd(coefficient, hn::LoadU(kDoubles, x - i + v * kLanes), sums[v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) store(sums[v], out + v * kLanes);
}

void filter(const double* x, const double* coefficients, int count, int length, float* out) {
  int n = 0;
  for (; n + 4 * kLanes <= length; n += 4 * kLanes) {
    filter_of<4>(x + n, coefficients, count, out + n);
  }
  for (; n + kLanes <= length; n += kLanes) filter_of<1>(x + n, coefficients, count, out + n);
  for (; n < length; ++n) {
    double sum = 0.0;
    for (int i = 0; i < count; ++i) sum += coefficients[i] * x[n - i];
    out[n] = static_cast<float>(sum);
  }
}

// Eight sums at a time, so that additions need not wait for each other: of fewer rows more each.
template <int kRows>
HWY_INLINE void products_of(const double* rows, std::ptrdiff_t stride, const double* x, int length,
                            double* out) {
  constexpr int kParts = 8 / kRows;
  Doubles sums[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) sums[i] = hn::Zero(kDoubles);
  int n = 0;
  for (; n + kParts * kLanes <= length; n += kParts * kLanes) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      const int at = n + i % kParts * kLanes;
      sums[i] = hn::MulAdd(hn::LoadU(kDoubles, x + at),
                           hn::LoadU(kDoubles, rows + i / kParts * stride + at), sums[i]);
    }
  }
  for (int row = 0; row < kRows; ++row) {
    Doubles sum = sums[row * kParts];
    for (int part = 1; part < kParts; ++part) sum = hn::Add(sum, sums[row * kParts + part]);
    double total = hn::GetLane(hn::SumOfLanes(kDoubles, sum));
    for (int rest = n; rest < length; ++rest) total += rows[row * stride + rest] * x[rest];
    out[row] = total;
  }
}

void products(const double* rows, std::ptrdiff_t stride, const double* x, int count, int length,
              double* out) {
  int i = 0;
  for (; i + 8 <= count; i += 8) products_of<8>(rows + i * stride, stride, x, length, out + i);
  for (; i + 4 <= count; i += 4) products_of<4>(rows + i * stride, stride, x, length, out + i);
  for (; i + 2 <= count; i += 2) products_of<2>(rows + i * stride, stride, x, length, out + i);
  for (; i < count; ++i) products_of<1>(rows + i * stride, stride, x, length, out + i);
}

// As in filter_of(), the lags l and l + kLanes share what they load.
void autocorrelation(const double* x, int length, int num_lags, double* lags) {
  constexpr int kAtOnce = std::min(4, kLanes);
  int first = 0;
  for (; first + 2 * kLanes <= num_lags; first += 2 * kLanes) {
    for (int lag = first; lag < first + kLanes; lag += kAtOnce) {
      Doubles near[kAtOnce];
      Doubles far[kAtOnce];
#pragma GCC unroll 4
      for (int i = 0; i < kAtOnce; ++i) near[i] = far[i] = hn::Zero(kDoubles);
      Doubles before = hn::Zero(kDoubles);
      for (int n = 0; n < length; n += kLanes) {
        const Doubles here = hn::LoadU(kDoubles, x + n);
#pragma GCC unroll 4
        for (int i = 0; i < kAtOnce; ++i) {
          const Doubles later = hn::LoadU(kDoubles, x + n + lag + i);
          near[i] = hn::MulAdd(here, later, near[i]);
          far[i] = hn::MulAdd(before, later, far[i]);
        }
        before = here;
      }
      for (int i = 0; i < kAtOnce; ++i) {
        lags[lag + i] = hn::GetLane(hn::SumOfLanes(kDoubles, near[i]));
        lags[lag + i + kLanes] = hn::GetLane(hn::SumOfLanes(kDoubles, far[i]));
      }
    }
  }
  products(x + first, 1, x, num_lags - first, length, lags + first);
}

void multiply(const double* a, const double* b, int count, double* out) {
  int n = 0;
  for (; n + kLanes <= count; n += kLanes) {
    store(hn::Mul(hn::LoadU(kDoubles, a + n), hn::LoadU(kDoubles, b + n)), out + n);
  }
  for (; n < count; ++n) out[n] = a[n] * b[n];
}

HWY_INLINE void add_piece(const float* weights, const float* in, hn::Vec<PieceTag>& sum) {
  constexpr PieceTag d;
  for (int i = 0; i < kPiece; i += static_cast<int>(hn::MaxLanes(d))) {
    sum = hn::MulAdd(hn::LoadU(d, weights + i), hn::LoadU(d, in + i), sum);
  }
}

void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out) {
  constexpr PieceTag d;
  for (int row = 0; row < num_rows; ++row) {
    auto even = hn::Zero(d);
    auto odd = hn::Zero(d);
    const int end = first_pieces[row + 1];
    int piece = first_pieces[row];
    for (; piece + 2 <= end; piece += 2) {
      add_piece(weights + kPiece * piece, in + piece_bins[piece], even);
      add_piece(weights + kPiece * (piece + 1), in + piece_bins[piece + 1], odd);
    }
    if (piece < end) add_piece(weights + kPiece * piece, in + piece_bins[piece], even);
    out[row] = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  }
}

void squared_magnitudes(const std::complex<double>* bins, int count, float* power) {
  int k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    Doubles re;
    Doubles im;
    hn::LoadInterleaved2(kDoubles, reinterpret_cast<const double*>(bins + k), re, im);
    store(hn::MulAdd(re, re, hn::Mul(im, im)), power + k);
  }
  for (; k < count; ++k) power[k] = static_cast<float>(squared_magnitude(bins[k]));
}

void squared_magnitudes_float(const std::complex<float>* bins, int count, float* power) {
  int k = 0;
  for (; k + kFloatLanes <= count; k += kFloatLanes) {
    Floats re;
    Floats im;
    hn::LoadInterleaved2(kFloats, reinterpret_cast<const float*>(bins + k), re, im);
    hn::StoreU(hn::MulAdd(re, re, hn::Mul(im, im)), kFloats, power + k);
  }
  for (; k < count; ++k) power[k] = squared_magnitude(bins[k]);
}

void cross_spectrum(const std::complex<double>* moved, int count, std::complex<float>* fixed) {
  constexpr auto d = kHalfFloats;
  int k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    Doubles wide_re;
    Doubles wide_im;
    hn::LoadInterleaved2(kDoubles, reinterpret_cast<const double*>(moved + k), wide_re, wide_im);
    const auto re = hn::DemoteTo(d, wide_re);
    const auto im = hn::DemoteTo(d, wide_im);
    auto fixed_re = hn::Undefined(d);
    auto fixed_im = hn::Undefined(d);
    float* const parts = reinterpret_cast<float*>(fixed + k);
    hn::LoadInterleaved2(d, parts, fixed_re, fixed_im);
    hn::StoreInterleaved2(hn::MulAdd(re, fixed_re, hn::Mul(im, fixed_im)),
                          hn::MulSub(im, fixed_re, hn::Mul(re, fixed_im)), d, parts);
  }
  for (; k < count; ++k) {
    const float re = static_cast<float>(moved[k].real());
    const float im = static_cast<float>(moved[k].imag());
    fixed[k] = {re * fixed[k].real() + im * fixed[k].imag(),
                im * fixed[k].real() - re * fixed[k].imag()};
  }
}

// ---- the smallest and the largest values

struct Bounds {
  float smallest;
  float largest;
};

/// How many of the values lie beyond each lane of x.
template <bool kLargest>
HWY_INLINE Floats num_beyond(const float* values, int count, const Floats& x) {
  const Floats one = hn::Set(kFloats, 1.0F);
  Floats found = hn::Zero(kFloats);
  for (int i = 0; i < count; ++i) {
    const Floats value = hn::Set(kFloats, values[i]);
    const auto is_beyond = kLargest ? hn::Gt(value, x) : hn::Lt(value, x);
    found = hn::Add(found, hn::IfThenElseZero(is_beyond, one));
  }
  return found;
}

// Of sixteen interleaved groups' largest values the selected-th largest has at least `selected`
// values at or above it, so all the largest ones are, and only few others.
HWY_INLINE Bounds bounds_of_extremes(const float* values, int count, int selected) {
  constexpr int kGroups = 16;
  constexpr float kNone = std::numeric_limits<float>::infinity();
  if (count < 2 * kGroups || selected > kGroups) return {kNone, -1.0F};
  float low[kGroups];
  float high[kGroups];
  for (int i = 0; i < kGroups; ++i) low[i] = high[i] = values[i];
  for (int row = kGroups; row + kGroups <= count; row += kGroups) {
    for (int i = 0; i < kGroups; ++i) {
      const float x = values[row + i];
      low[i] = x < low[i] ? x : low[i];
      high[i] = x > high[i] ? x : high[i];
    }
  }
  Floats smallest = hn::Set(kFloats, -1.0F);
  Floats largest = hn::Set(kFloats, kNone);
  const Floats limit = hn::Set(kFloats, static_cast<float>(selected));
  for (int i = 0; i < kGroups; i += kFloatLanes) {
    const Floats x = hn::LoadU(kFloats, low + i);
    const Floats y = hn::LoadU(kFloats, high + i);
    const auto is_small = hn::Lt(num_beyond<false>(low, kGroups, x), limit);
    const auto is_large = hn::Lt(num_beyond<true>(high, kGroups, y), limit);
    smallest = hn::Max(smallest, hn::IfThenElse(is_small, x, smallest));
    largest = hn::Min(largest, hn::IfThenElse(is_large, y, largest));
  }
  return {hn::GetLane(hn::MaxOfLanes(kFloats, smallest)),
          hn::GetLane(hn::MinOfLanes(kFloats, largest))};
}

template <bool kLargest>
HWY_INLINE int copy_beyond(const float* values, int count, float bound, float* out) {
  const Floats bounds = hn::Set(kFloats, bound);
  int found = 0;
  int i = 0;
  for (; i + kFloatLanes <= count; i += kFloatLanes) {
    const Floats x = hn::LoadU(kFloats, values + i);
    const auto beyond = kLargest ? hn::Ge(x, bounds) : hn::Le(x, bounds);
    found += static_cast<int>(hn::CompressStore(x, beyond, kFloats, out + found));
  }
  for (; i < count; ++i) {
    out[found] = values[i];
    found += (kLargest ? values[i] >= bound : values[i] <= bound) ? 1 : 0;
  }
  return found;
}

// By counting for each value how many lie beyond it, which needs no branches. Of several values
// equal to the last one selected only as many count as there is room for.
template <bool kLargest>
HWY_INLINE double root_sum(float* values, int count, int selected) {
  constexpr int kFew = 96;  // more are partitioned
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (count > kFew) {
    float* const last = values + (selected - 1);
    if constexpr (kLargest) {
      std::nth_element(values, last, values + count, std::greater<float>());
    } else {
      std::nth_element(values, last, values + count);
    }
    double sum = 0.0;
    for (const float* x = values; x <= last; ++x) sum += static_cast<double>(std::sqrt(*x));
    return sum;
  }
  for (int i = count; i < count + kFloatLanes; ++i) values[i] = kLargest ? -1.0F : kInfinity;
  const Floats limit = hn::Set(kFloats, static_cast<float>(selected));
  const Floats one = hn::Set(kFloats, 1.0F);
  Floats last = hn::Set(kFloats, kLargest ? kInfinity : -1.0F);
  Floats sums = hn::Zero(kFloats);
  Floats num_taken = hn::Zero(kFloats);
  for (int i = 0; i < count; i += kFloatLanes) {
    const Floats x = hn::LoadU(kFloats, values + i);
    const auto is_taken = hn::Lt(num_beyond<kLargest>(values, count, x), limit);
    const Floats taken = hn::IfThenElse(is_taken, x, last);
    last = kLargest ? hn::Min(last, taken) : hn::Max(last, taken);
    sums = hn::Add(sums, hn::Sqrt(hn::IfThenElseZero(is_taken, x)));
    num_taken = hn::Add(num_taken, hn::IfThenElseZero(is_taken, one));
  }
  const float least =
      hn::GetLane(kLargest ? hn::MinOfLanes(kFloats, last) : hn::MaxOfLanes(kFloats, last));
  const float too_many =
      hn::GetLane(hn::SumOfLanes(kFloats, num_taken)) - static_cast<float>(selected);
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(kFloats, sums)) -
                             too_many * std::sqrt(least));
}

RootSums extreme_root_sums(const float* values, int count, int selected, float* scratch) {
  const Bounds bounds = bounds_of_extremes(values, count, selected);
  const int num_small = copy_beyond<false>(values, count, bounds.smallest, scratch);
  const double smallest = root_sum<false>(scratch, num_small, selected);
  const int num_large = copy_beyond<true>(values, count, bounds.largest, scratch);
  return {smallest, root_sum<true>(scratch, num_large, selected)};
}

HWY_INLINE Floats to_db(const Floats& power) {
  constexpr float kDbPerNeper = 4.3429448190325175F;  // 10 / ln 10
  return hn::Mul(hn::Set(kFloats, kDbPerNeper),
                 hn::Log(kFloats, hn::Max(power, hn::Set(kFloats, 1e-10F))));
}

void power_to_db(const float* power, int count, float* db) {
  int i = 0;
  for (; i + kFloatLanes <= count; i += kFloatLanes) {
    hn::StoreU(to_db(hn::LoadU(kFloats, power + i)), kFloats, db + i);
  }
  if (i == count) return;
  float rest[kFloatLanes] = {};
  for (int lane = 0; i + lane < count; ++lane) rest[lane] = power[i + lane];
  hn::StoreU(to_db(hn::LoadU(kFloats, rest)), kFloats, rest);
  for (int lane = 0; i + lane < count; ++lane) db[i + lane] = rest[lane];
}

// ---- pitch

double center(const double* samples, int count, double mean, float* centered) {
  const Doubles means = hn::Set(kDoubles, mean);
  Doubles even = hn::Zero(kDoubles);
  Doubles odd = hn::Zero(kDoubles);
  int n = 0;
  for (; n + 2 * kLanes <= count; n += 2 * kLanes) {
    const Doubles x = hn::Sub(hn::LoadU(kDoubles, samples + n), means);
    const Doubles y = hn::Sub(hn::LoadU(kDoubles, samples + n + kLanes), means);
    store(x, centered + n);
    store(y, centered + n + kLanes);
    even = hn::MulAdd(x, x, even);
    odd = hn::MulAdd(y, y, odd);
  }
  double energy = hn::GetLane(hn::SumOfLanes(kDoubles, hn::Add(even, odd)));
  for (; n < count; ++n) {
    const double x = samples[n] - mean;
    centered[n] = static_cast<float>(x);
    energy += x * x;
  }
  return energy;
}

// Lane i becomes lanes 0 … i together and everything before; `before` becomes the sum so far.
// Within a vector the sums are few and single precision is enough; from vector to vector they go on
// in double.
HWY_INLINE Floats running_sum(Floats x, double& before) {
  constexpr hn::RebindToSigned<hn::ScalableTag<float>> ints;
  const auto lane = hn::Iota(ints, 0);
#pragma GCC unroll 4
  for (int by = 1; by < kFloatLanes; by *= 2) {
    const auto from = hn::Max(hn::Sub(lane, hn::Set(ints, by)), hn::Zero(ints));
    const Floats below = hn::TableLookupLanes(x, hn::IndicesFromVec(kFloats, from));
    const auto has_below = hn::RebindMask(kFloats, hn::Gt(lane, hn::Set(ints, by - 1)));
    x = hn::Add(x, hn::IfThenElseZero(has_below, below));
  }
  const Floats sums = hn::Add(x, hn::Set(kFloats, static_cast<float>(before)));
  before += static_cast<double>(hn::ExtractLane(x, static_cast<std::size_t>(kFloatLanes - 1)));
  return sums;
}

void pitch_curves(const float* leaving, const float* entering, const float* correlation,
                  double head_energy, double scale, float least, int num_lags,
                  const PitchCurves& curves) {
  const Floats nothing = hn::Zero(kFloats);
  const Floats one = hn::Set(kFloats, 1.0F);
  const Floats tiny = hn::Set(kFloats, std::numeric_limits<float>::min());
  const Floats correlation_scale = hn::Set(kFloats, static_cast<float>(scale));
  double compared_before = 2.0 * head_energy;
  double sum_before = 0.0;
  curves.difference[0] = curves.energy[0] = curves.cumulative[0] = 0.0F;
  curves.normalized[0] = 1.0F;
  for (int i = 0; i < num_lags; i += kFloatLanes) {
    const Floats in = hn::LoadU(kFloats, entering + i);
    const Floats out = hn::LoadU(kFloats, leaving + i);
    const Floats shared = hn::LoadU(kFloats, correlation + i + 1);
    const Floats compared =
        running_sum(hn::Mul(hn::Sub(in, out), hn::Add(in, out)), compared_before);
    const Floats difference = hn::Max(nothing, hn::NegMulAdd(correlation_scale, shared, compared));
    const Floats sum = running_sum(difference, sum_before);
    const Floats lag = hn::Iota(kFloats, static_cast<float>(i + 1));
    const Floats ratio = hn::Div(hn::Mul(difference, lag), hn::Add(sum, tiny));
    const auto counts = hn::And(hn::Ge(compared, hn::Set(kFloats, least)), hn::Gt(sum, nothing));
    hn::StoreU(difference, kFloats, curves.difference + i + 1);
    hn::StoreU(hn::Max(nothing, compared), kFloats, curves.energy + i + 1);
    hn::StoreU(sum, kFloats, curves.cumulative + i + 1);
    hn::StoreU(hn::IfThenElse(counts, ratio, one), kFloats, curves.normalized + i + 1);
  }
}

int local_minima(const float* values, int first, int end, float below, float enough, int* places) {
  constexpr hn::RebindToSigned<hn::ScalableTag<float>> ints;
  int found = 0;
  int i = first;
  for (; i + kFloatLanes <= end; i += kFloatLanes) {
    const Floats x = hn::LoadU(kFloats, values + i);
    const auto is_least = hn::And(hn::Le(x, hn::LoadU(kFloats, values + i - 1)),
                                  hn::Le(x, hn::LoadU(kFloats, values + i + 1)));
    const auto is_minimum = hn::And(is_least, hn::Lt(x, hn::Set(kFloats, below)));
    if (hn::AllFalse(kFloats, is_minimum)) continue;
    found += static_cast<int>(hn::CompressStore(hn::Iota(ints, i), hn::RebindMask(ints, is_minimum),
                                                ints, places + found));
    const auto is_enough = hn::And(is_minimum, hn::Lt(x, hn::Set(kFloats, enough)));
    if (!hn::AllFalse(kFloats, is_enough)) return found;
  }
  for (; i < end; ++i) {
    const float x = values[i];
    if (x < below && x <= values[i - 1] && x <= values[i + 1]) places[found++] = i;
  }
  return found;
}

// ---- roots

// A vector of roots at a time, which stay in registers.
double aberth_round(const double* coefficients, int order, double* real, double* imag) {
  const Doubles tiny = hn::Set(kDoubles, 1e-100);  // 0 / tiny = 0: a root does not repel itself
  const Doubles zero = hn::Zero(kDoubles);
  const auto squared = [](const Doubles& x, const Doubles& y)
                           HWY_ATTR { return hn::MulAdd(x, x, hn::Mul(y, y)); };
  const auto inverse = [&](const Doubles& x)
                           HWY_ATTR { return hn::Div(hn::Set(kDoubles, 1.0), hn::Add(x, tiny)); };
  // All move by where all were; those behind the last one stand at 0 and go nowhere.
  HWY_ALIGN double at_real[kMaxRoots] = {};
  HWY_ALIGN double at_imag[kMaxRoots] = {};
  std::copy_n(real, order, at_real);
  std::copy_n(imag, order, at_imag);
  double largest = 0.0;
  for (int first = 0; first < order; first += kLanes) {
    const Doubles re = hn::Load(kDoubles, at_real + first);
    const Doubles im = hn::Load(kDoubles, at_imag + first);
    Doubles value_re = hn::Set(kDoubles, coefficients[0]);
    Doubles value_im = zero;
    Doubles slope_re = zero;
    Doubles slope_im = zero;
    for (int k = 1; k <= order; ++k) {
      const Doubles old_slope = slope_re;
      slope_re = hn::MulAdd(old_slope, re, hn::NegMulAdd(slope_im, im, value_re));
      slope_im = hn::MulAdd(old_slope, im, hn::MulAdd(slope_im, re, value_im));
      const Doubles old_value = value_re;
      value_re = hn::MulAdd(old_value, re,
                            hn::NegMulAdd(value_im, im, hn::Set(kDoubles, coefficients[k])));
      value_im = hn::MulAdd(old_value, im, hn::Mul(value_im, re));
    }
    Doubles repulsion_re = zero;
    Doubles repulsion_im = zero;
    for (int j = 0; j < order; ++j) {
      const Doubles x = hn::Sub(re, hn::Set(kDoubles, at_real[j]));
      const Doubles y = hn::Sub(im, hn::Set(kDoubles, at_imag[j]));
      const Doubles scale = inverse(squared(x, y));
      repulsion_re = hn::MulAdd(x, scale, repulsion_re);
      repulsion_im = hn::NegMulAdd(y, scale, repulsion_im);
    }
    const Doubles below_re =
        hn::Sub(slope_re, hn::MulSub(value_re, repulsion_re, hn::Mul(value_im, repulsion_im)));
    const Doubles below_im =
        hn::Sub(slope_im, hn::MulAdd(value_re, repulsion_im, hn::Mul(value_im, repulsion_re)));
    const Doubles scale = inverse(squared(below_re, below_im));
    const Doubles move_re =
        hn::Mul(hn::MulAdd(value_re, below_re, hn::Mul(value_im, below_im)), scale);
    const Doubles move_im =
        hn::Mul(hn::MulSub(value_im, below_re, hn::Mul(value_re, below_im)), scale);
    HWY_ALIGN double new_real[kLanes];
    HWY_ALIGN double new_imag[kLanes];
    HWY_ALIGN double squares[kLanes];
    hn::Store(hn::Sub(re, move_re), kDoubles, new_real);
    hn::Store(hn::Sub(im, move_im), kDoubles, new_imag);
    hn::Store(squared(move_re, move_im), kDoubles, squares);
    for (int i = 0; i < std::min(kLanes, order - first); ++i) {
      real[first + i] = new_real[i];
      imag[first + i] = new_imag[i];
      if (!(squares[i] <= largest)) largest = squares[i];  // a NaN stays
    }
  }
  return largest;
}

// With t = cD.im − s·D.re, cD.re + s·D.im: k gets (E.re + t.re, E.im − t.im), half − k gets
// (E.re − t.re, −E.im − t.im). On the way back the cosine has the other sign.
HWY_INLINE void real_fft_step(std::complex<float>* bins, int half, const float* cosines,
                              const float* sines, float sign, float scale) {
  float* const parts = reinterpret_cast<float*>(bins);
  int k = 1;
  for (int high = half - kFloatLanes; k + kFloatLanes <= high;
       k += kFloatLanes, high -= kFloatLanes) {  // k … and high … half − k
    Floats a_re;
    Floats a_im;
    Floats b_re;
    Floats b_im;
    hn::LoadInterleaved2(kFloats, parts + 2 * k, a_re, a_im);
    hn::LoadInterleaved2(kFloats, parts + 2 * high, b_re, b_im);
    b_re = hn::Reverse(kFloats, b_re);
    b_im = hn::Reverse(kFloats, b_im);
    const Floats factor = hn::Set(kFloats, scale);
    const Floats cosine = hn::Mul(hn::Set(kFloats, sign * scale), hn::LoadU(kFloats, cosines + k));
    const Floats sine = hn::Mul(factor, hn::LoadU(kFloats, sines + k));
    const Floats d_re = hn::Sub(a_re, b_re);
    const Floats d_im = hn::Add(a_im, b_im);
    const Floats t_re = hn::NegMulAdd(sine, d_re, hn::Mul(cosine, d_im));
    const Floats t_im = hn::MulAdd(sine, d_im, hn::Mul(cosine, d_re));
    const Floats e_re = hn::Mul(factor, hn::Add(a_re, b_re));
    const Floats e_im = hn::Mul(factor, hn::Sub(a_im, b_im));
    hn::StoreInterleaved2(hn::Add(e_re, t_re), hn::Sub(e_im, t_im), kFloats, parts + 2 * k);
    hn::StoreInterleaved2(hn::Reverse(kFloats, hn::Sub(e_re, t_re)),
                          hn::Reverse(kFloats, hn::Neg(hn::Add(e_im, t_im))), kFloats,
                          parts + 2 * high);
  }
  for (; 2 * k <= half; ++k) {
    const float cosine = sign * scale * cosines[k];
    const float sine = scale * sines[k];
    const std::complex<float> a = bins[k];
    const std::complex<float> b = bins[half - k];
    const std::complex<float> d(a.real() - b.real(), a.imag() + b.imag());
    const std::complex<float> e(scale * (a.real() + b.real()), scale * (a.imag() - b.imag()));
    const std::complex<float> t(cosine * d.imag() - sine * d.real(),
                                cosine * d.real() + sine * d.imag());
    bins[k] = {e.real() + t.real(), e.imag() - t.imag()};
    bins[half - k] = {e.real() - t.real(), -e.imag() - t.imag()};
  }
}

void real_fft_split(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  real_fft_step(bins, half, cosines, sines, 1.0F, 0.5F);
}

void real_fft_merge(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  real_fft_step(bins, half, cosines, sines, -1.0F, 1.0F);
}

void real_fft_hilbert(std::complex<float>* bins, int half, const float* cosines,
                      const float* sines) {
  float* const parts = reinterpret_cast<float*>(bins);
  const float scale = 1.0F / static_cast<float>(half);
  int k = 1;
  for (int high = half - kFloatLanes; k + kFloatLanes <= high;
       k += kFloatLanes, high -= kFloatLanes) {  // k … and high … half − k
    Floats a_re;
    Floats a_im;
    Floats b_re;
    Floats b_im;
    hn::LoadInterleaved2(kFloats, parts + 2 * k, a_re, a_im);
    hn::LoadInterleaved2(kFloats, parts + 2 * high, b_re, b_im);
    b_re = hn::Reverse(kFloats, b_re);
    b_im = hn::Reverse(kFloats, b_im);
    const Floats cosine = hn::Mul(hn::Set(kFloats, scale), hn::LoadU(kFloats, cosines + k));
    const Floats sine = hn::Mul(hn::Set(kFloats, scale), hn::LoadU(kFloats, sines + k));
    hn::StoreInterleaved2(hn::MulSub(cosine, b_re, hn::Mul(sine, a_im)),
                          hn::MulSub(sine, a_re, hn::Mul(cosine, b_im)), kFloats, parts + 2 * k);
    const Floats high_re = hn::Neg(hn::MulAdd(cosine, a_re, hn::Mul(sine, b_im)));
    const Floats high_im = hn::MulAdd(cosine, a_im, hn::Mul(sine, b_re));
    hn::StoreInterleaved2(hn::Reverse(kFloats, high_re), hn::Reverse(kFloats, high_im), kFloats,
                          parts + 2 * high);
  }
  for (; 2 * k <= half; ++k) {
    const float cosine = scale * cosines[k];
    const float sine = scale * sines[k];
    const std::complex<float> a = bins[k];
    const std::complex<float> b = bins[half - k];
    bins[half - k] = {-cosine * a.real() - sine * b.imag(), cosine * a.imag() + sine * b.real()};
    bins[k] = {cosine * b.real() - sine * a.imag(), sine * a.real() - cosine * b.imag()};
  }
}

void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase) {
  constexpr float kTiny = 1e-36F;
  int n = 0;
  for (; n + kFloatLanes <= count; n += kFloatLanes) {
    const Floats r = hn::LoadU(kFloats, residual + n);
    const Floats h = hn::LoadU(kFloats, hilbert + n);
    const Floats square = hn::Max(hn::MulAdd(r, r, hn::Mul(h, h)), hn::Set(kFloats, kTiny));
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
    // 1 / sqrt by the processor's estimate and one step of Newton's: dividing takes longer.
    Floats inverse = hn::ApproximateReciprocalSqrt(square);
    const Floats half = hn::Mul(hn::Mul(square, hn::Set(kFloats, 0.5F)), hn::Mul(inverse, inverse));
    inverse = hn::Mul(inverse, hn::Sub(hn::Set(kFloats, 1.5F), half));
#else
    const Floats inverse = hn::Div(hn::Set(kFloats, 1.0F), hn::Sqrt(square));
#endif
    const auto is_loud = hn::Ge(hn::Mul(square, inverse), hn::Set(kFloats, floor));
    hn::StoreU(hn::IfThenElseZero(is_loud, hn::Mul(r, inverse)), kFloats, phase + n);
  }
  for (; n < count; ++n) {
    const float square = residual[n] * residual[n] + hilbert[n] * hilbert[n];
    const float size = std::sqrt(square > kTiny ? square : kTiny);
    phase[n] = size >= floor ? residual[n] / size : 0.0F;
  }
}

}  // namespace
}  // namespace mer::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mer::kernels {

HWY_EXPORT(weighted_sum);
HWY_EXPORT(filter);
HWY_EXPORT(products);
HWY_EXPORT(autocorrelation);
HWY_EXPORT(multiply);
HWY_EXPORT(sparse_rows);
HWY_EXPORT(squared_magnitudes);
HWY_EXPORT(squared_magnitudes_float);
HWY_EXPORT(cross_spectrum);
HWY_EXPORT(extreme_root_sums);
HWY_EXPORT(power_to_db);
HWY_EXPORT(center);
HWY_EXPORT(pitch_curves);
HWY_EXPORT(local_minima);
HWY_EXPORT(aberth_round);
HWY_EXPORT(real_fft_split);
HWY_EXPORT(real_fft_merge);
HWY_EXPORT(real_fft_hilbert);
HWY_EXPORT(cosine_phase);

void weighted_sum(const double* rows, std::ptrdiff_t stride, const double* weights, int count,
                  int length, double* out) {
  HWY_DYNAMIC_DISPATCH(weighted_sum)(rows, stride, weights, count, length, out);
}

void filter(const double* x, const double* coefficients, int count, int length, float* out) {
  HWY_DYNAMIC_DISPATCH(filter)(x, coefficients, count, length, out);
}

void products(const double* rows, std::ptrdiff_t stride, const double* x, int count, int length,
              double* out) {
  HWY_DYNAMIC_DISPATCH(products)(rows, stride, x, count, length, out);
}

void autocorrelation(const double* x, int length, int num_lags, double* lags) {
  HWY_DYNAMIC_DISPATCH(autocorrelation)(x, length, num_lags, lags);
}

void multiply(const double* a, const double* b, int count, double* out) {
  HWY_DYNAMIC_DISPATCH(multiply)(a, b, count, out);
}

void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out) {
  HWY_DYNAMIC_DISPATCH(sparse_rows)(first_pieces, num_rows, piece_bins, weights, in, out);
}

void squared_magnitudes(const std::complex<double>* bins, int count, float* power) {
  HWY_DYNAMIC_DISPATCH(squared_magnitudes)(bins, count, power);
}

void squared_magnitudes(const std::complex<float>* bins, int count, float* power) {
  HWY_DYNAMIC_DISPATCH(squared_magnitudes_float)(bins, count, power);
}

void cross_spectrum(const std::complex<double>* moved, int count, std::complex<float>* fixed) {
  HWY_DYNAMIC_DISPATCH(cross_spectrum)(moved, count, fixed);
}

RootSums extreme_root_sums(const float* values, int count, int selected, float* scratch) {
  return HWY_DYNAMIC_DISPATCH(extreme_root_sums)(values, count, selected, scratch);
}

void power_to_db(const float* power, int count, float* db) {
  HWY_DYNAMIC_DISPATCH(power_to_db)(power, count, db);
}

double center(const double* samples, int count, double mean, float* centered) {
  return HWY_DYNAMIC_DISPATCH(center)(samples, count, mean, centered);
}

void pitch_curves(const float* leaving, const float* entering, const float* correlation,
                  double head_energy, double scale, float least, int num_lags,
                  const PitchCurves& curves) {
  HWY_DYNAMIC_DISPATCH(pitch_curves)
  (leaving, entering, correlation, head_energy, scale, least, num_lags, curves);
}

int local_minima(const float* values, int first, int end, float below, float enough, int* places) {
  return HWY_DYNAMIC_DISPATCH(local_minima)(values, first, end, below, enough, places);
}

double aberth_round(const double* coefficients, int order, double* real, double* imag) {
  return HWY_DYNAMIC_DISPATCH(aberth_round)(coefficients, order, real, imag);
}

void real_fft_split(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  HWY_DYNAMIC_DISPATCH(real_fft_split)(bins, half, cosines, sines);
}

void real_fft_merge(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  HWY_DYNAMIC_DISPATCH(real_fft_merge)(bins, half, cosines, sines);
}

void real_fft_hilbert(std::complex<float>* bins, int half, const float* cosines,
                      const float* sines) {
  HWY_DYNAMIC_DISPATCH(real_fft_hilbert)(bins, half, cosines, sines);
}

void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase) {
  HWY_DYNAMIC_DISPATCH(cosine_phase)(residual, hilbert, count, floor, phase);
}

}  // namespace mer::kernels
#endif  // HWY_ONCE
