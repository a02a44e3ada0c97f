#pragma once

#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

// A vector of a spectrum's real or imaginary parts with its neighbours.
struct Neighbours {
  Doubles before;
  Doubles here;
  Doubles after;
};

// The sum of the bins kBy before and kBy after each. Where a vector is a cache line, reading it
// from elsewhere would touch two.
template <int kBy, int... kLane>
MER_INLINE void both_sides(const Neighbours& x, const double* bins, Doubles& sum,
                           Indices<kLane...>) {
  if constexpr (kDoubleLanes == 8) {
    sum = __builtin_shufflevector(x.before, x.here, (kLane + kDoubleLanes - kBy)...) +
          __builtin_shufflevector(x.here, x.after, (kLane + kBy)...);
  } else {
    Doubles later;
    MER_LOAD(sum, bins - kBy);
    MER_LOAD(later, bins + kBy);
    sum += later;
  }
}

template <int kTerms>
MER_INLINE void windowed(const Neighbours& x, const double* bins, const double* terms,
                         Doubles& value) {
  using Lanes = IndicesUpTo<kDoubleLanes>;
  Doubles sum;
  value = terms[0] * x.here;
  both_sides<1>(x, bins, sum, Lanes());
  value += terms[1] * sum;
  if constexpr (kTerms == 4) {
    both_sides<2>(x, bins, sum, Lanes());
    value += terms[2] * sum;
    both_sides<3>(x, bins, sum, Lanes());
    value += terms[3] * sum;
  }
}

MER_INLINE double windowed_bin(const double* bins, const double* terms, int num_terms) {
  double value = terms[0] * bins[0];
  for (int m = 1; m < num_terms; ++m) value += terms[m] * (bins[-m] + bins[m]);
  return value;
}

// store(k, power) gets a vector of bins at a time, then single ones.
template <int kTerms, class Store>
MER_INLINE void each_windowed_power(const double* real, const double* imag, int half,
                                    const double* terms, const Store& store) {
  Neighbours re;
  Neighbours im;
  MER_LOAD(re.before, real - kDoubleLanes);
  MER_LOAD(im.before, imag - kDoubleLanes);
  MER_LOAD(re.here, real);
  MER_LOAD(im.here, imag);
  int k = 0;
  for (; k + kDoubleLanes <= half; k += kDoubleLanes) {
    MER_LOAD(re.after, real + k + kDoubleLanes);
    MER_LOAD(im.after, imag + k + kDoubleLanes);
    Doubles x;
    Doubles y;
    windowed<kTerms>(re, real + k, terms, x);
    windowed<kTerms>(im, imag + k, terms, y);
    const Doubles power = x * x + y * y;
    store(k, power);
    re.before = re.here;
    im.before = im.here;
    re.here = re.after;
    im.here = im.after;
  }
  for (; k <= half; ++k) {
    const double x = windowed_bin(real + k, terms, kTerms);
    const double y = windowed_bin(imag + k, terms, kTerms);
    store(k, x * x + y * y);
  }
}

struct StoreRounded {
  float* power;
  MER_INLINE void operator()(int k, const Doubles& value) const {
    Vector<float, kDoubleLanes> rounded;
    narrow(value, rounded);
    MER_STORE(power + k, rounded);
  }
  MER_INLINE void operator()(int k, double value) const { power[k] = static_cast<float>(value); }
};
struct StoreDoubles {
  double* power;
  MER_INLINE void operator()(int k, const Doubles& value) const { MER_STORE(power + k, value); }
  MER_INLINE void operator()(int k, double value) const { power[k] = value; }
};

void windowed_power(const double* real, const double* imag, int half, const double* terms,
                    float* power) {
  each_windowed_power<4>(real, imag, half, terms, StoreRounded{power});
}

void hann_power(const double* real, const double* imag, int half, double* power) {
  constexpr double kTerms[2] = {0.5, -0.25};
  each_windowed_power<2>(real, imag, half, kTerms, StoreDoubles{power});
}

