#include "mer/train/augmentation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mer/core/random.hpp"

namespace mer {
namespace {

constexpr int kBands = 8;
constexpr int kSteps = 10;
constexpr int kColumns = 3;
constexpr int kLldSteps = 5;
constexpr int kClasses = 2;
constexpr int kSongVectorColumns = 3;

InputShape small_shape() { return {kBands, kSteps, kColumns, kLldSteps, 1}; }

Standardization of_width(int bands, float mean, float deviation) {
  Standardization standardization;
  standardization.spectrogram_mean.assign(static_cast<std::size_t>(bands), mean);
  standardization.spectrogram_deviation.assign(static_cast<std::size_t>(bands), deviation);
  return standardization;
}

/// Rows with the given keys whose values follow from the key; the last `padding` steps are padding.
TrainingBatch make_batch(const std::vector<std::uint64_t>& keys, int padding = 0) {
  const auto rows = static_cast<std::int64_t>(keys.size());
  const auto tensor = [&](std::vector<std::int64_t> shape) {
    std::int64_t size = rows;
    for (const std::int64_t n : shape) size *= n;
    shape.insert(shape.begin(), rows);
    return FloatTensor{shape, std::vector<float>(static_cast<std::size_t>(size), 0.0F)};
  };
  TrainingBatch batch;
  batch.keys = keys;
  batch.inputs.spectrogram = tensor({kBands, kSteps});
  batch.inputs.spectrogram_valid = tensor({kSteps});
  batch.inputs.lld = {tensor({kLldSteps, kColumns})};
  batch.inputs.lld_valid = tensor({kLldSteps});
  batch.inputs.song_vector = tensor({kSongVectorColumns});
  batch.targets = tensor({kClasses});
  for (std::size_t row = 0; row < keys.size(); ++row) {
    std::mt19937_64 rng(keys[row]);
    for (int step = 0; step < kSteps - padding; ++step) {
      batch.inputs.spectrogram_valid.values[row * kSteps + static_cast<std::size_t>(step)] = 1.0F;
      for (int band = 0; band < kBands; ++band) {
        const std::size_t i = (row * kBands + static_cast<std::size_t>(band)) * kSteps +
                              static_cast<std::size_t>(step);
        batch.inputs.spectrogram.values[i] = static_cast<float>(1.0 + uniform_real(rng));
      }
    }
    for (int step = 0; step < kLldSteps - padding / 2; ++step) {
      const std::size_t place = row * kLldSteps + static_cast<std::size_t>(step);
      batch.inputs.lld_valid.values[place] = 1.0F;
      for (std::size_t c = 0; c < kColumns; ++c) {
        batch.inputs.lld[0].values[place * kColumns + c] = static_cast<float>(uniform_real(rng));
      }
    }
    batch.targets.values[row * kClasses + keys[row] % kClasses] = 1.0F;
    for (int column = 0; column < kSongVectorColumns; ++column) {
      batch.inputs.song_vector.values[row * kSongVectorColumns + static_cast<std::size_t>(column)] =
          static_cast<float>(uniform_real(rng));
    }
  }
  return batch;
}

std::vector<float> row_values(const FloatTensor& tensor, std::size_t row) {
  const std::size_t size = tensor.values.size() / static_cast<std::size_t>(tensor.shape[0]);
  const auto begin = tensor.values.begin() + static_cast<std::ptrdiff_t>(row * size);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

TrainOptions everything() {
  TrainOptions options;
  options.mixup_alpha = 0.4;
  options.gain_deviation_db = 3.0;
  options.lld_noise_std = 0.5;
  options.frequency_masks = 1;
  options.frequency_mask_fraction = 0.5;
  options.time_masks = 2;
  options.time_mask_fraction = 0.3;
  return options;
}

Augmentation augmentation(const TrainOptions& options) {
  return {options, SpectrogramKind::kLogMel, of_width(kBands, -40.0F, 10.0F), 1, small_shape()};
}

TEST(Augmentation, DoesNothingByDefault) {
  TrainingBatch batch = make_batch({1, 2, 3});
  const TrainingBatch before = batch;
  augmentation(TrainOptions()).apply(batch, 5);
  EXPECT_EQ(batch.inputs.spectrogram.values, before.inputs.spectrogram.values);
  EXPECT_EQ(batch.inputs.lld[0].values, before.inputs.lld[0].values);
  EXPECT_EQ(batch.targets.values, before.targets.values);
}

TEST(Augmentation, ARowDoesNotDependOnItsPlaceInTheBatch) {
  TrainingBatch one = make_batch({11, 22, 33, 44});
  TrainingBatch other = make_batch({33, 11, 44, 22});
  const Augmentation change = augmentation(everything());
  change.apply(one, 5);
  change.apply(other, 5);
  const std::vector<std::size_t> place = {1, 3, 0, 2};  // of one's rows in the other
  for (std::size_t row = 0; row < 4; ++row) {
    EXPECT_EQ(row_values(one.inputs.spectrogram, row),
              row_values(other.inputs.spectrogram, place[row]));
    EXPECT_EQ(row_values(one.inputs.lld[0], row), row_values(other.inputs.lld[0], place[row]));
    EXPECT_EQ(row_values(one.targets, row), row_values(other.targets, place[row]));
  }
}

TEST(Augmentation, PaddingStaysZero) {
  TrainOptions options = everything();
  TrainingBatch batch = make_batch({11, 22, 33, 44}, 4);
  augmentation(options).apply(batch, 5);
  for (std::size_t row = 0; row < 4; ++row) {
    const std::vector<float> values = row_values(batch.inputs.spectrogram, row);
    for (std::size_t band = 0; band < kBands; ++band) {
      for (std::size_t step = kSteps - 4; step < kSteps; ++step) {
        EXPECT_EQ(values[band * kSteps + step], 0.0F);
      }
    }
    const std::vector<float> lld = row_values(batch.inputs.lld[0], row);
    for (std::size_t i = 3 * kColumns; i < lld.size(); ++i) EXPECT_EQ(lld[i], 0.0F);
  }
}

TEST(Gain, OnDecibelsAddsTheSameStepInEveryFrameDividedByTheBandsDeviation) {
  // Two neighboring bands pooled, of deviations 2 and 4 dB: g dB more is g · (1/2 + 1/4) / 2 more.
  Standardization standardization = of_width(2 * kBands, -40.0F, 2.0F);
  for (std::size_t band = 1; band < 2 * kBands; band += 2) {
    standardization.spectrogram_deviation[band] = 4.0F;
  }
  TrainOptions options;
  options.gain_deviation_db = 3.0;
  const Augmentation change(options, SpectrogramKind::kLogMel, standardization, 2, small_shape());
  TrainingBatch batch = make_batch({7, 8});
  const TrainingBatch before = batch;
  change.change_level(batch);
  std::vector<double> gains_db;
  for (std::size_t row = 0; row < 2; ++row) {
    const std::vector<float> old = row_values(before.inputs.spectrogram, row);
    const std::vector<float> now = row_values(batch.inputs.spectrogram, row);
    const double gain_db = static_cast<double>(now[0] - old[0]) / 0.375;
    for (std::size_t i = 0; i < old.size(); ++i)
      EXPECT_NEAR(now[i] - old[i], now[0] - old[0], 1e-6);
    gains_db.push_back(gain_db);
  }
  EXPECT_NE(gains_db[0], gains_db[1]);
  EXPECT_EQ(batch.inputs.lld[0].values, before.inputs.lld[0].values);
}

TEST(Gain, OnPowerIsThatOfALouderSong) {
  // Power p = 5 with mean 2 and deviation 3 is x = 1; k times louder it is (5k − 2) / 3.
  TrainOptions options;
  options.gain_deviation_db = 3.0;
  const Augmentation change(options, SpectrogramKind::kMel, of_width(kBands, 2.0F, 3.0F), 1,
                            small_shape());
  TrainingBatch batch = make_batch({7});
  std::fill(batch.inputs.spectrogram.values.begin(), batch.inputs.spectrogram.values.end(), 1.0F);
  batch.inputs.spectrogram.values[0] = -2.0F / 3.0F;  // p = 0 stays 0
  change.change_level(batch);
  EXPECT_NEAR(batch.inputs.spectrogram.values[0], -2.0F / 3.0F, 1e-6F);
  const double factor = (3.0 * static_cast<double>(batch.inputs.spectrogram.values[1]) + 2.0) / 5.0;
  EXPECT_GT(factor, 0.0);
  for (std::size_t i = 1; i < batch.inputs.spectrogram.values.size(); ++i) {
    EXPECT_FLOAT_EQ(batch.inputs.spectrogram.values[i], batch.inputs.spectrogram.values[1]);
  }
}

TEST(Gain, HasTheDeviationAskedFor) {
  TrainOptions options;
  options.gain_deviation_db = 3.0;
  const Augmentation change = augmentation(options);  // deviation 10 dB: 0.3 standardized
  std::vector<std::uint64_t> keys(2000);
  std::iota(keys.begin(), keys.end(), 1000U);
  TrainingBatch batch = make_batch(keys);
  const TrainingBatch before = batch;
  change.change_level(batch);
  double squares = 0.0;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const double step = row_values(batch.inputs.spectrogram, row)[0] -
                        row_values(before.inputs.spectrogram, row)[0];
    squares += step * step;
  }
  // The standard error of a deviation from 2000 values is 1.6 %; 6 % are almost four of them.
  EXPECT_NEAR(std::sqrt(squares / 2000.0), 0.3, 0.018);
}

TEST(Mixup, MixesAllInputsAndTheTargetsOfTheSamePairByTheSameShare) {
  TrainOptions options;
  options.mixup_alpha = 1.0;
  const std::vector<std::uint64_t> keys = {10, 21, 32, 43, 54, 65};
  const std::vector<std::size_t> partners = mixup_partners(keys, 5);
  TrainingBatch batch = make_batch(keys);
  const TrainingBatch before = batch;
  augmentation(options).mix(batch, 5);
  int mixed_rows = 0;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const std::vector<float> own = row_values(before.inputs.spectrogram, row);
    const std::vector<float> other = row_values(before.inputs.spectrogram, partners[row]);
    const std::vector<float> now = row_values(batch.inputs.spectrogram, row);
    if (partners[row] == row) {
      EXPECT_EQ(now, own);
      continue;
    }
    ++mixed_rows;
    const float share = (now[0] - other[0]) / (own[0] - other[0]);
    EXPECT_GE(share, -1e-4F);
    EXPECT_LE(share, 1.0001F);
    const auto expect_mixed = [&](const FloatTensor& was, const FloatTensor& is) {
      const std::vector<float> a = row_values(was, row);
      const std::vector<float> b = row_values(was, partners[row]);
      const std::vector<float> mixed = row_values(is, row);
      for (std::size_t i = 0; i < mixed.size(); ++i) {
        EXPECT_NEAR(mixed[i], share * a[i] + (1.0F - share) * b[i], 1e-4F);
      }
    };
    expect_mixed(before.inputs.spectrogram, batch.inputs.spectrogram);
    expect_mixed(before.inputs.lld[0], batch.inputs.lld[0]);
    expect_mixed(before.inputs.song_vector, batch.inputs.song_vector);
    expect_mixed(before.targets, batch.targets);
    const std::vector<float> targets = row_values(batch.targets, row);
    EXPECT_NEAR(targets[0] + targets[1], 1.0F, 1e-6F);
  }
  EXPECT_GE(mixed_rows, 2);
}

TEST(Mixup, OfMusicWithPaddingIsMusic) {
  TrainOptions options;
  options.mixup_alpha = 1.0;
  TrainingBatch batch = make_batch({10, 21, 32, 43});
  // The row of key 10 has no music after half of its steps; whoever mixes with it stays valid.
  std::fill_n(batch.inputs.spectrogram_valid.values.begin() + 5, 5, 0.0F);
  const std::vector<std::size_t> partners = mixup_partners(batch.keys, 5);
  augmentation(options).mix(batch, 5);
  for (std::size_t row = 0; row < 4; ++row) {
    const bool both_padded = row == 0 && partners[row] == 0;
    EXPECT_EQ(row_values(batch.inputs.spectrogram_valid, row).back(), both_padded ? 0.0F : 1.0F);
  }
}

TEST(Mixup, PartnersAreAPermutationThatChangesWithTheBatch) {
  std::vector<std::uint64_t> keys(32);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = mix_seed({i});
  std::vector<std::size_t> partners = mixup_partners(keys, 1);
  EXPECT_NE(partners, mixup_partners(keys, 2));
  std::sort(partners.begin(), partners.end());
  for (std::size_t i = 0; i < partners.size(); ++i) EXPECT_EQ(partners[i], i);
}

TEST(SampleBeta, HasTheMeanAndVarianceOfTheDistribution) {
  // Beta(a, a): mean 1/2, variance 1 / (4 · (2a + 1)).
  for (const double alpha : {0.05, 0.3, 1.0, 4.0}) {
    std::mt19937_64 rng(3);
    double sum = 0.0;
    double squares = 0.0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const double draw = sample_beta(alpha, rng);
      ASSERT_GE(draw, 0.0);
      ASSERT_LE(draw, 1.0);
      sum += draw;
      squares += (draw - 0.5) * (draw - 0.5);
    }
    const double variance = 1.0 / (4.0 * (2.0 * alpha + 1.0));
    // Four standard errors of the mean.
    EXPECT_NEAR(sum / kDraws, 0.5, 4.0 * std::sqrt(variance / kDraws)) << alpha;
    EXPECT_NEAR(squares / kDraws / variance, 1.0, 0.05) << alpha;
  }
}

