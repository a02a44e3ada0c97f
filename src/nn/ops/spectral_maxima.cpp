#include "ops/spectral_maxima.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "mer/core/vector_clones.hpp"

namespace mer {
namespace {

constexpr std::int64_t kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
using LooseLanes =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

MER_INLINE Lanes load(const float* from) { return *reinterpret_cast<const LooseLanes*>(from); }
MER_INLINE void store(float* to, const Lanes& x) { *reinterpret_cast<LooseLanes*>(to) = x; }
MER_INLINE Lanes larger(const Lanes& a, const Lanes& b) { return a > b ? a : b; }

struct Complex {
  Lanes re, im;
};

// Inverse transforms (e^{+2πi·nk/N}, not scaled) of N = 4 and 8 in place, results in order.

MER_INLINE void transform_4(Complex* x) {
  const Complex a{x[0].re + x[2].re, x[0].im + x[2].im};
  const Complex b{x[0].re - x[2].re, x[0].im - x[2].im};
  const Complex c{x[1].re + x[3].re, x[1].im + x[3].im};
  const Complex d{x[1].re - x[3].re, x[1].im - x[3].im};
  x[0] = {a.re + c.re, a.im + c.im};
  x[1] = {b.re - d.im, b.im + d.re};
  x[2] = {a.re - c.re, a.im - c.im};
  x[3] = {b.re + d.im, b.im - d.re};
}

MER_INLINE void transform_8(Complex* x) {
  Complex even[4] = {x[0], x[2], x[4], x[6]};
  Complex odd[4] = {x[1], x[3], x[5], x[7]};
  transform_4(even);
  transform_4(odd);
  constexpr float kRoot = 0.70710678118654752F;
  const Complex turned[4] = {odd[0],
                             {(odd[1].re - odd[1].im) * kRoot, (odd[1].re + odd[1].im) * kRoot},
                             {-odd[2].im, odd[2].re},
                             {(-odd[3].re - odd[3].im) * kRoot, (odd[3].re - odd[3].im) * kRoot}};
  for (int n = 0; n < 4; ++n) {
    x[n] = {even[n].re + turned[n].re, even[n].im + turned[n].im};
    x[n + 4] = {even[n].re - turned[n].re, even[n].im - turned[n].im};
  }
}

template <int N>
MER_INLINE void transform(Complex* x) {
  static_assert(N == 4 || N == 8);
  if constexpr (N == 4) {
    transform_4(x);
  } else {
    transform_8(x);
  }
}

/// e^{+2πi·nk/(A·B)} for n < A, k < B: real parts, then imaginary ones.
template <int A, int B>
struct Twiddles {
  Twiddles() {
    for (int n = 0; n < A; ++n) {
      for (int k = 0; k < B; ++k) {
        const double angle = 2.0 * std::numbers::pi * n * k / (A * B);
        re[static_cast<std::size_t>(n * B + k)] = static_cast<float>(std::cos(angle));
        im[static_cast<std::size_t>(n * B + k)] = static_cast<float>(std::sin(angle));
      }
    }
  }
  std::array<float, A * B> re, im;
};

/// The inverse transform of A · B points, from `x` through `between` and back to `x`, in order.
template <int A, int B>
MER_INLINE void transform_in_two_steps(Complex* x, Complex* between,
                                       const Twiddles<A, B>& twiddles) {
  for (int k = 0; k < B; ++k) {
    Complex part[A];
    for (int i = 0; i < A; ++i) part[i] = x[B * i + k];
    transform<A>(part);
    between[k] = part[0];
    for (int n = 1; n < A; ++n) {
      const float re = twiddles.re[static_cast<std::size_t>(n * B + k)];
      const float im = twiddles.im[static_cast<std::size_t>(n * B + k)];
      between[n * B + k] = {part[n].re * re - part[n].im * im, part[n].re * im + part[n].im * re};
    }
  }
  for (int n = 0; n < A; ++n) {
    Complex part[B];
    for (int k = 0; k < B; ++k) part[k] = between[n * B + k];
    transform<B>(part);
    for (int i = 0; i < B; ++i) x[n + A * i] = part[i];
  }
}

/// An inverse transform of N = 3 · A · B points by Good's prime factors, which need no factors
/// between 3 and A · B: point k of the spectrum goes to row k mod 3, column k mod A · B; value
/// n = (A · B · row + 3 · column) mod N comes out there.
template <int A, int B>
class Plan {
 public:
  static constexpr int kColumns = A * B;
  static constexpr int kSize = 3 * kColumns;
  static constexpr int kBins = kSize / 2 + 1;  // of a real signal's spectrum
  static_assert(kColumns % 3 != 0);

