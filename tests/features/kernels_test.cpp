// The kernels are compiled for several instruction sets: those that this processor has must agree.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

#include "fft_tables.hpp"
#include "kernels/kernel_table.hpp"
#include "reference.hpp"

namespace mer {
namespace {

using kernels::KernelTable;

struct Set {
  const char* name;
  const KernelTable* kernels;
};

std::vector<Set> sets() {
  std::vector<Set> found{{"baseline", &kernels::kBaselineKernels}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    found.push_back({"AVX2", &kernels::kAvx2Kernels});
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    found.push_back({"AVX-512", &kernels::kAvx512Kernels});
  }
#endif
  return found;
}

// Bins of the definition, each of a long sum in double precision.
std::vector<std::complex<double>> spectrum(const std::vector<double>& samples) {
  const std::size_t size = samples.size();
  std::vector<std::complex<double>> bins(size / 2 + 1);
  for (std::size_t k = 0; k < bins.size(); ++k) {
    for (std::size_t n = 0; n < size; ++n) {
      const double turns = static_cast<double>(k * n % size) / static_cast<double>(size);
      bins[k] += samples[n] * std::polar(1.0, -2.0 * std::numbers::pi * turns);
    }
  }
  return bins;
}

TEST(Kernels, FourierTransformsAgreeWithTheDefinitionOnEveryInstructionSet) {
  for (const Set& set : sets()) {
    for (const int size : {512, 1024, 2048, 4096}) {  // all kinds of passes
      SCOPED_TRACE(set.name);
      const int half = size / 2;
      const std::size_t count = static_cast<std::size_t>(size);
      const std::vector<float> noise = test::noise(count, 1.0);
      const std::vector<double> wide(noise.begin(), noise.end());
      const auto expected = spectrum(wide);
      AlignedVector<float> window(count, 1.0F);
      AlignedVector<float> power(count);

      const FftNumbers<double> doubles(half, set.kernels->double_lanes);
      AlignedVector<double> scratch(static_cast<std::size_t>(kernels::kFftScratch * half));
      std::vector<double> bins(count + 2);
      std::vector<double> back(count);
      set.kernels->forward_double(doubles.tables(), wide.data(), scratch.data(), bins.data());
      set.kernels->inverse_double(doubles.tables(), bins.data(), scratch.data(), back.data());
      std::vector<double> real(count);
      std::vector<double> imag(count);
      set.kernels->spectrum(doubles.tables(), noise.data(), scratch.data(), real.data(),
                            imag.data());
      const FftNumbers<float> floats(half, set.kernels->float_lanes);
      AlignedVector<float> narrow_scratch(scratch.size());
      std::vector<float> narrow_bins(count + 2);
      set.kernels->forward_float(floats.tables(), noise.data(), narrow_scratch.data(),
                                 narrow_bins.data());
      set.kernels->power_float(floats.tables(), noise.data(), window.data(), narrow_scratch.data(),
                               power.data());
      for (std::size_t k = 0; k < expected.size(); ++k) {
        const std::complex<double> bin(bins[2 * k], bins[2 * k + 1]);
        EXPECT_LT(std::abs(bin - expected[k]), 1e-10) << size << " bin " << k;
        EXPECT_NEAR(real[k], bin.real(), 1e-12) << size << " bin " << k;
        EXPECT_NEAR(imag[k], bin.imag(), 1e-12) << size << " bin " << k;
        EXPECT_NEAR(narrow_bins[2 * k], expected[k].real(), 1e-4) << size << " bin " << k;
        EXPECT_NEAR(narrow_bins[2 * k + 1], expected[k].imag(), 1e-4) << size << " bin " << k;
        EXPECT_NEAR(power[k], std::norm(expected[k]), 1e-3 + 1e-5 * std::norm(expected[k]));
      }
      for (std::size_t n = 0; n < count; ++n) EXPECT_NEAR(back[n] / size, wide[n], 1e-13);
    }
  }
}

TEST(Kernels, HilbertTransformOfACosineIsTheSineOnEveryInstructionSet) {
  for (const Set& set : sets()) {
    const FftNumbers<float> numbers(1024, set.kernels->float_lanes);
    AlignedVector<float> scratch(static_cast<std::size_t>(kernels::kFftScratch * 1024));
    std::vector<float> cosine(2048);
    std::vector<float> found(2048);
    for (const int periods : {1, 37, 512, 1023}) {
      const auto angle = [&](std::size_t n) {
        return 2.0 * std::numbers::pi * periods * static_cast<double>(n) / 2048.0 + 0.7;
      };
      for (std::size_t n = 0; n < 2048; ++n) cosine[n] = static_cast<float>(std::cos(angle(n)) + 2);
      set.kernels->hilbert(numbers.tables(), cosine.data(), scratch.data(), found.data());
      for (std::size_t n = 0; n < 2048; ++n) {
        ASSERT_NEAR(found[n], std::sin(angle(n)), 3e-6) << set.name << ' ' << periods << ' ' << n;
      }
    }
  }
}

TEST(Kernels, DecibelsAreThoseOfTheLogarithmOnEveryInstructionSet) {
  std::vector<float> power;
  for (double value = 1e-12; value < 1e20; value *= 1.37)
    power.push_back(static_cast<float>(value));
  power.push_back(0.0F);
  for (const Set& set : sets()) {
    std::vector<float> db(power.size());  // two units in the last place of 128 … 256 are 3.05e-5
    set.kernels->power_to_db(power.data(), static_cast<int>(power.size()), db.data());
    for (std::size_t i = 0; i < power.size(); ++i) {
      const double expected = 10.0 * std::log10(std::max(static_cast<double>(power[i]), 1e-10));
      EXPECT_NEAR(db[i], expected, 3.1e-5) << set.name << ' ' << power[i];
    }
  }
}

TEST(Kernels, CandidatesHoldTheExtremesOnEveryInstructionSet) {
  std::mt19937_64 engine(3);
  for (const Set& set : sets()) {
    for (const int count : {5, 31, 32, 40, 148, 727}) {
      for (const int selected : {1, 3, 15, 17}) {
        if (selected > count) continue;
        // Few different values, so that many are equal.
        std::vector<float> values(static_cast<std::size_t>(count));
        for (float& x : values) x = static_cast<float>(engine() % 50);
        std::vector<float> small(values.size() + kernels::kExtremeGroups);
        std::vector<float> large(small.size());
        const kernels::Candidates found = set.kernels->extreme_candidates(
            values.data(), count, selected, small.data(), large.data());
        std::sort(values.begin(), values.end());
        std::sort(small.begin(), small.begin() + found.num_smallest);
        std::sort(large.begin(), large.begin() + found.num_largest);
        ASSERT_GE(found.num_smallest, selected);
        ASSERT_GE(found.num_largest, selected);
        for (int i = 0; i < selected; ++i) {
          const std::size_t at = static_cast<std::size_t>(i);
          EXPECT_EQ(small[at], values[at]) << set.name << ' ' << count << ' ' << selected;
          EXPECT_EQ(large[static_cast<std::size_t>(found.num_largest) - 1 - at],
                    values[values.size() - 1 - at]);
        }
      }
    }
  }
}

TEST(Kernels, RootSumsAreThoseOfTheSortedValuesOnEveryInstructionSet) {
  std::mt19937_64 engine(4);
  for (const Set& set : sets()) {
    for (const int count : {1, 7, 8, 38, 90}) {
      for (const int selected : {1, 3, 15}) {
        if (selected > count) continue;
        std::vector<float> values(static_cast<std::size_t>(count));
        for (float& x : values) x = static_cast<float>(engine() % 20);  // many are equal
        std::vector<float> small(values);
        std::vector<float> large(values);
        small.resize(values.size() + 7);
        large.resize(values.size() + 7);
        const kernels::RootSums sums =
            set.kernels->extreme_root_sums(small.data(), count, large.data(), count, selected);
        std::sort(values.begin(), values.end());
        double smallest = 0.0;
        double largest = 0.0;
        for (int i = 0; i < selected; ++i) {
          const std::size_t at = static_cast<std::size_t>(i);
          smallest += std::sqrt(static_cast<double>(values[at]));
          largest += std::sqrt(static_cast<double>(values[values.size() - 1 - at]));
        }
        EXPECT_NEAR(sums.smallest, smallest, 1e-5) << set.name << ' ' << count << ' ' << selected;
        EXPECT_NEAR(sums.largest, largest, 1e-5) << set.name << ' ' << count << ' ' << selected;
      }
    }
  }
}

TEST(Kernels, LinearPredictionInSegmentsIsThatOfTheDefinitionOnEveryInstructionSet) {
  for (const Set& set : sets()) {
    // Lengths with and without whole segments; orders below and above a segment's length.
    for (const auto& [count, order] : {std::pair{2048, 16}, {2050, 3}, {100, 7}, {130, 40}}) {
      const std::vector<float> samples =
          test::noise(static_cast<std::size_t>(count + order), 0.5, 9);
      const float* const frame = samples.data() + order;
      const int length = kernels::segment_length(count);
      AlignedVector<double> segments(
          static_cast<std::size_t>(kernels::kSegments * (length + 2 * order)));
      std::vector<float> error(static_cast<std::size_t>(kernels::kSegments * length));
      set.kernels->to_segments(frame, count, order, segments.data());
      const std::vector<double> coefficients(static_cast<std::size_t>(order) + 1, 0.25);
      set.kernels->segment_prediction_error(segments.data(), length, coefficients.data(), order,
                                            error.data());
      for (int n = 0; n < count; ++n) {
        double expected = static_cast<double>(frame[n]);
        for (int i = 1; i <= order; ++i) expected += 0.25 * static_cast<double>(frame[n - i]);
        EXPECT_NEAR(error[static_cast<std::size_t>(n)], expected, 1e-6)
            << set.name << ' ' << count << ' ' << n;
      }
    }
  }
}

TEST(Kernels, CosineLagsAreThoseOfTheDefinitionOnEveryInstructionSet) {
  for (const Set& set : sets()) {
    // A power of two; halves that are odd soon, or at once; orders with all numbers of odd lags.
    for (const auto& [half, order] :
         {std::pair{1024, 16}, {1024, 45}, {256, 127}, {480, 7}, {441, 5}, {32, 12}}) {
      const std::vector<float> values = test::noise(static_cast<std::size_t>(half + 1), 1.0, 3);
      AlignedVector<double> power(values.begin(), values.end());
      AlignedVector<double> cosines;
      for (int h = half; h > 0; h = h % 2 == 0 ? h / 2 : 0) {
        for (int f = 0; 2 * f < h; ++f) cosines.push_back(std::cos(std::numbers::pi * f / h));
      }
      AlignedVector<double> differences(static_cast<std::size_t>(half / 2 + 1));
      AlignedVector<double> multiples(2 * differences.size());
      std::vector<double> lags(static_cast<std::size_t>(order) + 1);
      set.kernels->cosine_lags(power.data(), cosines.data(), half, order, differences.data(),
                               multiples.data(), lags.data());
      for (int lag = 0; lag <= order; ++lag) {
        double expected = 0.0;
        for (int f = 0; f <= half; ++f) {
          expected += static_cast<double>(values[static_cast<std::size_t>(f)]) *
                      std::cos(std::numbers::pi * f * lag / half);
        }
        EXPECT_NEAR(lags[static_cast<std::size_t>(lag)], expected, 1e-9)
            << set.name << ' ' << half << ' ' << order << ' ' << lag;
      }
    }
  }
}

TEST(Kernels, WindowsOfCosinesAddUpNeighbouringBinsOnEveryInstructionSet) {
  constexpr std::array<double, 4> kTerms{0.7, -0.3, 0.2, 0.1};
  constexpr std::array<double, 4> kHann{0.5, -0.25, 0.0, 0.0};
  for (const Set& set : sets()) {
    for (const int half : {512, 441}) {
      const std::size_t size = static_cast<std::size_t>(half) + 1;
      AlignedVector<double> real(size + 2 * kernels::kSpectrumMargin);
      AlignedVector<double> imag(real.size());
      for (std::size_t i = 0; i < real.size(); ++i) {
        real[i] = std::sin(0.7 * static_cast<double>(i));
        imag[i] = std::cos(1.1 * static_cast<double>(i));
      }
      const double* const re = real.data() + kernels::kSpectrumMargin;
      const double* const im = imag.data() + kernels::kSpectrumMargin;
      const auto expected = [&](int k, const std::array<double, 4>& terms) {
        double x = terms[0] * re[k];
        double y = terms[0] * im[k];
        for (int m = 1; m < 4; ++m) {
          x += terms[static_cast<std::size_t>(m)] * (re[k - m] + re[k + m]);
          y += terms[static_cast<std::size_t>(m)] * (im[k - m] + im[k + m]);
        }
        return x * x + y * y;
      };
      std::vector<float> power(size);
      std::vector<double> hann(size);
      set.kernels->windowed_power(re, im, half, kTerms.data(), power.data());
      set.kernels->hann_power(re, im, half, hann.data());
      for (int k = 0; k <= half; ++k) {
        const std::size_t i = static_cast<std::size_t>(k);
        EXPECT_NEAR(power[i], expected(k, kTerms), 1e-6) << set.name << ' ' << half << ' ' << k;
        EXPECT_NEAR(hann[i], expected(k, kHann), 1e-14) << set.name << ' ' << half << ' ' << k;
      }
    }
  }
}

TEST(Kernels, CorrelationIsThatOfTheDefinitionOnEveryInstructionSet) {
  const std::vector<float> moved = test::noise(1024, 1.0, 5);
  const std::vector<float> fixed = test::noise(1024, 1.0, 6);
  const std::vector<std::complex<double>> bins =
      spectrum(std::vector<double>(moved.begin(), moved.end()));
  std::vector<double> real;
  std::vector<double> imag;
  for (const std::complex<double>& bin : bins) {
    real.push_back(bin.real());
    imag.push_back(bin.imag());
  }
  for (const Set& set : sets()) {
    const FftNumbers<float> numbers(512, set.kernels->float_lanes);
    AlignedVector<float> scratch(static_cast<std::size_t>(kernels::kFftScratch * 512));
    std::vector<float> found(1024);
    set.kernels->correlation(numbers.tables(), real.data(), imag.data(), 0.25, fixed.data(),
                             scratch.data(), found.data());
    for (std::size_t lag = 0; lag < 1024; lag += 31) {
      double expected = 0.0;
      for (std::size_t n = 0; n < 1024; ++n) {
        expected +=
            static_cast<double>(fixed[n]) * (static_cast<double>(moved[(n + lag) % 1024]) - 0.25);
      }
      EXPECT_NEAR(found[lag] / 1024.0, expected, 1e-3) << set.name << ' ' << lag;
    }
  }
}

TEST(Kernels, CentringTakesTheMeanAwayAndKeepsTheHeadOnEveryInstructionSet) {
  for (const Set& set : sets()) {
    const std::vector<float> samples = test::noise(150, 1.0, 7);
    std::vector<float> centred(150);
    std::vector<float> head(150, 9.0F);
    const kernels::CentredFrame energies =
        set.kernels->centre(samples.data(), 150, 0.25F, 83, centred.data(), head.data());
    double energy = 0.0;
    double head_energy = 0.0;
    for (std::size_t n = 0; n < 150; ++n) {
      EXPECT_EQ(centred[n], samples[n] - 0.25F);
      EXPECT_EQ(head[n], n < 83 ? centred[n] : 0.0F) << set.name << ' ' << n;
      const double square = static_cast<double>(centred[n]) * static_cast<double>(centred[n]);
      energy += square;
      if (n < 83) head_energy += square;
    }
    EXPECT_NEAR(energies.energy, energy, 1e-12 * energy) << set.name;
    EXPECT_NEAR(energies.head_energy, head_energy, 1e-12 * energy) << set.name;
  }
}

TEST(Kernels, PitchCurvesAreThoseOfTheDefinitionOnEveryInstructionSet) {
  constexpr int kLags = 48;
  constexpr std::size_t kHead = 60;
  const std::vector<float> x = test::noise(kHead + kLags + 8, 1.0, 8);
  double head_energy = 0.0;
  for (std::size_t n = 0; n < kHead; ++n) head_energy += static_cast<double>(x[n]) * x[n];
  std::vector<float> correlation(kLags + 8);  // twice too large, so scale is 2 / 2
  std::vector<double> expected(kLags + 1);
  std::vector<double> compared(kLags + 1);
  for (std::size_t lag = 0; lag <= kLags; ++lag) {
    double product = 0.0;
    for (std::size_t n = 0; n < kHead; ++n) {
      const double a = x[n];
      const double b = x[n + lag];
      product += a * b;
      expected[lag] += (a - b) * (a - b);
      compared[lag] += a * a + b * b;
    }
    correlation[lag] = static_cast<float>(2.0 * product);
  }
  const float least = static_cast<float>(0.5 * (compared[20] + compared[21]));
  for (const Set& set : sets()) {
    std::vector<float> difference(kLags + 1);
    std::vector<float> energy(kLags + 1);
    std::vector<float> cumulative(kLags + 1);
    std::vector<float> normalised(kLags + 1);
    set.kernels->pitch_differences(
        x.data(), x.data() + kHead, correlation.data(), head_energy, 1.0, least, kLags,
        {difference.data(), energy.data(), cumulative.data(), normalised.data()});
    double sum = 0.0;
    EXPECT_EQ(normalised[0], 1.0F);
    for (std::size_t lag = 1; lag <= kLags; ++lag) {
      SCOPED_TRACE(std::string(set.name) + " " + std::to_string(lag));
      sum += expected[lag];
      EXPECT_NEAR(difference[lag], expected[lag], 1e-4);
      EXPECT_NEAR(energy[lag], compared[lag], 1e-4);
      EXPECT_NEAR(cumulative[lag], sum, 1e-3);
      const double value =
          compared[lag] >= least ? expected[lag] * static_cast<double>(lag) / sum : 1.0;
      EXPECT_NEAR(normalised[lag], value, 1e-5);
    }
  }
}

TEST(Kernels, TheNextMinimumIsTheFirstOneOnEveryInstructionSet) {
  std::mt19937_64 engine(11);
  for (const Set& set : sets()) {
    for (int round = 0; round < 50; ++round) {
      std::vector<float> values(90);
      for (float& value : values) value = static_cast<float>(engine() % 64) / 32.0F;
      const int first = 1 + static_cast<int>(engine() % 40);
      const int last = 88 - static_cast<int>(engine() % 40);
      const float limit = round % 2 == 0 ? 1.0F : 0.05F;
      int expected = first;
      const auto is_minimum = [&](int i) {
        const float* const at = values.data() + i;
        return at[0] < limit && at[0] <= at[-1] && at[0] <= at[1];
      };
      while (expected <= last && !is_minimum(expected)) ++expected;
      EXPECT_EQ(set.kernels->next_minimum(values.data(), first, last, limit), expected)
          << set.name << ' ' << round;
    }
  }
}

TEST(Kernels, InterpolationFindsASineBetweenItsSamplesOnEveryInstructionSet) {
  std::vector<float> values(kernels::kSincTaps);
  std::vector<float> all(values.size(), 1.0F);
  const auto sine = [](double place) { return std::sin(0.35 * place + 0.4) + 2.0; };
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(sine(static_cast<double>(i)));
  }
  for (const Set& set : sets()) {
    for (const float part : {0.01F, 0.3F, 0.5F, 0.99F}) {
      // The window's own ripple is what is left.
      EXPECT_NEAR(set.kernels->interpolate(values.data(), all.data(), part),
                  sine(7.0 + static_cast<double>(part)), 2e-3)
          << set.name << ' ' << part;
    }
    // Two values that exist, as far from the place: their mean.
    std::vector<float> two(values.size(), 0.0F);
    two[7] = two[8] = 1.0F;
    EXPECT_NEAR(set.kernels->interpolate(values.data(), two.data(), 0.5F),
                0.5 * (values[7] + values[8]), 1e-5)
        << set.name;
  }
}

TEST(Kernels, SparseRowsAreTheProductOnEveryInstructionSet) {
  // Eleven rows: one group of eight and a rest; none, one and many pieces.
  const std::vector<int> first_pieces = {0, 0, 1, 3, 6, 7, 8, 9, 10, 11, 12, 14};
  const std::vector<float> in = test::noise(40, 1.0, 12);
  const std::vector<float> weights = test::noise(8 * 14, 1.0, 13);
  std::vector<int> bins(14);
  for (std::size_t p = 0; p < bins.size(); ++p) bins[p] = static_cast<int>(p * 5 % 32);
  for (const Set& set : sets()) {
    std::vector<float> out(11, 7.0F);
    set.kernels->sparse_rows(first_pieces.data(), 11, bins.data(), weights.data(), in.data(),
                             out.data());
    for (std::size_t row = 0; row < 11; ++row) {
      double expected = 0.0;
      for (int p = first_pieces[row]; p < first_pieces[row + 1]; ++p) {
        for (std::size_t i = 0; i < 8; ++i) {
          const std::size_t piece = static_cast<std::size_t>(p);
          expected += static_cast<double>(weights[8 * piece + i]) *
                      static_cast<double>(in[static_cast<std::size_t>(bins[piece]) + i]);
        }
      }
      EXPECT_NEAR(out[row], expected, 1e-5) << set.name << ' ' << row;
    }
  }
}

TEST(Kernels, AllPoleSumsAreThoseOfTheDefinitionOnEveryInstructionSet) {
  constexpr int kOrder = 9;
  constexpr int kLines = 16;
  constexpr int kRows = 16;  // order + 1 in whole vectors
  std::vector<double> angles(kLines);
  for (std::size_t k = 0; k < kLines; ++k) angles[k] = 0.1 + 0.17 * static_cast<double>(k);
  std::vector<double> a(kOrder + 1);
  for (std::size_t n = 0; n <= kOrder; ++n) a[n] = 1.0 / (1.0 + static_cast<double>(n));
  for (const Set& set : sets()) {
    std::vector<double> cosines(static_cast<std::size_t>(kRows * kLines));
    std::vector<double> sines(cosines.size());
    for (std::size_t k = 0; k < kLines; ++k) {
      cosines[k] = 1.0;
      cosines[kLines + k] = std::cos(angles[k]);
      sines[kLines + k] = std::sin(angles[k]);
    }
    set.kernels->multiples_of_angles(cosines.data(), sines.data(), kLines, kLines, kOrder);
    std::vector<double> real(kLines);
    std::vector<double> imag(kLines);
    set.kernels->inverse_filter_at(a.data(), kOrder, cosines.data(), sines.data(), kLines, kLines,
                                   real.data(), imag.data());
    std::vector<double> response(kRows);
    set.kernels->response_at(real.data(), imag.data(), cosines.data(), sines.data(), kLines, kLines,
                             kOrder, response.data());
    std::vector<double> expected(kOrder + 1);
    for (std::size_t k = 0; k < kLines; ++k) {
      std::complex<double> filter;
      for (std::size_t n = 0; n <= kOrder; ++n) {
        filter += a[n] * std::polar(1.0, -angles[k] * static_cast<double>(n));
      }
      const std::complex<double> inverse = 1.0 / filter;
      EXPECT_NEAR(real[k], inverse.real(), 1e-9) << set.name << ' ' << k;
      EXPECT_NEAR(imag[k], inverse.imag(), 1e-9) << set.name << ' ' << k;
      for (std::size_t n = 0; n <= kOrder; ++n) {
        const std::complex<double> turn = std::polar(1.0, -angles[k] * static_cast<double>(n));
        expected[n] += (inverse * turn).real();
      }
    }
    for (std::size_t n = 0; n <= kOrder; ++n) {
      // Re(e^(−iωn) / A) with 1/A = re + i·im is re·cos + im·sin.
      EXPECT_NEAR(response[n], expected[n], 1e-8) << set.name << ' ' << n;
    }
  }
}

TEST(Kernels, LinesLieAtTheVerticesOfParabolasOnEveryInstructionSet) {
  constexpr double kBinAngle = 0.01;
  // A parabola of −3 dB at one bin from its vertex: level(x) = 10 − 3x².
  const auto level = [](double x) { return 10.0 - 3.0 * x * x; };
  std::vector<float> left(8);
  std::vector<float> middle(8);
  std::vector<float> right(8);
  std::vector<double> power(8);
  std::vector<double> cosine(8);
  std::vector<double> sine(8);
  const auto offset = [](std::size_t k) { return -0.4 + 0.1 * static_cast<double>(k); };
  const auto bin_angle = [](std::size_t k) { return kBinAngle * (20.0 + static_cast<double>(k)); };
  for (std::size_t k = 0; k < 8; ++k) {
    left[k] = static_cast<float>(level(-1.0 - offset(k)));
    middle[k] = static_cast<float>(level(-offset(k)));
    right[k] = static_cast<float>(level(1.0 - offset(k)));
    power[k] = std::pow(10.0, level(-offset(k)) / 10.0);
    cosine[k] = std::cos(bin_angle(k));
    sine[k] = std::sin(bin_angle(k));
  }
  for (const Set& set : sets()) {
    std::vector<double> line_cosine(8);
    std::vector<double> line_sine(8);
    std::vector<double> line_power(8);
    set.kernels->lines_at_vertices(
        {left.data(), middle.data(), right.data(), power.data(), cosine.data(), sine.data()}, 8,
        kBinAngle, line_cosine.data(), line_sine.data(), line_power.data());
    for (std::size_t k = 0; k < 8; ++k) {
      const double angle = bin_angle(k) + kBinAngle * offset(k);
      EXPECT_NEAR(line_power[k], 10.0, 1e-4) << set.name << ' ' << k;
      EXPECT_NEAR(line_cosine[k], std::cos(angle), 1e-8) << set.name << ' ' << k;
      EXPECT_NEAR(line_sine[k], std::sin(angle), 1e-8) << set.name << ' ' << k;
    }
  }
}

TEST(Kernels, AberthsRoundsFindTheRootsOnEveryInstructionSet) {
  // (z − 0.5)(z² + 0.81)(z² − 1.2z + 0.72): roots 0.5, ±0.9i, 0.6 ± 0.6i
  const std::vector<double> coefficients = {1.0, -1.7, 2.13, -1.737, 1.0692, -0.2916};
  for (const Set& set : sets()) {
    std::vector<double> real(kernels::kMaxRoots);
    std::vector<double> imag(kernels::kMaxRoots);
    for (std::size_t i = 0; i < 5; ++i) {
      real[i] = 0.8 * std::cos(1.2566 * static_cast<double>(i) + 0.3);
      imag[i] = 0.8 * std::sin(1.2566 * static_cast<double>(i) + 0.3);
    }
    double move = 1.0;
    for (int round = 0; round < 30 && move > 1e-14; ++round) {
      move = set.kernels->aberth_round(coefficients.data(), 5, real.data(), imag.data());
    }
    for (const std::complex<double> root :
         {std::complex<double>(0.5, 0.0), {0.0, 0.9}, {0.0, -0.9}, {0.6, 0.6}, {0.6, -0.6}}) {
      double nearest = 1.0;
      for (std::size_t i = 0; i < 5; ++i) {
        nearest = std::min(nearest, std::abs(std::complex<double>(real[i], imag[i]) - root));
      }
      EXPECT_LT(nearest, 1e-9) << set.name << ' ' << root;
    }
  }
}

}  // namespace
}  // namespace mer