TEST(LldNoise, IsNormalWithTheDeviationAskedFor) {
  TrainOptions options;
  options.lld_noise_std = 0.5;
  std::vector<std::uint64_t> keys(2000);
  std::iota(keys.begin(), keys.end(), 1000U);
  TrainingBatch batch = make_batch(keys);
  const TrainingBatch before = batch;
  augmentation(options).add_noise(batch);
  double sum = 0.0;
  double squares = 0.0;
  int beyond = 0;
  const std::size_t count = batch.inputs.lld[0].values.size();  // 30 000
  for (std::size_t i = 0; i < count; ++i) {
    const double noise =
        static_cast<double>(batch.inputs.lld[0].values[i] - before.inputs.lld[0].values[i]) / 0.5;
    sum += noise;
    squares += noise * noise;
    beyond += std::abs(noise) > 1.959964 ? 1 : 0;
  }
  const auto n = static_cast<double>(count);
  EXPECT_NEAR(sum / n, 0.0, 4.0 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 4.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(beyond / n, 0.05, 4.0 * std::sqrt(0.05 * 0.95 / n));
  EXPECT_EQ(batch.inputs.spectrogram.values, before.inputs.spectrogram.values);
}

TEST(SampleMask, LengthIsUniformUpToTheLongestAndItLiesInside) {
  // A share of 0.35 of ten is 3.5, so at most three: lengths 0…3, a quarter each.
  std::mt19937_64 rng(3);
  std::vector<int> lengths(4, 0);
  std::vector<int> ends(11, 0);
  for (int i = 0; i < 4000; ++i) {
    const Mask mask = sample_mask(10, 0.35, rng);
    ASSERT_GE(mask.first, 0);
    ASSERT_LE(mask.first + mask.length, 10);
    ++lengths.at(static_cast<std::size_t>(mask.length));
    ++ends[static_cast<std::size_t>(mask.first + mask.length)];
  }
  // Four standard errors of a count with p = 1/4: 4 · sqrt(4000 · 3/16) = 110.
  for (const int count : lengths) EXPECT_NEAR(count, 1000, 110);
  EXPECT_GT(ends[10], 0);
}

TEST(Masks, HideWholeBandsAndWholeStepsOfTheSpectrogramOnly) {
  TrainOptions options;
  options.frequency_masks = 1;
  options.frequency_mask_fraction = 0.5;
  options.time_masks = 1;
  options.time_mask_fraction = 0.5;
  std::vector<std::uint64_t> keys(50);
  std::iota(keys.begin(), keys.end(), 1000U);
  TrainingBatch batch = make_batch(keys);  // no value is 0 before
  const TrainingBatch before = batch;
  augmentation(options).mask(batch);
  bool some_band = false;
  bool some_step = false;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    const std::vector<float> values = row_values(batch.inputs.spectrogram, row);
    std::vector<int> in_band(kBands, 0);
    std::vector<int> in_step(kSteps, 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      in_band[i / kSteps] += values[i] == 0.0F ? 1 : 0;
      in_step[i % kSteps] += values[i] == 0.0F ? 1 : 0;
    }
    const auto bands = std::count(in_band.begin(), in_band.end(), kSteps);
    const auto steps = std::count(in_step.begin(), in_step.end(), kBands);
    EXPECT_LE(bands, 4);
    EXPECT_LE(steps, 5);
    const auto zeros = std::count(values.begin(), values.end(), 0.0F);
    EXPECT_EQ(zeros, bands * kSteps + steps * kBands - bands * steps);
    some_band |= bands > 0;
    some_step |= steps > 0;
  }
  EXPECT_TRUE(some_band);
  EXPECT_TRUE(some_step);
  EXPECT_EQ(batch.inputs.lld[0].values, before.inputs.lld[0].values);
  EXPECT_EQ(batch.inputs.spectrogram_valid.values, before.inputs.spectrogram_valid.values);
}

}  // namespace
}  // namespace mer