  static const Plan& get() {
    static const Plan kPlan;
    return kPlan;
  }

  static int place_of_bin(int k) { return k % 3 * kColumns + k % kColumns; }

  /// What two real signals' spectra y and z become together, y + iz, at bins k and N − k.
  MER_INLINE void put(Complex* x, int k, const Complex& y, const Complex& z) const {
    x[places[static_cast<std::size_t>(k)]] = {y.re - z.im, y.im + z.re};
    if (k > 0 && 2 * k < kSize) {
      x[places[static_cast<std::size_t>(kSize - k)]] = {y.re + z.im, z.re - y.im};
    }
  }

  /// Calls take(n, value) for all values n < count: the first signal's real, the second's
  /// imaginary.
  template <class Take>
  MER_INLINE void inverse(Complex* x, Complex* between, int count, const Take& take) const {
    for (int row = 0; row < 3; ++row) {
      transform_in_two_steps<A, B>(x + row * kColumns, between, twiddles);
    }
    constexpr float kSine = 0.86602540378443865F;
    for (int column = 0; column < kColumns; ++column) {
      const Complex& a = x[column];
      const Complex& b = x[kColumns + column];
      const Complex& c = x[2 * kColumns + column];
      const Complex sum{b.re + c.re, b.im + c.im};
      const Complex turned{(b.re - c.re) * kSine, (b.im - c.im) * kSine};
      const Complex half{a.re - 0.5F * sum.re, a.im - 0.5F * sum.im};
      const int n0 = 3 * column % kSize;
      const int n1 = (n0 + kColumns) % kSize;
      const int n2 = (n0 + 2 * kColumns) % kSize;
      if (n0 < count) take(n0, Complex{a.re + sum.re, a.im + sum.im});
      if (n1 < count) take(n1, Complex{half.re - turned.im, half.im + turned.re});
      if (n2 < count) take(n2, Complex{half.re + turned.im, half.im - turned.re});
    }
  }

 private:
  Plan() {
    for (int k = 0; k < kSize; ++k) places[static_cast<std::size_t>(k)] = place_of_bin(k);
  }

