#include "mer/signal/kernels.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

// The kernels are compiled for several instruction sets: those that this processor has must agree
// with the plain sums.
namespace mer {
namespace {

class Kernels : public testing::Test {
 protected:
  ~Kernels() override { use(0); }

  static void on_each_instruction_set(const std::function<void()>& check) {
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      use(target);
      SCOPED_TRACE(hwy::TargetName(target));
      check();
    }
  }

  template <class Real>
  std::vector<Real> noise(std::size_t count) {
    std::normal_distribution<Real> normal;
    std::vector<Real> values(count);
    for (Real& value : values) value = normal(engine_);
    return values;
  }

  std::mt19937_64 engine_{1};

 private:
  static void use(std::int64_t target) {  // 0: the best one
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

TEST_F(Kernels, WeightedSumsOfRowsAreThePlainOnes) {
  const std::vector<double> rows = noise<double>(9 * 70);
  const std::vector<double> weights = noise<double>(9);
  on_each_instruction_set([&] {
    for (const int length : {1, 8, 67}) {
      for (const std::ptrdiff_t stride : {70, 2, -1}) {
        const double* const first = rows.data() + (stride < 0 ? 8 : 0);
        std::vector<double> out(static_cast<std::size_t>(length));
        kernels::weighted_sum(first, stride, weights.data(), 9, length, out.data());
        for (int n = 0; n < length; ++n) {
          double expected = 0.0;
          for (int i = 0; i < 9; ++i) {
            expected += weights[static_cast<std::size_t>(i)] * first[i * stride + n];
          }
          EXPECT_NEAR(out[static_cast<std::size_t>(n)], expected, 1e-13) << stride << ' ' << n;
        }
      }
    }
  });
}

TEST_F(Kernels, ProductsOfRowsAreThePlainOnes) {
  const std::vector<double> rows = noise<double>(13 * 70);
  const std::vector<double> x = noise<double>(70);
  on_each_instruction_set([&] {
    for (const int length : {1, 32, 67}) {
      for (const std::ptrdiff_t stride : {70, 1}) {
        std::vector<double> out(13);
        kernels::products(rows.data(), stride, x.data(), 13, length, out.data());
        for (int i = 0; i < 13; ++i) {
          double expected = 0.0;
          for (int n = 0; n < length; ++n) {
            expected +=
                rows[static_cast<std::size_t>(i * stride + n)] * x[static_cast<std::size_t>(n)];
          }
          EXPECT_NEAR(out[static_cast<std::size_t>(i)], expected, 1e-12) << stride << ' ' << i;
        }
      }
    }
  });
}

TEST_F(Kernels, SparseRowsAreTheProduct) {
  // None, one and many pieces.
  const std::vector<int> first_pieces = {0, 0, 1, 3, 6, 7, 8, 9, 10, 11, 12, 14};
  const std::vector<float> in = noise<float>(40);
  const std::vector<float> weights = noise<float>(8 * 14);
  std::vector<int> bins(14);
  for (std::size_t p = 0; p < bins.size(); ++p) bins[p] = static_cast<int>(p * 5 % 32);
  on_each_instruction_set([&] {
    std::vector<float> out(11, 7.0F);
    kernels::sparse_rows(first_pieces.data(), 11, bins.data(), weights.data(), in.data(),
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
      EXPECT_NEAR(out[row], expected, 1e-5) << row;
    }
  });
}

TEST_F(Kernels, SquaredMagnitudesAreThoseOfTheBins) {
  std::vector<std::complex<double>> bins;
  const std::vector<double> parts = noise<double>(2 * 29);
  for (std::size_t k = 0; k < 29; ++k) bins.emplace_back(parts[2 * k], parts[2 * k + 1]);
  on_each_instruction_set([&] {
    std::vector<float> power(29);
    kernels::squared_magnitudes(bins.data(), 29, power.data());
    for (std::size_t k = 0; k < 29; ++k) EXPECT_NEAR(power[k], std::norm(bins[k]), 1e-6) << k;
  });
}

TEST_F(Kernels, TheStepsOfARealTransformAreThoseOfTheDefinitionAndUndoEachOther) {
  for (const int half : {1, 2, 9, 64, 75}) {
    std::vector<float> cosines;
    std::vector<float> sines;
    for (int k = 0; k <= half / 2; ++k) {
      cosines.push_back(static_cast<float>(std::cos(std::numbers::pi * k / half)));
      sines.push_back(static_cast<float>(std::sin(std::numbers::pi * k / half)));
    }
    std::vector<std::complex<float>> pairs;
    const std::vector<float> parts = noise<float>(static_cast<std::size_t>(2 * half));
    for (std::size_t n = 0; n < parts.size(); n += 2) pairs.emplace_back(parts[n], parts[n + 1]);
    on_each_instruction_set([&] {
      std::vector<std::complex<float>> bins = pairs;
      kernels::real_fft_split(bins.data(), half, cosines.data(), sines.data());
      for (int k = 1; k < half; ++k) {
        const std::complex<double> z = pairs[static_cast<std::size_t>(k)];
        const std::complex<double> mirrored = std::conj(pairs[static_cast<std::size_t>(half - k)]);
        const std::complex<double> turn =
            std::polar(1.0, -std::numbers::pi * (k / (1.0 * half) + 0.5));
        const std::complex<double> expected = 0.5 * (z + mirrored) + turn * 0.5 * (z - mirrored);
        const std::complex<double> found = bins[static_cast<std::size_t>(k)];
        EXPECT_LT(std::abs(found - expected), 1e-6) << half << " bin " << k;
      }
      kernels::real_fft_merge(bins.data(), half, cosines.data(), sines.data());
      for (int k = 1; k < half; ++k) {
        const auto i = static_cast<std::size_t>(k);
        EXPECT_LT(std::abs(bins[i] - 2.0F * pairs[i]), 2e-6) << half << " bin " << k;
      }
    });
  }
}

TEST_F(Kernels, TheCosineOfAPhaseIsThatOfItsAngleAndZeroBelowTheFloor) {
  std::vector<float> real;
  std::vector<float> imag;
  const auto size = [](std::size_t n) { return n % 3 == 0 ? 0.9e-6 : n % 3 == 1 ? 1.1e-6 : 10.0; };
  for (std::size_t n = 0; n < 29; ++n) {
    real.push_back(static_cast<float>(size(n) * std::cos(0.4 * static_cast<double>(n))));
    imag.push_back(static_cast<float>(size(n) * std::sin(0.4 * static_cast<double>(n))));
  }
  real[28] = imag[28] = 0.0F;
  on_each_instruction_set([&] {
    std::vector<float> phase(29);
    kernels::cosine_phase(real.data(), imag.data(), 29, 1e-6F, phase.data());
    for (std::size_t n = 0; n < 28; ++n) {
      const double expected = n % 3 == 0 ? 0.0 : std::cos(0.4 * static_cast<double>(n));
      EXPECT_NEAR(phase[n], expected, 1e-6) << n;
    }
    EXPECT_EQ(phase[28], 0.0F);
    kernels::cosine_phase(real.data() + 28, imag.data() + 28, 1, 0.0F, phase.data());
    EXPECT_EQ(phase[0], 0.0F);  // not a number without its floor
  });
}

}  // namespace
}  // namespace mer
