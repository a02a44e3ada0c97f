// The kernels are compiled for several instruction sets: those that this processor has must agree.

#include <gtest/gtest.h>

#include <complex>
#include <numbers>
#include <utility>

#include "features/fft_tables.hpp"
#include "features/kernels/kernel_table.hpp"
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
    for (const int size : {512, 1024, 2048}) {  // the last pass has two or four points, or none
      SCOPED_TRACE(set.name);
      const int half = size / 2;
      const std::size_t count = static_cast<std::size_t>(size);
      const std::vector<float> noise = test::noise(count, 1.0);
      const std::vector<double> wide(noise.begin(), noise.end());
      const auto expected = spectrum(wide);
      AlignedVector<double> window(count, 1.0);
      AlignedVector<float> power(count);

      const FftNumbers<double> doubles(half, set.kernels->double_lanes);
      AlignedVector<double> scratch(static_cast<std::size_t>(kernels::kFftScratch * half));
      std::vector<double> bins(count + 2);
      std::vector<double> back(count);
      set.kernels->forward_double(doubles.tables(), wide.data(), scratch.data(), bins.data());
      set.kernels->inverse_double(doubles.tables(), bins.data(), scratch.data(), back.data());
      set.kernels->power_double(doubles.tables(), noise.data(), window.data(), scratch.data(),
                                power.data());
      const FftNumbers<float> floats(half, set.kernels->float_lanes);
      AlignedVector<float> narrow_scratch(scratch.size());
      std::vector<float> narrow_bins(count + 2);
      set.kernels->forward_float(floats.tables(), noise.data(), narrow_scratch.data(),
                                 narrow_bins.data());
      for (std::size_t k = 0; k < expected.size(); ++k) {
        const std::complex<double> bin(bins[2 * k], bins[2 * k + 1]);
        EXPECT_LT(std::abs(bin - expected[k]), 1e-10) << size << " bin " << k;
        EXPECT_NEAR(narrow_bins[2 * k], expected[k].real(), 1e-4) << size << " bin " << k;
        EXPECT_NEAR(narrow_bins[2 * k + 1], expected[k].imag(), 1e-4) << size << " bin " << k;
        EXPECT_NEAR(power[k], std::norm(expected[k]), 1e-3 + 1e-6 * std::norm(expected[k]));
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
      AlignedVector<double> window(static_cast<std::size_t>(kernels::kSegments * length), 0.0);
      for (int n = 0; n < count; ++n) {
        window[static_cast<std::size_t>(kernels::kSegments * (n % length) + n / length)] =
            1.0 + 0.001 * n;
      }
      AlignedVector<double> segments(
          static_cast<std::size_t>(kernels::kSegments * (length + 2 * order)));
      AlignedVector<double> windowed(
          static_cast<std::size_t>(kernels::kSegments * (length + order)));
      std::vector<double> lags(static_cast<std::size_t>(order) + 1);
      std::vector<float> error(static_cast<std::size_t>(kernels::kSegments * length));
      set.kernels->to_segments(frame, count, order, window.data(), segments.data(),
                               windowed.data());
      set.kernels->segment_autocorrelation(windowed.data(), length, lags.data(), order);
      const std::vector<double> coefficients(lags.size(), 0.25);
      set.kernels->segment_prediction_error(segments.data(), length, coefficients.data(), order,
                                            error.data());
      for (int lag = 0; lag <= order; ++lag) {
        double expected = 0.0;
        for (int n = 0; n + lag < count; ++n) {
          expected += static_cast<double>(frame[n]) * (1.0 + 0.001 * n) *
                      static_cast<double>(frame[n + lag]) * (1.0 + 0.001 * (n + lag));
        }
        EXPECT_NEAR(lags[static_cast<std::size_t>(lag)], expected, 1e-9)
            << set.name << ' ' << count << ' ' << lag;
      }
      for (int n = 0; n < count; ++n) {
        double expected = static_cast<double>(frame[n]);
        for (int i = 1; i <= order; ++i) expected += 0.25 * static_cast<double>(frame[n - i]);
        EXPECT_NEAR(error[static_cast<std::size_t>(n)], expected, 1e-6)
            << set.name << ' ' << count << ' ' << n;
      }
    }
  }
}

}  // namespace
}  // namespace mer