// Σ_f x[f] cos((2j + 1) θ[f]) for kLags values of j in a row, by cos(n + 2)θ = 2 cos 2θ cos nθ −
// cos(n − 2)θ. Where lags follow, `multiples` keeps the last two cosines of each f for them.
template <int kLags>
MER_INLINE void odd_cosine_sums(const double* x, const double* cosines, int count, bool is_first,
                                bool is_last, double* multiples, double* sums) {
  Doubles lane_sums[kLags] = {};
  for (int f = 0; f < count; f += kDoubleLanes) {
    Doubles value;
    Doubles cosine;
    Doubles older;
    MER_LOAD(value, x + f);
    MER_LOAD(cosine, cosines + f);
    const Doubles twice = 4.0 * cosine * cosine - 2.0;
    older = cosine;
    if (!is_first) {
      MER_LOAD(older, multiples + 2 * f);
      MER_LOAD(cosine, multiples + 2 * f + kDoubleLanes);
    }
#pragma GCC unroll 8
    for (int j = 0; j < kLags; ++j) {
      lane_sums[j] += value * cosine;
      const Doubles next = twice * cosine - older;
      older = cosine;
      cosine = next;
    }
    if (is_last) continue;
    MER_STORE(multiples + 2 * f, older);
    MER_STORE(multiples + 2 * f + kDoubleLanes, cosine);
  }
  for (int j = 0; j < kLags; ++j) {
    sums[j] = 0.0;
    for (int lane = 0; lane < kDoubleLanes; ++lane) sums[j] += lane_sums[j][lane];
  }
}

template <int... kLane>
MER_INLINE void fold(double* power, int half, double* differences, Indices<kLane...>) {
  Doubles low;
  Doubles high;
  for (int f = 0; f < half / 2; f += kDoubleLanes) {
    MER_LOAD(low, power + f);
    MER_LOAD(high, power + half - f - kDoubleLanes + 1);
    high = __builtin_shufflevector(high, high, (kDoubleLanes - 1 - kLane)...);
    const Doubles sum = low + high;
    const Doubles difference = low - high;
    MER_STORE(power + f, sum);
    MER_STORE(differences + f, difference);
  }
}

// The odd lags see cos(πfk/half) with the other sign at half − f, the even ones with the same: of
// these only half as many bins remain, whose odd multiples come next, and so on.
void cosine_lags(double* power, const double* cosines, int half, int order, double* differences,
                 double* multiples, double* lags) {
  int step = 1;
  for (; order > 0 && half % (2 * kDoubleLanes) == 0; order /= 2, step *= 2) {
    fold(power, half, differences, IndicesUpTo<kDoubleLanes>());
    const int count = half / 2;
    const int num_odd = (order + 1) / 2;
    double sums[8];
    int taken = 0;
    for (int done = 0; done < num_odd; done += taken) {
      const bool is_first = done == 0;
      const int left = num_odd - done;
      taken = left >= 8 ? 8 : left >= 4 ? 4 : 1;
      const bool is_last = taken == left;
      if (taken == 8) {
        odd_cosine_sums<8>(differences, cosines, count, is_first, is_last, multiples, sums);
      } else if (taken == 4) {
        odd_cosine_sums<4>(differences, cosines, count, is_first, is_last, multiples, sums);
      } else {
        odd_cosine_sums<1>(differences, cosines, count, is_first, is_last, multiples, sums);
      }
      for (int j = 0; j < taken; ++j) lags[step * (2 * (done + j) + 1)] = sums[j];
    }
    cosines += count;
    half = count;
  }
  for (int lag = 0; lag <= order; ++lag) {
    double sum = 0.0;
    for (int f = 0; f <= half; ++f) {
      const int near = 2 * f <= half ? f : half - f;  // of the angle, on this side of 90°
      const double cosine = 2 * f == half ? 0.0 : 2 * f < half ? cosines[near] : -cosines[near];
      double older = cosine;
      double multiple = 1.0;
      for (int k = 0; k < lag; ++k) {
        const double next = 2.0 * cosine * multiple - older;
        older = multiple;
        multiple = next;
      }
      sum += power[f] * multiple;
    }
    lags[step * lag] = sum;
  }
}

}  // namespace
}  // namespace mer::kernel_bodies