  std::array<int, kSize> places;
  Twiddles<A, B> twiddles;
};

/// Rows cos(2πkn/N), then −sin(2πkn/N), k ≤ N/2, n < `count`: [2 · (N/2 + 1), count]
torch::Tensor fourier_rows(int size, std::int64_t count) {
  const std::int64_t bins = size / 2 + 1;
  const torch::Tensor k = torch::arange(bins, torch::kDouble).unsqueeze(1);
  const torch::Tensor n = torch::arange(count, torch::kDouble).unsqueeze(0);
  const torch::Tensor angle = k * n * (2.0 * std::numbers::pi / size);
  return torch::cat({angle.cos(), -angle.sin()}).to(torch::kFloat);
}

using BandPlan = Plan<4, 8>;  // 96 points: all bands, and no place of a filter wraps round
using TimePlan = Plan<8, 8>;  // 192 points: blocks of steps

/// What maxima_over_places() does for two filters and kLanes steps.
struct PlacesJob {
  const float* x;  ///< [2 · bins, stride]: steps' spectra, from the first tap's step on
  std::int64_t stride;
  const float* filters[2];  ///< [taps, 2 · bins]: conjugated when used
  int taps;
  int num_places;
};

MER_FMA_CLONES void largest_places(const PlacesJob& job, float* first, float* second) {
  constexpr int kBins = BandPlan::kBins;
  const BandPlan& plan = BandPlan::get();
  Complex spectrum[BandPlan::kSize];
  Complex between[BandPlan::kColumns];
  for (int k = 0; k < kBins; ++k) {
    Complex y{}, z{};
    for (int tap = 0; tap < job.taps; ++tap) {
      const Lanes re = load(job.x + k * job.stride + tap);
      const Lanes im = load(job.x + (kBins + k) * job.stride + tap);
      const float* v = job.filters[0] + 2 * kBins * tap + k;
      const float* w = job.filters[1] + 2 * kBins * tap + k;
      y.re += re * v[0] + im * v[kBins];
      y.im += im * v[0] - re * v[kBins];
      z.re += re * w[0] + im * w[kBins];
      z.im += im * w[0] - re * w[kBins];
    }
    plan.put(spectrum, k, y, z);
  }
  Complex largest{Lanes{} - std::numeric_limits<float>::infinity(),
                  Lanes{} - std::numeric_limits<float>::infinity()};
  plan.inverse(spectrum, between, job.num_places, [&](int, const Complex& value) {
    largest = {larger(largest.re, value.re), larger(largest.im, value.im)};
  });
  store(first, largest.re);
  store(second, largest.im);
}

/// What maxima_over_bands() does for two filters and a block of steps.
struct BandsJob {
  const float* x;           ///< [2 · bins, bands]: the block's spectra
  std::int64_t bands;       ///< a multiple of kLanes
  const float* filters[2];  ///< [2 · bins]
  int num_steps;            ///< that come out right
};

/// @param first, second  [num_steps]
MER_FMA_CLONES void largest_bands(const BandsJob& job, float* first, float* second) {
  constexpr int kBins = TimePlan::kBins;
  const TimePlan& plan = TimePlan::get();
  Complex spectrum[TimePlan::kSize];
  Complex between[TimePlan::kColumns];
  Complex largest[TimePlan::kSize];
  for (std::int64_t band = 0; band < job.bands; band += kLanes) {
    for (int k = 0; k < kBins; ++k) {
      const Lanes re = load(job.x + k * job.bands + band);
      const Lanes im = load(job.x + (kBins + k) * job.bands + band);
      const float* v = job.filters[0] + k;
      const float* w = job.filters[1] + k;
      plan.put(spectrum, k, {re * v[0] + im * v[kBins], im * v[0] - re * v[kBins]},
               {re * w[0] + im * w[kBins], im * w[0] - re * w[kBins]});
    }
    if (band == 0) {
      plan.inverse(spectrum, between, job.num_steps,
                   [&](int n, const Complex& value) { largest[n] = value; });
    } else {
      plan.inverse(spectrum, between, job.num_steps, [&](int n, const Complex& value) {
        largest[n] = {larger(largest[n].re, value.re), larger(largest[n].im, value.im)};
      });
    }
  }
  for (int n = 0; n < job.num_steps; ++n) {
    float re = largest[n].re[0];
    float im = largest[n].im[0];
    for (int lane = 1; lane < kLanes; ++lane) {
      re = std::max(re, largest[n].re[lane]);
      im = std::max(im, largest[n].im[lane]);
    }
    first[n] = re;
    second[n] = im;
  }
}

std::int64_t divided_up(std::int64_t whole, std::int64_t part) { return (whole + part - 1) / part; }

/// Zeros for a last filter without a partner.
torch::Tensor with_even_count(const torch::Tensor& filters) {
  if (filters.size(0) % 2 == 0) return filters.contiguous();
  return torch::cat({filters, torch::zeros_like(filters.narrow(0, 0, 1))});
}

}  // namespace

torch::Tensor maxima_over_places(const torch::Tensor& x, const torch::Tensor& filters) {
  const std::int64_t batch = x.size(0);
  const std::int64_t steps = x.size(2);
  const std::int64_t taps = filters.size(1);
  const std::int64_t width = filters.size(2);
  if (x.size(1) != BandPlan::kSize || width > BandPlan::kSize || taps % 2 == 0) {
    throw std::invalid_argument("maxima_over_places: sizes that there is no transform for");
  }
  const torch::Tensor filter_spectra = with_even_count(filters)
                                           .matmul(fourier_rows(BandPlan::kSize, width).t())
                                           .div_(BandPlan::kSize)
                                           .contiguous();  // [C, taps, 2 · bins]
  const std::int64_t channels = filter_spectra.size(0);
  const std::int64_t groups = divided_up(steps, kLanes);
  const std::int64_t padding = (taps - 1) / 2;
  const std::int64_t stride = groups * kLanes + taps - 1;
  const torch::Tensor spectra =
      torch::constant_pad_nd(fourier_rows(BandPlan::kSize, BandPlan::kSize).matmul(x),
                             {padding, stride - steps - padding})
          .contiguous();  // [B, 2 · bins, stride]
  torch::Tensor result = torch::empty({batch, channels, groups * kLanes}, torch::kFloat);
  const auto* w = filter_spectra.data_ptr<float>();
  const std::int64_t filter_size = taps * 2 * BandPlan::kBins;
  for (std::int64_t b = 0; b < batch; ++b) {
    const float* patch = spectra.data_ptr<float>() + b * 2 * BandPlan::kBins * stride;
    float* to = result.data_ptr<float>() + b * channels * groups * kLanes;
    for (std::int64_t group = 0; group < groups; ++group) {
      for (std::int64_t c = 0; c < channels; c += 2) {
        const PlacesJob job{patch + group * kLanes,
                            stride,
                            {w + c * filter_size, w + (c + 1) * filter_size},
                            static_cast<int>(taps),
                            static_cast<int>(BandPlan::kSize - width + 1)};
        float* first = to + (c * groups + group) * kLanes;
        largest_places(job, first, first + groups * kLanes);
      }
    }
  }
  return result.narrow(1, 0, filters.size(0)).narrow(2, 0, steps);
}

torch::Tensor maxima_over_bands(const torch::Tensor& x, const torch::Tensor& filters) {
  const std::int64_t batch = x.size(0);
  const std::int64_t steps = x.size(2);
  const std::int64_t taps = filters.size(1);
  const std::int64_t block_steps = TimePlan::kSize - taps + 1;
  if (x.size(1) % kLanes != 0 || block_steps < 1) {
    throw std::invalid_argument("maxima_over_bands: sizes that there is no transform for");
  }
  const torch::Tensor rows = fourier_rows(TimePlan::kSize, TimePlan::kSize);
  const torch::Tensor filter_spectra = with_even_count(filters)
                                           .matmul(rows.narrow(1, 0, taps).t())
                                           .div_(TimePlan::kSize)
                                           .contiguous();  // [C, 2 · bins]
  const std::int64_t channels = filter_spectra.size(0);
  const std::int64_t blocks = divided_up(steps, block_steps);
  const std::int64_t before = (taps - 1) / 2;
  const std::int64_t padded = (blocks - 1) * block_steps + TimePlan::kSize;
  // Blocks overlap by what the filters reach: [B, bands, blocks, N] → spectra [B, blocks, 2 · bins,
  // bands]
  const torch::Tensor cut = torch::constant_pad_nd(x, {before, padded - steps - before})
                                .unfold(2, TimePlan::kSize, block_steps);
  const torch::Tensor spectra = rows.matmul(cut.permute({0, 2, 3, 1})).contiguous();
  torch::Tensor result = torch::empty({batch, channels, blocks * block_steps}, torch::kFloat);
  const auto* w = filter_spectra.data_ptr<float>();
  const std::int64_t filter_size = 2 * TimePlan::kBins;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      const float* from =
          spectra.data_ptr<float>() + (b * blocks + block) * filter_size * x.size(1);
      for (std::int64_t c = 0; c < channels; c += 2) {
        const BandsJob job{from,
                           x.size(1),
                           {w + c * filter_size, w + (c + 1) * filter_size},
                           static_cast<int>(block_steps)};
        float* first =
            result.data_ptr<float>() + ((b * channels + c) * blocks + block) * block_steps;
        largest_bands(job, first, first + blocks * block_steps);
      }
    }
  }
  return result.narrow(1, 0, filters.size(0)).narrow(2, 0, steps);
}

}  // namespace mer
