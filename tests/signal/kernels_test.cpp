#include "mer/signal/kernels.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <complex>
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
      for (const std::ptrdiff_t stride : {70, 2}) {
        const double* const first = rows.data();
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

TEST_F(Kernels, AFilterAddsUpWhatCameBefore) {
  const std::vector<double> x = noise<double>(39 + 131);
  const std::vector<double> coefficients = noise<double>(40);
  on_each_instruction_set([&] {
    for (const int length : {1, 32, 131}) {
      for (const int count : {1, 3, 17, 40}) {
        std::vector<float> out(static_cast<std::size_t>(length));
        kernels::filter(x.data() + 39, coefficients.data(), count, length, out.data());
        for (std::size_t n = 0; n < out.size(); ++n) {
          double expected = 0.0;
          for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            expected += coefficients[i] * x[39 + n - i];
          }
          EXPECT_NEAR(out[n], expected, 2e-6) << count << ' ' << n;
        }
      }
    }
  });
}

TEST_F(Kernels, AnAutocorrelationIsTheSumOfProducts) {
  const std::vector<double> x = noise<double>(131);
  const std::vector<double> y = noise<double>(131);
  on_each_instruction_set([&] {
    for (const std::size_t length : {1, 32, 131}) {
      for (const std::size_t num_lags : {1, 8, 17, 40}) {
        std::vector<double> padded(length + num_lags + kernels::kMostLanes);
        kernels::multiply(x.data(), y.data(), static_cast<int>(length), padded.data());
        std::vector<double> lags(num_lags);
        kernels::autocorrelation(padded.data(), static_cast<int>(length),
                                 static_cast<int>(num_lags), lags.data());
        for (std::size_t lag = 0; lag < num_lags; ++lag) {
          double expected = 0.0;
          for (std::size_t n = 0; n + lag < length; ++n) {
            expected += x[n] * y[n] * x[n + lag] * y[n + lag];
          }
          EXPECT_NEAR(lags[lag], expected, 1e-12) << length << ' ' << lag;
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

TEST_F(Kernels, ExtremeRootSumsAreThoseOfTheSortedValues) {
  for (const int count : {5, 31, 40, 148, 727}) {
    for (const int selected : {1, 3, 15, 17, 120}) {
      if (selected > count) continue;
      // Few different values, so that many are equal.
      std::vector<float> values(static_cast<std::size_t>(count));
      for (float& x : values) x = static_cast<float>(engine_() % 50);
      std::vector<float> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      double smallest = 0.0;
      double largest = 0.0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(selected); ++i) {
        smallest += std::sqrt(static_cast<double>(sorted[i]));
        largest += std::sqrt(static_cast<double>(sorted[sorted.size() - 1 - i]));
      }
      on_each_instruction_set([&] {
        std::vector<float> scratch(values.size() + kernels::kMostLanes);
        const kernels::RootSums sums =
            kernels::extreme_root_sums(values.data(), count, selected, scratch.data());
        EXPECT_NEAR(sums.smallest, smallest, 1e-5 + 1e-6 * smallest) << count << ' ' << selected;
        EXPECT_NEAR(sums.largest, largest, 1e-5 + 1e-6 * largest) << count << ' ' << selected;
      });
    }
  }
}

TEST_F(Kernels, DecibelsAreThoseOfTheLogarithm) {
  std::vector<float> power = {0.0F};
  for (double value = 1e-12; value < 1e20; value *= 1.37) {
    power.push_back(static_cast<float>(value));
  }
  on_each_instruction_set([&] {
    std::vector<float> db(power.size());  // two units in the last place of 128 … 256 are 3.05e-5
    kernels::power_to_db(power.data(), static_cast<int>(power.size()), db.data());
    for (std::size_t i = 0; i < power.size(); ++i) {
      const double expected = 10.0 * std::log10(std::max(static_cast<double>(power[i]), 1e-10));
      EXPECT_NEAR(db[i], expected, 3.1e-5) << power[i];
    }
  });
}

TEST_F(Kernels, CenteringTakesTheMeanAway) {
  const std::vector<double> samples = noise<double>(150);
  double energy = 0.0;
  for (const double x : samples) energy += (x - 0.25) * (x - 0.25);
  on_each_instruction_set([&] {
    std::vector<float> centered(150);
    EXPECT_NEAR(kernels::center(samples.data(), 150, 0.25, centered.data()), energy,
                1e-12 * energy);
    for (std::size_t n = 0; n < 150; ++n) {
      EXPECT_EQ(centered[n], static_cast<float>(samples[n] - 0.25)) << n;
    }
  });
}

TEST_F(Kernels, PitchCurvesAreThoseOfTheDefinition) {
  constexpr int kLags = 48;
  constexpr std::size_t kHead = 60;
  const std::vector<float> x = noise<float>(kHead + kLags + 8);
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
  on_each_instruction_set([&] {
    std::vector<float> difference(kLags + 1);
    std::vector<float> energy(kLags + 1);
    std::vector<float> cumulative(kLags + 1);
    std::vector<float> normalized(kLags + 1);
    kernels::pitch_curves(x.data(), x.data() + kHead, correlation.data(), head_energy, 1.0, least,
                          kLags,
                          {difference.data(), energy.data(), cumulative.data(), normalized.data()});
    double sum = 0.0;
    EXPECT_EQ(normalized[0], 1.0F);
    for (std::size_t lag = 1; lag <= kLags; ++lag) {
      SCOPED_TRACE(lag);
      sum += expected[lag];
      EXPECT_NEAR(difference[lag], expected[lag], 1e-4);
      EXPECT_NEAR(energy[lag], compared[lag], 1e-4);
      EXPECT_NEAR(cumulative[lag], sum, 1e-3);
      const double value =
          compared[lag] >= least ? expected[lag] * static_cast<double>(lag) / sum : 1.0;
      EXPECT_NEAR(normalized[lag], value, 1e-5);
    }
  });
}

TEST_F(Kernels, TheCrossSpectrumIsTheProductWithTheConjugate) {
  const std::vector<double> a = noise<double>(2 * 29);
  const std::vector<float> b = noise<float>(2 * 29);
  on_each_instruction_set([&] {
    std::vector<std::complex<double>> moved;
    std::vector<std::complex<float>> fixed;
    for (std::size_t k = 0; k < 29; ++k) {
      moved.emplace_back(a[2 * k], a[2 * k + 1]);
      fixed.emplace_back(b[2 * k], b[2 * k + 1]);
    }
    const std::vector<std::complex<float>> before = fixed;
    kernels::cross_spectrum(moved.data(), 29, fixed.data());
    for (std::size_t k = 0; k < 29; ++k) {
      const std::complex<double> expected = moved[k] * std::conj(std::complex<double>(before[k]));
      EXPECT_LT(std::abs(std::complex<double>(fixed[k]) - expected), 2e-6) << k;
    }
  });
}

TEST_F(Kernels, LocalMinimaComeInOrderUpToOneThatIsLowEnough) {
  std::vector<float> values(100, 2.0F);
  values[0] = 0.0F;                // before the first
  values[7] = 0.9F;                // a minimum
  values[20] = 1.0F;               // not below the bound
  values[30] = values[31] = 0.8F;  // both are
  values[60] = 0.2F;
  values[61] = 0.1F;
  values[98] = 0.3F;
  on_each_instruction_set([&] {
    std::vector<int> places(100 + kernels::kMostLanes);
    const int all = kernels::local_minima(values.data(), 1, 99, 1.0F, 0.0F, places.data());
    EXPECT_EQ(std::vector<int>(places.begin(), places.begin() + all),
              (std::vector<int>{7, 30, 31, 61, 98}));
    const int some = kernels::local_minima(values.data(), 1, 98, 1.0F, 0.15F, places.data());
    EXPECT_EQ(std::vector<int>(places.begin(), places.begin() + some),
              (std::vector<int>{7, 30, 31, 61}));
  });
}

TEST_F(Kernels, AberthsRoundsFindTheRoots) {
  // (z − 0.5)(z² + 0.81)(z² − 1.2z + 0.72): roots 0.5, ±0.9i, 0.6 ± 0.6i
  const std::vector<double> coefficients = {1.0, -1.7, 2.13, -1.737, 1.0692, -0.2916};
  on_each_instruction_set([&] {
    std::vector<double> real(kernels::kMaxRoots);
    std::vector<double> imag(kernels::kMaxRoots);
    for (std::size_t i = 0; i < 5; ++i) {
      real[i] = 0.8 * std::cos(1.2566 * static_cast<double>(i) + 0.3);
      imag[i] = 0.8 * std::sin(1.2566 * static_cast<double>(i) + 0.3);
    }
    double move = 1.0;
    for (int round = 0; round < 30 && move > 1e-14; ++round) {
      move = kernels::aberth_round(coefficients.data(), 5, real.data(), imag.data());
    }
    for (const std::complex<double> root :
         {std::complex<double>(0.5, 0.0), {0.0, 0.9}, {0.0, -0.9}, {0.6, 0.6}, {0.6, -0.6}}) {
      double nearest = 1.0;
      for (std::size_t i = 0; i < 5; ++i) {
        nearest = std::min(nearest, std::abs(std::complex<double>(real[i], imag[i]) - root));
      }
      EXPECT_LT(nearest, 1e-9) << root;
    }
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
